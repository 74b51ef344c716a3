#include <algorithm>
#include <array>
#include <cassert>
#include <charconv>
#include <cmath>
#include <cstring>
#include <string>
#include <vector>

#include "intertie/codec/json.h"

#include "json_parse.h"
#include "utf8.h"
#include "values.h"

namespace intertie::codec {
namespace {

// Writes straight into the text; containers call begin, then separate before each element.
class JsonWriter {
 public:
  explicit JsonWriter(bool is_pretty) : is_pretty_(is_pretty) {}

  void write(const Type& type, const void* object);

  std::string take() { return std::move(text_); }

 private:
  void write_text(std::string_view text);
  void write_real(double value);
  void write_list(const Type& type, const void* object);
  void write_map(const Type& type, const void* object);
  void write_structure(const Type& type, const void* object);
  void write_choice(const Type& type, const void* object);
  void write_rate(const core::Rate& rate);

  void begin(char bracket) {
    text_ += bracket;
    ++depth_;
    is_first_ = true;
  }
  void separate() {
    if (!is_first_) text_ += ',';
    is_first_ = false;
    break_line();
  }
  void key(std::string_view name) {
    separate();
    write_text(name);
    text_ += is_pretty_ ? ": " : ":";
  }
  void end(char bracket) {
    --depth_;
    if (!is_first_) break_line();
    is_first_ = false;
    text_ += bracket;
  }
  void break_line() {
    if (is_pretty_) text_.append("\n").append(2 * depth_, ' ');
  }

  std::string text_;
  std::size_t depth_ = 0;
  bool is_first_ = true;
  bool is_pretty_;
};

void JsonWriter::write_text(std::string_view text) {
  std::string repaired;
  if (!is_utf8(text)) text = repaired = repair_utf8(text);
  text_ += '"';
  std::size_t start = 0;
  for (std::size_t index = 0; index < text.size(); ++index) {
    const auto c = static_cast<unsigned char>(text[index]);
    if (c >= 0x20 && c != '"' && c != '\\' && c != 0x7f) continue;
    text_.append(text.substr(start, index - start));
    start = index + 1;
    switch (c) {
      case '"':
        text_ += "\\\"";
        break;
      case '\\':
        text_ += "\\\\";
        break;
      case '\n':
        text_ += "\\n";
        break;
      case '\t':
        text_ += "\\t";
        break;
      default:
        constexpr std::string_view kDigits = "0123456789abcdef";
        text_ += "\\u00";
        text_ += kDigits[c >> 4];
        text_ += kDigits[c & 15];
    }
  }
  text_.append(text.substr(start)).append("\"");
}

void JsonWriter::write_real(double value) {
  if (!std::isfinite(value)) {
    text_ += "null";
    return;
  }
  if (value == 0 && std::signbit(value)) {
    text_ += "-0.0";  // "-0" would be read as the integer 0.
    return;
  }
  std::array<char, 32> digits{};
  const auto [end, error] = std::to_chars(digits.data(), digits.data() + digits.size(), value);
  assert(error == std::errc());
  text_.append(digits.data(), end);
}

void JsonWriter::write_list(const Type& type, const void* object) {
  const std::size_t count = type.count(object);
  const Type& inner = type.inner();
  begin('[');
  for (std::size_t index = 0; index < count; ++index) {
    separate();
    write(inner, type.element(object, index));
  }
  end(']');
}

void JsonWriter::write_map(const Type& type, const void* object) {
  struct Context {
    JsonWriter& writer;
    const Type& inner;
  } context{*this, type.inner()};
  begin('{');
  type.each(object, &context, [](void* opaque, std::string_view name, const void* value) {
    auto& [writer, inner] = *static_cast<Context*>(opaque);
    writer.key(name);
    writer.write(inner, value);
  });
  end('}');
}

void JsonWriter::write_structure(const Type& type, const void* object) {
  begin('{');
  for (const Field& field : type.fields) {
    const Type& inner = field.type();
    const void* value = field.at(const_cast<void*>(object));  // Only read.
    if (inner.kind == Kind::optional && inner.count(value) == 0) continue;
    key(field.name);
    write(inner, value);
  }
  end('}');
}

void JsonWriter::write_choice(const Type& type, const void* object) {
  const Type& active = type.alternatives[type.count(object)]();
  begin('{');
  key(to_snake_case(active.name));
  write(active, type.element(object, 0));
  end('}');
}

void JsonWriter::write_rate(const core::Rate& rate) {
  begin('{');
  key("precision");
  write_text(core::precision_name(rate.precision));
  key("ops_per_second");
  text_ += std::to_string(rate.ops_per_second);
  end('}');
}

void JsonWriter::write(const Type& type, const void* object) {
  switch (type.kind) {
    case Kind::boolean:
      text_ += *static_cast<const bool*>(object) ? "true" : "false";
      return;
    case Kind::integer:
      text_ += to_text(load_integer(type, object));
      return;
    case Kind::real:
      return write_real(*static_cast<const double*>(object));
    case Kind::text:
      return write_text(*static_cast<const std::string*>(object));
    case Kind::bytes:
      return write_text(to_hex(static_cast<const std::uint8_t*>(object), type.width));
    case Kind::byte_list: {
      const auto& bytes = *static_cast<const std::vector<std::uint8_t>*>(object);
      return write_text(to_hex(bytes.data(), bytes.size()));
    }
    case Kind::enumeration: {
      const auto value = static_cast<std::int64_t>(load_integer(type, object).bits);
      const Enumerator* found = find_enumerator(type, value);
      assert(found != nullptr);
      return write_text(found->name);
    }
    case Kind::quantity:
      text_ += std::to_string(load_count(object));
      return;
    case Kind::time:
      return write_text(core::to_rfc3339({load_count(object)}));
    case Kind::rate:
      return write_rate(*static_cast<const core::Rate*>(object));
    case Kind::reason:
      return write_text(core::reason_code(*static_cast<const core::Reason*>(object)));
    case Kind::written:
      return write_text(type.to_text(object));
    case Kind::optional:
      if (type.count(object) == 0) {
        text_ += "null";
        return;
      }
      return write(type.inner(), type.element(object, 0));
    case Kind::list:
      return write_list(type, object);
    case Kind::map:
      return write_map(type, object);
    case Kind::structure:
      return write_structure(type, object);
    case Kind::choice:
      return write_choice(type, object);
  }
}

}  // namespace

namespace detail {

std::string write_json(const Type& type, const void* object, bool is_pretty) {
  JsonWriter writer(is_pretty);
  writer.write(type, object);
  return writer.take();
}

boost::json::value encode_value(const Type& type, const void* object) {
  const std::size_t unlimited = static_cast<std::size_t>(-1);
  core::Result<boost::json::value> value =
      parse_json_within(write_json(type, object, false), {unlimited, 10'000, unlimited, unlimited});
  // Our own output is well formed, but for two keys of a map that are the same once repaired.
  return value ? *std::move(value) : boost::json::value();
}

}  // namespace detail
}  // namespace intertie::codec
