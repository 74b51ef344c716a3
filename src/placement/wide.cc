// Clamped 64-bit results of 128-bit arithmetic.
#include "wide.h"

#include <cassert>

namespace intertie::placement {

std::int64_t multiply_divide(std::int64_t a, std::int64_t b, std::int64_t divisor) {
  assert(a >= 0 && b >= 0 && divisor > 0);
  std::int64_t small = 0;
  if (!__builtin_mul_overflow(a, b, &small)) {  // Nearly always, and much faster.
    return small / divisor + (small % divisor != 0 ? 1 : 0);
  }
  __extension__ typedef unsigned __int128 Wide;
  const Wide product = static_cast<Wide>(a) * static_cast<Wide>(b);
  const auto wide_divisor = static_cast<Wide>(divisor);
  const Wide quotient = product / wide_divisor + (product % wide_divisor != 0 ? 1 : 0);
  return quotient > INT64_MAX ? INT64_MAX : static_cast<std::int64_t>(quotient);
}

std::int64_t add_clamped(std::int64_t a, std::int64_t b) {
  assert(a >= 0 && b >= 0);
  std::int64_t sum = 0;
  return __builtin_add_overflow(a, b, &sum) ? INT64_MAX : sum;
}

}  // namespace intertie::placement
