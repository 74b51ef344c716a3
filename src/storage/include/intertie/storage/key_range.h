// The keys that a scan of the index looks through.
#pragma once

#include <string>

#include "intertie/storage/index.h"

namespace intertie::storage {

/// From `low` on, below `high`.
struct KeyRange {
  std::string low;
  std::string high;
};

/// The keys with the scan's prefix that lie after its last key, in its direction. O(key length).
KeyRange compute_key_range(const Scan& scan);

}  // namespace intertie::storage
