#include "intertie/storage/key_range.h"

#include <algorithm>

#include "intertie/core/limits.h"

namespace intertie::storage {

KeyRange compute_key_range(const Scan& scan) {
  // Longer than any key, hence above all of them.
  KeyRange range{scan.prefix,
                 compute_prefix_end(scan.prefix)
                     .value_or(std::string(core::limits::index_key_bytes_max + 1, '\xff'))};
  if (!scan.after_key.has_value()) return range;
  if (scan.direction == Direction::ascending) {
    // The next possible key after k is k followed by a zero byte.
    range.low = std::max(range.low, *scan.after_key + '\0');
  } else {
    range.high = std::min(range.high, *scan.after_key);
  }
  return range;
}

}  // namespace intertie::storage
