// Arithmetic on estimates: exact in 128 bits, then rounded up and clamped to 64.
#pragma once

#include <cstdint>

namespace intertie::placement {

/// a * b / divisor, rounded up, at most INT64_MAX. a, b >= 0; divisor > 0. O(1).
std::int64_t multiply_divide(std::int64_t a, std::int64_t b, std::int64_t divisor);

/// a + b, at most INT64_MAX. a, b >= 0. O(1).
std::int64_t add_clamped(std::int64_t a, std::int64_t b);

}  // namespace intertie::placement
