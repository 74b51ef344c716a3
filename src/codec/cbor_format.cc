#include "cbor_format.h"

#include <cmath>
#include <limits>

namespace intertie::codec {

// Half precision: 1 sign, 5 exponent (bias 15) and 10 fraction bits (IEEE 754-2008, binary16).
double half_to_double(std::uint16_t half) {
  const int exponent = half >> 10 & 0x1f;
  const int fraction = half & 0x3ff;
  double magnitude = 0;
  if (exponent == 0) {
    magnitude = std::ldexp(fraction, -24);
  } else if (exponent < 31) {
    magnitude = std::ldexp(fraction + 1024, exponent - 25);
  } else {
    magnitude = fraction == 0 ? std::numeric_limits<double>::infinity()
                              : std::numeric_limits<double>::quiet_NaN();
  }
  return (half & 0x8000) != 0 ? -magnitude : magnitude;
}

std::optional<std::uint16_t> find_half(double value) {
  if (std::isnan(value)) return kHalfNan;
  const int sign = std::signbit(value) ? 0x8000 : 0;
  const double magnitude = std::fabs(value);
  if (std::isinf(value)) return static_cast<std::uint16_t>(sign | 0x7c00);
  if (magnitude == 0) return static_cast<std::uint16_t>(sign);
  if (magnitude > 65'504) return std::nullopt;  // The largest half.
  int exponent = 0;
  std::frexp(magnitude, &exponent);  // magnitude = m * 2^exponent, 0.5 <= m < 1
  const int biased = exponent + 14;
  const bool is_subnormal = biased < 1;
  const double scaled = std::ldexp(magnitude, is_subnormal ? 24 : 11 - exponent);
  if (scaled != std::floor(scaled)) return std::nullopt;
  const int bits = static_cast<int>(scaled);
  const int half = is_subnormal ? bits : (biased << 10) + (bits - 1024);
  return static_cast<std::uint16_t>(sign | half);
}

bool is_single(double value) {
  return std::isnan(value) || std::isinf(value) ||
         (std::fabs(value) <= static_cast<double>(std::numeric_limits<float>::max()) &&
          static_cast<double>(static_cast<float>(value)) == value);
}

}  // namespace intertie::codec
