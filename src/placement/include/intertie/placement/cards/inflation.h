// The inflation protocol: requests arrive in a random order until they exceed what there is.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "intertie/placement/cards/trace.h"

namespace intertie::placement::cards {

/// One run: which requests arrive in which order, and in which order the nodes stand.
struct Arrivals {
  std::vector<std::uint32_t> requests;  // Places in the trace, perhaps several times.
  std::vector<std::uint32_t> nodes;     // A permutation of the trace's nodes.
};

/// Sorts the requests by name and shuffles them; then draws further ones, each with equal chance,
/// until the next would make the demand for cards exceed `percent` of the capacity; if the list
/// demands more than that from the start, removes random ones instead. The nodes get a random
/// order. As the authors do it, the test for the next one adds what it takes of one card. Nobody
/// leaves, nobody is tried twice. If no request asks for cards the list arrives once. Same seed,
/// same run. Paper: Weng et al., "Beware of Fragmentation", USENIX ATC 2023, section 6.1. O(n log
/// n).
Arrivals make_arrivals(std::span<const TraceRequest> requests, std::span<const NodeState> nodes,
                       std::int64_t percent, std::uint64_t seed);

}  // namespace intertie::placement::cards
