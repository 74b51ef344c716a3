// Arithmetic on estimates: exact in 128 bits, then rounded up and clamped to 64.
#pragma once

#include <cassert>
#include <cstdint>

namespace intertie::placement {

/// multiply_divide for products beyond 64 bits.
std::int64_t multiply_divide_wide(std::int64_t a, std::int64_t b, std::int64_t divisor);

/// a * b / divisor, rounded up, at most INT64_MAX. a, b >= 0; divisor > 0. O(1). Inline, because
/// every candidate pool costs several and most divisors are constants.
inline std::int64_t multiply_divide(std::int64_t a, std::int64_t b, std::int64_t divisor) {
  assert(a >= 0 && b >= 0 && divisor > 0);
  std::int64_t product = 0;
  if (__builtin_mul_overflow(a, b, &product)) return multiply_divide_wide(a, b, divisor);
  const auto positive = static_cast<std::uint64_t>(product);
  const auto positive_divisor = static_cast<std::uint64_t>(divisor);
  const std::uint64_t rest = positive % positive_divisor != 0 ? 1 : 0;
  return static_cast<std::int64_t>(positive / positive_divisor + rest);
}

/// a + b, at most INT64_MAX. a, b >= 0. O(1).
inline std::int64_t add_clamped(std::int64_t a, std::int64_t b) {
  assert(a >= 0 && b >= 0);
  std::int64_t sum = 0;
  return __builtin_add_overflow(a, b, &sum) ? INT64_MAX : sum;
}

}  // namespace intertie::placement
