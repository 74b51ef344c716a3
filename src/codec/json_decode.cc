#include "json_decode.h"

#include <bit>
#include <charconv>
#include <cstring>
#include <string>
#include <vector>

#include "json_parse.h"
#include "tree_memory.h"
#include "utf8.h"
#include "values.h"

namespace intertie::codec {
namespace {

namespace json = boost::json;
using core::Reason;

// What an entry of a std::map takes beside its value: four words of the tree, and the key.
constexpr std::size_t kMapNode = 4 * sizeof(void*) + sizeof(std::string);

std::string_view to_view(const json::string& text) { return {text.data(), text.size()}; }

// A YAML scalar that is a decimal integer. Leading zeros are refused: they mean eight in YAML 1.1
// and ten in 1.2.
std::optional<Integer> read_integer(std::string_view text) {
  const bool is_negative = !text.empty() && text.front() == '-';
  if (is_negative || (!text.empty() && text.front() == '+')) text.remove_prefix(1);
  if (text.empty() || (text.size() > 1 && text.front() == '0')) return std::nullopt;
  std::uint64_t magnitude = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), magnitude);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  if (!is_negative) return Integer{magnitude, false};
  if (magnitude > std::uint64_t{1} << 63) return std::nullopt;
  return Integer{0 - magnitude, magnitude != 0};
}

std::optional<double> read_real(std::string_view text) {
  double value = 0;
  const bool is_number =
      !text.empty() && text.find_first_not_of("+-.0123456789eE") == std::string_view::npos;
  if (!is_number) return std::nullopt;  // No "inf", "nan" and hexadecimal forms.
  if (text.front() == '+') text.remove_prefix(1);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<Integer> find_integer(const json::value& value) {
  if (const std::int64_t* whole = value.if_int64()) return make_integer(*whole);
  if (const std::uint64_t* whole = value.if_uint64()) return Integer{*whole, false};
  return std::nullopt;
}

}  // namespace

std::optional<std::string_view> TreeDecoder::find_plain(const Value& value) const {
  if (notation_ == Notation::json || !value.is_string()) return std::nullopt;
  const std::string_view text = to_view(value.get_string());
  if (text.empty() || text.front() != kPlainMark) return std::nullopt;
  return text.substr(1);
}

std::optional<std::string_view> TreeDecoder::find_text(const Value& value) const {
  if (!value.is_string()) return std::nullopt;
  if (const auto plain = find_plain(value)) return plain;
  return to_view(value.get_string());
}

bool TreeDecoder::refuse(std::string_view expected, const Value& value) {
  std::string message = "expected ";
  message += expected;
  message += ", found ";
  switch (value.kind()) {
    case json::kind::null:
      message += "null";
      break;
    case json::kind::bool_:
      message += "true or false";
      break;
    case json::kind::int64:
    case json::kind::uint64:
      message += "an integer";
      break;
    case json::kind::double_:
      message += "a number with a fraction or beyond 64 bits";
      break;
    case json::kind::string:
      message += find_plain(value) ? quote_name(*find_plain(value)) : "text";
      break;
    case json::kind::array:
      message += "a list";
      break;
    case json::kind::object:
      message += "an object";
      break;
  }
  return fault_.set(Reason::bad_field, std::move(message));
}

bool TreeDecoder::take_memory(std::size_t bytes) {
  if (bytes > memory_left_) return fault_.set(Reason::too_large, "too many elements in all");
  memory_left_ -= bytes;
  return true;
}

// What a text takes beside the string itself.
bool TreeDecoder::take_text(std::string_view text) {
  constexpr std::size_t kInPlace = 15;
  return text.size() <= kInPlace || take_memory(compute_block_size(text.size() + 1));
}

bool TreeDecoder::decode(const Type& type, const Value& value, void* object) {
  switch (type.kind) {
    case Kind::boolean:
      return decode_boolean(value, object);
    case Kind::integer:
      return decode_integer(type, value, object);
    case Kind::real:
      return decode_real(value, object);
    case Kind::text:
      return decode_text(value, object);
    case Kind::bytes:
      return decode_bytes(type, value, object);
    case Kind::byte_list:
      return decode_byte_list(value, object);
    case Kind::enumeration:
      return decode_enumeration(type, value, object);
    case Kind::quantity:
      return decode_quantity(type, value, object);
    case Kind::time:
      return decode_time(value, object);
    case Kind::rate:
      return decode_rate(value, object);
    case Kind::reason:
      return decode_reason(value, object);
    case Kind::written:
      return decode_written(type, value, object);
    case Kind::optional:
      type.clear(object);
      return value.is_null() || decode(type.inner(), value, type.append(object, 0));
    case Kind::list:
      return decode_list(type, value, object);
    case Kind::map:
      return decode_map(type, value, object);
    case Kind::structure:
      return decode_structure(type, value, object);
    case Kind::choice:
      return decode_choice(type, value, object);
  }
  return false;
}

bool TreeDecoder::decode_boolean(const Value& value, void* object) {
  std::optional<bool> truth;
  if (value.is_bool()) truth = value.get_bool();
  if (const auto plain = find_plain(value)) {  // The YAML 1.2 core schema's three spellings.
    if (*plain == "true" || *plain == "True" || *plain == "TRUE") truth = true;
    if (*plain == "false" || *plain == "False" || *plain == "FALSE") truth = false;
  }
  if (!truth) return refuse("true or false", value);
  *static_cast<bool*>(object) = *truth;
  return true;
}

bool TreeDecoder::decode_integer(const Type& type, const Value& value, void* object) {
  std::optional<Integer> integer = find_integer(value);
  if (const auto plain = find_plain(value)) integer = read_integer(*plain);
  if (!integer) return refuse("integer", value);
  if (store_integer(type, *integer, object)) return true;
  return fault_.set(Reason::out_of_range,
                    to_text(*integer) + " is outside " + describe_range(type));
}

bool TreeDecoder::decode_real(const Value& value, void* object) {
  double& real = *static_cast<double*>(object);
  if (const auto plain = find_plain(value)) {
    const std::optional<double> number = read_real(*plain);
    if (!number) return refuse("number", value);
    real = *number;
    return true;
  }
  if (!value.is_number()) return refuse("number", value);
  real = value.is_double()  ? value.get_double()
         : value.is_int64() ? static_cast<double>(value.get_int64())
                            : static_cast<double>(value.get_uint64());
  return true;
}

bool TreeDecoder::decode_text(const Value& value, void* object) {
  const auto text = find_text(value);
  if (!text) return refuse("text", value);
  if (!take_text(*text)) return false;
  static_cast<std::string*>(object)->assign(*text);
  return true;
}

bool TreeDecoder::decode_bytes(const Type& type, const Value& value, void* object) {
  const auto text = find_text(value);
  if (text && read_hex(*text, static_cast<std::uint8_t*>(object), type.width)) return true;
  return refuse(std::to_string(2 * type.width) + " hexadecimal digits", value);
}

bool TreeDecoder::decode_byte_list(const Value& value, void* object) {
  auto& bytes = *static_cast<std::vector<std::uint8_t>*>(object);
  const auto text = find_text(value);
  if (text && !take_text(*text)) return false;
  bytes.assign(text ? text->size() / 2 : 0, 0);
  if (text && read_hex(*text, bytes.data(), bytes.size())) return true;
  return refuse("an even number of hexadecimal digits", value);
}

bool TreeDecoder::decode_enumeration(const Type& type, const Value& value, void* object) {
  const auto text = find_text(value);
  if (!text) return refuse(list_enumerators(type), value);
  const Enumerator* found = find_enumerator(type, *text);
  if (found == nullptr) {
    return fault_.set(Reason::bad_field, quote_name(*text) + " is not " + list_enumerators(type));
  }
  return store_integer(type, make_integer(found->value), object);
}

bool TreeDecoder::decode_quantity(const Type& type, const Value& value, void* object) {
  if (const std::optional<Integer> integer = find_integer(value)) {
    if (!integer->is_negative && integer->bits > INT64_MAX) {
      return fault_.set(Reason::out_of_range, "above the largest possible value");
    }
    store_count(static_cast<std::int64_t>(integer->bits), object);
    return true;
  }
  const auto text = find_text(value);
  const core::Result<void> done = type.from_text(text.value_or(""), object);
  if (done) return true;
  if (text) return refuse(done.error());
  return fault_.set(Reason::bad_field,
                    done.error().detail + ", or an integer of " + std::string(type.name));
}

bool TreeDecoder::decode_time(const Value& value, void* object) {
  const auto text = find_text(value);
  const core::Result<core::Time> time = core::parse_rfc3339(text.value_or(""));
  if (!time) return refuse(time.error());
  store_count(time->micros, object);
  return true;
}

bool TreeDecoder::decode_rate(const Value& value, void* object) {
  auto& rate = *static_cast<core::Rate*>(object);
  if (!value.is_object()) {
    const auto text = find_text(value);
    const core::Result<core::Rate> read = core::parse_rate(text.value_or(""));
    if (!read) return refuse(read.error());
    rate = *read;
    return true;
  }
  bool has_precision = false;
  bool has_operations = false;
  for (const json::key_value_pair& entry : value.get_object()) {
    const std::string_view key(entry.key().data(), entry.key().size());
    if (key == "precision") {
      has_precision = true;
      if (!decode(type_of<core::Precision>(), entry.value(), &rate.precision)) {
        return fault_.within(key);
      }
    } else if (key == "ops_per_second") {
      has_operations = true;
      if (!decode(type_of<std::int64_t>(), entry.value(), &rate.ops_per_second)) {
        return fault_.within(key);
      }
    } else if (boundary_ == Boundary::strict) {
      fault_.set(Reason::unknown_field, "unknown field; known are precision, ops_per_second");
      return fault_.within(key);
    }
  }
  if (has_precision && has_operations) return true;
  fault_.set(Reason::missing_field, "a rate needs it");
  return fault_.within(std::string_view(has_precision ? "ops_per_second" : "precision"));
}

bool TreeDecoder::decode_reason(const Value& value, void* object) {
  const auto text = find_text(value);
  const std::optional<Reason> reason = core::find_reason(text.value_or(""));
  if (!reason) return refuse("a known reason code", value);
  *static_cast<Reason*>(object) = *reason;
  return true;
}

bool TreeDecoder::decode_written(const Type& type, const Value& value, void* object) {
  const auto text = find_text(value);
  if (!text) return refuse(type.name, value);
  const core::Result<void> done = type.from_text(*text, object);
  return done || refuse(done.error());
}

bool TreeDecoder::decode_list(const Type& type, const Value& value, void* object) {
  const Type& inner = type.inner();
  if (!value.is_array()) {
    // People write `run: ./solve` and `software: python3`: one text is a list of one.
    if (inner.kind != Kind::text || !value.is_string()) return refuse("a list", value);
    type.clear(object);
    return take_memory(inner.object_size) && decode(inner, value, type.append(object, 0));
  }
  const json::array& elements = value.get_array();
  type.clear(object);
  // All of it before any of it is made.
  if (!take_memory(compute_block_size(elements.size() * inner.object_size))) return false;
  type.reserve(object, elements.size());
  for (std::size_t index = 0; index < elements.size(); ++index) {
    if (!decode(inner, elements[index], type.append(object, 0))) return fault_.within(index);
  }
  return true;
}

bool TreeDecoder::decode_map(const Type& type, const Value& value, void* object) {
  if (!value.is_object()) return refuse("an object", value);
  const Type& inner = type.inner();
  type.clear(object);
  for (const json::key_value_pair& entry : value.get_object()) {
    const std::string_view key(entry.key().data(), entry.key().size());
    const bool is_done = take_memory(compute_block_size(kMapNode + inner.object_size)) &&
                         take_text(key) && decode(inner, entry.value(), type.insert(object, key));
    if (!is_done) return fault_.within(key);
  }
  return true;
}

bool TreeDecoder::decode_choice(const Type& type, const Value& value, void* object) {
  std::string expected = "an object with one key of ";
  for (std::size_t index = 0; index < type.alternatives.size(); ++index) {
    if (index > 0) expected += ", ";
    expected += to_snake_case(type.alternatives[index]().name);
  }
  if (!value.is_object()) return refuse(expected, value);
  const json::object& fields = value.get_object();
  if (fields.size() != 1) return fault_.set(Reason::bad_field, "expected " + expected);
  const json::key_value_pair& only = *fields.begin();
  const std::string_view key(only.key().data(), only.key().size());
  for (std::size_t index = 0; index < type.alternatives.size(); ++index) {
    const Type& alternative = type.alternatives[index]();
    if (to_snake_case(alternative.name) != key) continue;
    return decode(alternative, only.value(), type.append(object, index)) || fault_.within(key);
  }
  return fault_.set(Reason::bad_field, "expected " + expected + ", found " + quote_name(key));
}

bool TreeDecoder::check_must_understand(const Type& type, const json::object& fields) {
  const json::value* names = fields.if_contains("must_understand");
  if (names == nullptr) return true;
  if (!names->is_array()) {
    refuse("a list of field names", *names);
    return fault_.within(std::string_view("must_understand"));
  }
  for (const json::value& name : names->get_array()) {
    const auto text = find_text(name);
    if (text && find_field(type, *text, 0)) continue;
    return fault_.set(Reason::must_understand,
                      "the field " + (text ? quote_name(*text) : "?") + " is not known here");
  }
  return true;
}

// A field that is given; null may still mean that it is not.
bool TreeDecoder::decode_present(const Type& type, const Value& value, void* object) {
  if (value.is_null() && type.kind != Kind::optional && null_is_absent()) return true;
  return decode(type, value, object);
}

bool TreeDecoder::decode_structure(const Type& type, const Value& value, void* object) {
  if (!value.is_object()) return refuse("an object", value);
  const json::object& given = value.get_object();
  if (boundary_ == Boundary::tolerant && !check_must_understand(type, given)) return false;
  std::uint64_t seen = 0;
  std::size_t hint = 0;
  for (const json::key_value_pair& entry : given) {
    const std::string_view key(entry.key().data(), entry.key().size());
    const std::optional<std::size_t> index = find_field(type, key, hint);
    if (!index) {
      if (boundary_ == Boundary::tolerant) continue;
      fault_.set(Reason::unknown_field, describe_unknown_field(type, key));
      return fault_.within(key);
    }
    hint = *index + 1;
    const Field& field = type.fields[*index];
    if (!decode_present(field.type(), entry.value(), field.at(object))) return fault_.within(key);
    if (!entry.value().is_null()) seen |= std::uint64_t{1} << *index;
  }
  const std::uint64_t missing = type.required & ~seen;
  if (missing == 0) return true;
  fault_.set(Reason::missing_field, "missing");
  return fault_.within(type.fields[static_cast<std::size_t>(std::countr_zero(missing))].name);
}

namespace detail {

core::Result<void> decode_value(const Type& type, const json::value& value, Boundary boundary,
                                void* object) {
  TreeDecoder decoder(boundary, Notation::json);
  if (!decoder.decode(type, value, object)) return to_error(decoder.fault());
  return {};
}

core::Result<void> decode_json(const Type& type, std::string_view text, Boundary boundary,
                               void* object) {
  TreeMemory memory(core::limits::json_memory_base +
                    core::limits::json_memory_per_byte * text.size());
  const core::Result<json::value> value = parse_json_within(text, {}, &memory);
  if (memory.is_exhausted()) return {Reason::too_large, "too many elements in all"};
  if (!value) return value.error();
  TreeDecoder decoder(boundary, Notation::json, memory.left());
  if (!decoder.decode(type, *value, object)) return to_error(decoder.fault());
  return {};
}

}  // namespace detail
}  // namespace intertie::codec
