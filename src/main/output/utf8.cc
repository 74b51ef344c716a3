// RFC 3629.
#include "output/utf8.h"

#include <array>
#include <cassert>

namespace intertie::cli {

Decoded decode_utf8(std::string_view text) {
  assert(!text.empty());
  const auto byte_at = [text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const std::uint32_t lead = byte_at(0);
  if (lead < 0x80) return {lead, 1, true, false};
  std::size_t length = 0;
  if (lead >= 0xC2 && lead <= 0xDF) length = 2;
  if (lead >= 0xE0 && lead <= 0xEF) length = 3;
  if (lead >= 0xF0 && lead <= 0xF4) length = 4;
  if (length == 0) return {lead, 1, false, false};
  static constexpr std::array<std::uint32_t, 5> kLeadMask = {0, 0, 0x1F, 0x0F, 0x07};
  static constexpr std::array<std::uint32_t, 5> kSmallest = {0, 0, 0x80, 0x800, 0x10000};
  std::uint32_t code_point = lead & kLeadMask[length];
  for (std::size_t i = 1; i < length; ++i) {
    if (i >= text.size()) return {lead, 1, false, true};
    if ((byte_at(i) & 0xC0u) != 0x80) return {lead, 1, false, false};
    code_point = code_point << 6 | (byte_at(i) & 0x3Fu);
  }
  const bool is_surrogate = code_point >= 0xD800 && code_point <= 0xDFFF;
  if (code_point < kSmallest[length] || code_point > 0x10FFFF || is_surrogate) {
    return {lead, 1, false, false};
  }
  return {code_point, length, true, false};
}

}  // namespace intertie::cli
