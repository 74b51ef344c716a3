// What is known of the requests to come: how often each shape is asked for.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "intertie/placement/cards/node_state.h"

namespace intertie::placement::cards {

/// A shape and how many requests of the mix have it. `count` > 0.
struct ShapeCount {
  Shape shape;
  std::int64_t count = 0;

  friend bool operator==(const ShapeCount&, const ShapeCount&) = default;
};

/// The mix of requests, in ascending order of shape, each shape once. Only ratios matter. It may be
/// given (a trace, yesterday) or learned; see workload_tally.h.
using Workload = std::vector<ShapeCount>;

/// Counts equal shapes. The order of the input does not matter. O(n log n).
Workload count_shapes(std::span<const Shape> shapes);

}  // namespace intertie::placement::cards
