// The slow way of multiply_divide.
#include "wide.h"

namespace intertie::placement {

std::int64_t multiply_divide_wide(std::int64_t a, std::int64_t b, std::int64_t divisor) {
  __extension__ typedef unsigned __int128 Wide;
  const Wide product = static_cast<Wide>(a) * static_cast<Wide>(b);
  const auto wide_divisor = static_cast<Wide>(divisor);
  const Wide quotient = product / wide_divisor + (product % wide_divisor != 0 ? 1 : 0);
  return quotient > INT64_MAX ? INT64_MAX : static_cast<std::int64_t>(quotient);
}

}  // namespace intertie::placement
