// The policy "firstfit".
//
// Assumes: nothing at all.
//
// Algorithm: the first node in the fixed order of nodes that can take the request, on the tightest
// fitting card. The order alone concentrates, so this is the cheap baseline to beat.
//
// As old as bin packing: Johnson, "Near-optimal bin packing algorithms", MIT, 1973.
#include "cards/fit_scorers.h"

namespace intertie::placement::cards {

Scored FirstFitScorer::score(const NodeState& node, const Shape& shape) const {
  return {0, find_tightest_cards(node, shape)};
}

}  // namespace intertie::placement::cards
