// The few bytes of CBOR that reader and writer share (RFC 8949; private to codec).
#pragma once

#include <cstdint>
#include <optional>

namespace intertie::codec {

/// Major types (RFC 8949, section 3.1).
enum class Major : std::uint8_t {
  unsigned_integer = 0,
  negative_integer = 1,
  byte_string = 2,
  text_string = 3,
  array = 4,
  map = 5,
  tag = 6,
  simple_or_float = 7,
};

inline constexpr std::uint8_t kFalse = 0xf4;
inline constexpr std::uint8_t kTrue = 0xf5;
inline constexpr std::uint8_t kNull = 0xf6;
inline constexpr std::uint8_t kHalf = 0xf9;
inline constexpr std::uint8_t kSingle = 0xfa;
inline constexpr std::uint8_t kDouble = 0xfb;
inline constexpr std::uint16_t kHalfNan = 0x7e00;

/// The half-precision form of a number that has an exact one; NaN always is 0x7e00.
std::optional<std::uint16_t> find_half(double value);

double half_to_double(std::uint16_t half);

/// True if the number survives a round trip through float.
bool is_single(double value);

}  // namespace intertie::codec
