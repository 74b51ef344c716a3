// Fixed-size little-endian numbers in byte strings.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace intertie::storage {

/// Writes `size` bytes of `value` at `out`, lowest first.
inline void write_little_endian(char* out, std::uint64_t value, std::size_t size) {
  for (std::size_t i = 0; i < size; ++i) out[i] = static_cast<char>((value >> (8 * i)) & 0xff);
}

/// The number in up to eight bytes, lowest first.
inline std::uint64_t read_little_endian(std::string_view bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = bytes.size(); i > 0; --i) {
    value = value << 8 | static_cast<std::uint8_t>(bytes[i - 1]);
  }
  return value;
}

}  // namespace intertie::storage
