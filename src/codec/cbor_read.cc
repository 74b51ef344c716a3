#include <bit>
#include <cmath>
#include <cstring>
#include <string>
#include <vector>

#include "intertie/codec/cbor.h"
#include "intertie/core/limits.h"

#include "cbor_format.h"
#include "fault.h"
#include "utf8.h"
#include "values.h"

namespace intertie::codec {
namespace {

using core::Reason;

// Choices are an array in CBOR and an object in JSON around the same struct, lists the same.
constexpr int kDepthMax = 2 * core::limits::document_depth_max;

struct Head {
  Major major = Major::unsigned_integer;
  std::uint8_t minor = 0;
  std::uint64_t argument = 0;
};

class CborReader {
 public:
  CborReader(std::string_view bytes, Source source)
      : start_(bytes.data()), at_(start_), end_(start_ + bytes.size()) {
    if (source == Source::peer) return;
    list_length_max_ = bytes.size();
    text_bytes_max_ = bytes.size();
    memory_left_ = static_cast<std::size_t>(-1);
  }

  bool decode(const Type& type, void* object);

  bool check_end() { return at_ == end_ || refuse("bytes after the document"); }

  const Fault& fault() const { return fault_; }

 private:
  bool read_head(Head& head);
  bool read_length(Major major, std::string_view expected, std::size_t max, std::size_t& length);
  bool read_integer(Integer& integer);
  bool read_count(std::int64_t& count);
  bool read_string(Major major, std::string_view expected, std::string_view& bytes);
  bool read_text(std::string_view& text);
  bool decode_boolean(void* object);
  bool decode_integer(const Type& type, void* object);
  bool decode_enumeration(const Type& type, void* object);
  bool decode_real(void* object);
  bool decode_bytes(const Type& type, void* object);
  bool decode_byte_list(void* object);
  bool decode_rate(void* object);
  bool decode_reason(void* object);
  bool decode_written(const Type& type, void* object);
  bool decode_optional(const Type& type, void* object);
  bool decode_list(const Type& type, void* object);
  bool decode_map(const Type& type, void* object);
  bool decode_structure(const Type& type, void* object);
  bool decode_choice(const Type& type, void* object);
  bool skip();

  std::uint8_t peek() const { return static_cast<std::uint8_t>(*at_); }
  std::size_t left() const { return static_cast<std::size_t>(end_ - at_); }
  std::uint64_t take_big_endian(std::size_t width) {
    std::uint64_t value = 0;
    for (; width > 0; --width) value = value << 8 | static_cast<std::uint8_t>(*at_++);
    return value;
  }
  bool refuse(std::string_view why) {
    return fault_.set(Reason::bad_syntax,
                      std::string(why) + " at byte " + std::to_string(at_ - start_));
  }
  bool expect(std::string_view what) {
    return fault_.set(Reason::bad_field,
                      "expected " + std::string(what) + " at byte " + std::to_string(at_ - start_));
  }
  bool enter() {
    return ++depth_ <= kDepthMax ||
           fault_.set(Reason::too_deep, "more than " + std::to_string(kDepthMax) + " levels");
  }
  bool leave() {
    --depth_;
    return true;
  }
  bool take_memory(std::size_t bytes) {
    if (bytes > memory_left_) return fault_.set(Reason::too_large, "too many elements in all");
    memory_left_ -= bytes;
    return true;
  }

  const char* start_;
  const char* at_;
  const char* end_;
  std::size_t list_length_max_ = core::limits::list_length_max;
  std::size_t text_bytes_max_ = core::limits::text_bytes_max;
  std::size_t memory_left_ = core::limits::decoded_bytes_max;
  int depth_ = 0;
  Fault fault_;
};

bool CborReader::read_head(Head& head) {
  if (at_ == end_) return refuse("cut off");
  const std::uint8_t first = peek();
  head.major = static_cast<Major>(first >> 5);
  head.minor = first & 0x1f;
  head.argument = head.minor;
  if (head.minor < 24) {
    ++at_;
    return true;
  }
  if (head.minor > 27) return refuse("an indefinite length or a reserved head");
  const std::size_t width = std::size_t{1} << (head.minor - 24);
  if (left() < 1 + width) return refuse("cut off");
  ++at_;
  head.argument = take_big_endian(width);
  if (head.major == Major::simple_or_float) return true;
  const bool is_shortest = width == 1 ? head.argument >= 24 : head.argument >> (4 * width) != 0;
  return is_shortest || refuse("a head longer than needed");
}

bool CborReader::read_length(Major major, std::string_view expected, std::size_t max,
                             std::size_t& length) {
  const char* before = at_;
  Head head;
  if (!read_head(head)) return false;
  if (head.major != major) {
    at_ = before;
    return expect(expected);
  }
  // Whatever is counted takes at least one byte.
  if (head.argument > left()) return refuse("cut off");
  if (head.argument > max) {
    return fault_.set(Reason::too_large, "longer than " + std::to_string(max));
  }
  length = static_cast<std::size_t>(head.argument);
  return true;
}

bool CborReader::read_integer(Integer& integer) {
  const char* before = at_;
  Head head;
  if (!read_head(head)) return false;
  if (head.major == Major::unsigned_integer) {
    integer = {head.argument, false};
    return true;
  }
  if (head.major != Major::negative_integer) {
    at_ = before;
    return expect("integer");
  }
  if (head.argument > INT64_MAX) return fault_.set(Reason::out_of_range, "below 64 bits");
  integer = {~head.argument, true};
  return true;
}

bool CborReader::read_count(std::int64_t& count) {
  Integer integer;
  if (!read_integer(integer)) return false;
  if (!integer.is_negative && integer.bits > INT64_MAX) {
    return fault_.set(Reason::out_of_range, "above 63 bits");
  }
  count = static_cast<std::int64_t>(integer.bits);
  return true;
}

bool CborReader::read_string(Major major, std::string_view expected, std::string_view& bytes) {
  std::size_t length = 0;
  if (!read_length(major, expected, text_bytes_max_, length)) return false;
  bytes = {at_, length};
  at_ += length;
  return true;
}

bool CborReader::read_text(std::string_view& text) {
  if (!read_string(Major::text_string, "text", text)) return false;
  return is_utf8(text) || refuse("invalid UTF-8 in the text that ends");
}

bool CborReader::decode(const Type& type, void* object) {
  switch (type.kind) {
    case Kind::boolean:
      return decode_boolean(object);
    case Kind::integer:
      return decode_integer(type, object);
    case Kind::real:
      return decode_real(object);
    case Kind::text: {
      std::string_view text;
      if (!read_text(text)) return false;
      static_cast<std::string*>(object)->assign(text);
      return true;
    }
    case Kind::bytes:
      return decode_bytes(type, object);
    case Kind::byte_list:
      return decode_byte_list(object);
    case Kind::enumeration:
      return decode_enumeration(type, object);
    case Kind::quantity:
    case Kind::time: {
      std::int64_t count = 0;
      if (!read_count(count)) return false;
      store_count(count, object);
      return true;
    }
    case Kind::rate:
      return decode_rate(object);
    case Kind::reason:
      return decode_reason(object);
    case Kind::written:
      return decode_written(type, object);
    case Kind::optional:
      return decode_optional(type, object);
    case Kind::list:
      return enter() && decode_list(type, object) && leave();
    case Kind::map:
      return enter() && decode_map(type, object) && leave();
    case Kind::structure:
      return enter() && decode_structure(type, object) && leave();
    case Kind::choice:
      return enter() && decode_choice(type, object) && leave();
  }
  return false;
}

bool CborReader::decode_boolean(void* object) {
  if (at_ == end_) return refuse("cut off");
  if (peek() != kTrue && peek() != kFalse) return expect("true or false");
  *static_cast<bool*>(object) = peek() == kTrue;
  ++at_;
  return true;
}

bool CborReader::decode_integer(const Type& type, void* object) {
  Integer integer;
  if (!read_integer(integer)) return false;
  if (store_integer(type, integer, object)) return true;
  return fault_.set(Reason::out_of_range, to_text(integer) + " is outside " + describe_range(type));
}

bool CborReader::decode_enumeration(const Type& type, void* object) {
  std::int64_t value = 0;
  if (!read_count(value)) return false;
  if (find_enumerator(type, value) == nullptr) {
    return fault_.set(Reason::bad_field,
                      std::to_string(value) + " is no number of " + list_enumerators(type));
  }
  return store_integer(type, make_integer(value), object);
}

bool CborReader::decode_real(void* object) {
  const char* before = at_;
  Head head;
  if (!read_head(head)) return false;
  if (head.major != Major::simple_or_float || head.minor < 25) {
    at_ = before;
    return expect("number");
  }
  double value = 0;
  bool is_shortest = true;
  if (head.minor == 25) {
    value = half_to_double(static_cast<std::uint16_t>(head.argument));
    is_shortest = !std::isnan(value) || head.argument == kHalfNan;
  } else if (head.minor == 26) {
    value = static_cast<double>(std::bit_cast<float>(static_cast<std::uint32_t>(head.argument)));
    is_shortest = !find_half(value);
  } else {
    value = std::bit_cast<double>(head.argument);
    is_shortest = !find_half(value) && !is_single(value);
  }
  if (!is_shortest) return refuse("a number longer than needed");
  *static_cast<double*>(object) = value;
  return true;
}

bool CborReader::decode_bytes(const Type& type, void* object) {
  std::string_view bytes;
  if (!read_string(Major::byte_string, "bytes", bytes)) return false;
  if (bytes.size() != type.width) return expect(std::to_string(type.width) + " bytes");
  std::memcpy(object, bytes.data(), bytes.size());
  return true;
}

bool CborReader::decode_byte_list(void* object) {
  std::string_view bytes;
  if (!read_string(Major::byte_string, "bytes", bytes)) return false;
  static_cast<std::vector<std::uint8_t>*>(object)->assign(bytes.begin(), bytes.end());
  return true;
}

bool CborReader::decode_rate(void* object) {
  auto& rate = *static_cast<core::Rate*>(object);
  std::size_t length = 0;
  if (!read_length(Major::array, "a list", 2, length)) return false;
  if (length != 2) return expect("a precision and a number");
  return decode_enumeration(type_of<core::Precision>(), &rate.precision) &&
         read_count(rate.ops_per_second);
}

bool CborReader::decode_reason(void* object) {
  std::string_view code;
  if (!read_text(code)) return false;
  const std::optional<Reason> reason = core::find_reason(code);
  if (!reason) return expect("a known reason code");
  *static_cast<Reason*>(object) = *reason;
  return true;
}

bool CborReader::decode_written(const Type& type, void* object) {
  std::string_view content;
  const bool is_binary = type.from_binary != nullptr;
  const bool is_read =
      is_binary ? read_string(Major::byte_string, "bytes", content) : read_text(content);
  if (!is_read) return false;
  const core::Result<void> done = (is_binary ? type.from_binary : type.from_text)(content, object);
  return done || fault_.set(done.error().reason, done.error().detail);
}

bool CborReader::decode_optional(const Type& type, void* object) {
  type.clear(object);
  if (at_ != end_ && peek() == kNull) {
    ++at_;
    return true;
  }
  return decode(type.inner(), type.append(object, 0));
}

bool CborReader::decode_list(const Type& type, void* object) {
  std::size_t count = 0;
  if (!read_length(Major::array, "a list", list_length_max_, count)) return false;
  const Type& inner = type.inner();
  type.clear(object);
  for (std::size_t index = 0; index < count; ++index) {
    if (!take_memory(inner.object_size) || !decode(inner, type.append(object, 0))) {
      return fault_.within(index);
    }
  }
  return true;
}

bool CborReader::decode_map(const Type& type, void* object) {
  std::size_t count = 0;
  if (!read_length(Major::map, "a map", list_length_max_, count)) return false;
  const Type& inner = type.inner();
  type.clear(object);
  std::string_view previous;
  for (std::size_t index = 0; index < count; ++index) {
    std::string_view key;
    if (!read_text(key)) return false;
    const bool is_ascending =
        key.size() != previous.size() ? key.size() > previous.size() : key > previous;
    if (index > 0 && !is_ascending) return refuse("keys out of order");
    previous = key;
    if (!take_memory(inner.object_size) || !decode(inner, type.insert(object, key))) {
      return fault_.within(key);
    }
  }
  return true;
}

bool CborReader::decode_structure(const Type& type, void* object) {
  std::size_t count = 0;
  if (!read_length(Major::map, "a map", list_length_max_, count)) return false;
  std::uint64_t seen = 0;
  std::uint64_t key_min = 0;
  for (; count > 0; --count) {
    Head key;
    if (!read_head(key)) return false;
    if (key.major != Major::unsigned_integer) return refuse("expected a field's number");
    if (key.argument < key_min) return refuse("keys out of order");
    if (key.argument == UINT64_MAX) return refuse("no field's number");
    key_min = key.argument + 1;
    if (key.argument >= type.fields.size()) {  // A field of a later version.
      if (!skip()) return false;
      continue;
    }
    const Field& field = type.fields[static_cast<std::size_t>(key.argument)];
    if (!decode(field.type(), field.at(object))) return fault_.within(field.name);
    seen |= std::uint64_t{1} << key.argument;
  }
  const std::uint64_t missing = type.required & ~seen;
  if (missing == 0) return true;
  fault_.set(Reason::missing_field, "missing");
  return fault_.within(type.fields[static_cast<std::size_t>(std::countr_zero(missing))].name);
}

bool CborReader::decode_choice(const Type& type, void* object) {
  std::size_t length = 0;
  if (!read_length(Major::array, "a list", 2, length)) return false;
  if (length != 2) return expect("an alternative's number and a struct");
  Head index;
  if (!read_head(index)) return false;
  if (index.major != Major::unsigned_integer || index.argument >= type.alternatives.size()) {
    return expect("a known alternative's number");
  }
  const auto chosen = static_cast<std::size_t>(index.argument);
  const Type& alternative = type.alternatives[chosen]();
  return decode(alternative, type.append(object, chosen)) ||
         fault_.within(to_snake_case(alternative.name));
}

// Steps over one item of any kind, as a later version may write it.
bool CborReader::skip() {
  if (!enter()) return false;
  Head head;
  if (!read_head(head)) return false;
  switch (head.major) {
    case Major::unsigned_integer:
    case Major::negative_integer:
      break;
    case Major::byte_string:
    case Major::text_string:
      if (head.argument > left()) return refuse("cut off");
      at_ += head.argument;
      break;
    case Major::array:
    case Major::map:
    case Major::tag: {
      if (head.major != Major::tag && head.argument > left()) return refuse("cut off");
      const std::uint64_t items = head.major == Major::tag   ? 1
                                  : head.major == Major::map ? 2 * head.argument
                                                             : head.argument;
      for (std::uint64_t item = 0; item < items; ++item) {
        if (!skip()) return false;
      }
      break;
    }
    case Major::simple_or_float:
      if (head.minor == 24 && head.argument < 32) return refuse("a reserved simple value");
      break;
  }
  return leave();
}

}  // namespace

namespace detail {

core::Result<void> decode_cbor(const Type& type, std::string_view bytes, Source source,
                               void* object) {
  if (source == Source::peer && bytes.size() > core::limits::document_bytes_max) {
    return {Reason::too_large, "a document longer than " +
                                   std::to_string(core::limits::document_bytes_max) + " bytes"};
  }
  CborReader reader(bytes, source);
  if (reader.decode(type, object) && reader.check_end()) return {};
  return to_error(reader.fault());
}

}  // namespace detail
}  // namespace intertie::codec
