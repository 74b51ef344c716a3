// Which characters a terminal would obey.
#include "output/escape.h"

#include "output/utf8.h"

namespace intertie::cli {
namespace {

void append_hex(std::string& text, unsigned char byte) {
  static constexpr std::string_view kDigits = "0123456789abcdef";
  text += "\\x";
  text += kDigits[byte >> 4];
  text += kDigits[byte & 15u];
}

/// C0 but tab and newline, DEL, C1, and the marks that change the direction of writing.
bool is_control(std::uint32_t code_point) {
  if (code_point == '\t' || code_point == '\n') return false;
  return code_point < 0x20 || (code_point >= 0x7F && code_point < 0xA0) ||
         (code_point >= 0x202A && code_point <= 0x202E) ||
         (code_point >= 0x2066 && code_point <= 0x2069);
}

std::string escape(std::string_view text, std::string* rest) {
  std::string result;
  result.reserve(text.size());
  while (!text.empty()) {
    const Decoded decoded = decode_utf8(text);
    if (decoded.is_cut_short && rest != nullptr) {
      *rest = text;
      return result;
    }
    if (decoded.is_valid && !is_control(decoded.code_point)) {
      result += text.substr(0, decoded.length);
    } else {
      for (const char byte : text.substr(0, decoded.length)) {
        append_hex(result, static_cast<unsigned char>(byte));
      }
    }
    text.remove_prefix(decoded.length);
  }
  return result;
}

}  // namespace

std::string escape_controls(std::string_view text) { return escape(text, nullptr); }

std::string ControlEscaper::feed(std::string_view piece) {
  const std::string text = rest_ + std::string(piece);
  rest_.clear();
  return escape(text, &rest_);
}

std::string ControlEscaper::finish() {
  const std::string text = std::move(rest_);
  rest_.clear();
  return escape(text, nullptr);
}

}  // namespace intertie::cli
