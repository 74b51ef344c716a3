// Lines by their two ends.
#pragma once

#include <cstddef>
#include <cstdint>

#include <boost/unordered/unordered_flat_map.hpp>

#include "intertie/topology/pool.h"

namespace intertie::topology {

/// Both ends of a line in one number.
inline std::uint64_t make_line_key(SiteHandle from, SiteHandle to) {
  return (std::uint64_t{from.index} << 32) | to.index;
}

class LineTable {
 public:
  boost::unordered_flat_map<std::uint64_t, Line> by_ends;
};

}  // namespace intertie::topology
