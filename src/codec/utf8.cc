#include "utf8.h"

#include <cassert>
#include <cstdint>
#include <cstring>

namespace intertie::codec {
namespace {

std::size_t find_ascii_length(std::string_view text) {
  std::size_t length = 0;
  while (text.size() - length >= sizeof(std::uint64_t)) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data() + length, sizeof(word));
    if ((word & 0x8080808080808080) != 0) break;
    length += sizeof(word);
  }
  while (length < text.size() && (text[length] & 0x80) == 0) ++length;
  return length;
}

}  // namespace

std::size_t find_utf8_length(std::string_view text) {
  assert(!text.empty());
  const auto byte = [text](std::size_t index) { return static_cast<unsigned char>(text[index]); };
  const unsigned first = byte(0);
  if (first < 0x80) return 1;
  const std::size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || text.size() < length) return 0;
  // The second byte's range rules out overlong forms, surrogates and what is above U+10FFFF
  // (RFC 3629, section 4).
  const unsigned low = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
  const unsigned high = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
  if (byte(1) < low || byte(1) > high) return 0;
  for (std::size_t index = 2; index < length; ++index) {
    if ((byte(index) & 0xc0) != 0x80) return 0;
  }
  return length;
}

bool is_utf8(std::string_view text) {
  for (;;) {
    text.remove_prefix(find_ascii_length(text));
    if (text.empty()) return true;
    const std::size_t length = find_utf8_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
}

std::string repair_utf8(std::string_view text) {
  std::string repaired;
  while (!text.empty()) {
    const std::size_t length = find_utf8_length(text);
    if (length == 0) {
      repaired += "\xef\xbf\xbd";
      text.remove_prefix(1);
    } else {
      repaired.append(text.substr(0, length));
      text.remove_prefix(length);
    }
  }
  return repaired;
}

}  // namespace intertie::codec
