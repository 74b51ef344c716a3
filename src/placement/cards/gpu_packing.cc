// The policy "gpupacking".
//
// Assumes: nothing about requests to come; what counts is to keep whole cards and whole nodes free.
//
// Algorithm: shared cards before free cards before free nodes. Cards are taken tightest first. If
// none of them was wholly free: 100 - (sum of their free percent) / 10, at least 50. Else, on a
// node that is in use: 50 - (wholly free cards taken), at least 33. Else: 33 - (cards of the node),
// at least that number of cards. A request without cards scores 0 everywhere.
//
// As the baseline of Weng et al., "Beware of Fragmentation", USENIX ATC 2023, section 6, after the
// packing of Weng et al., "MLaaS in the wild", NSDI 2022.
#include <algorithm>

#include "cards/fit_scorers.h"

namespace intertie::placement::cards {

Scored GpuPackingScorer::score(const NodeState& node, const Shape& shape) const {
  if (shape.cards == 0) return {};
  const CardMask cards = find_tightest_cards(node, shape);
  const std::int32_t free_cards = count_free_cards(node);
  if (free_cards == node.cards) return {std::max(33 - free_cards, free_cards), cards};
  std::int32_t free_taken = 0;
  std::int32_t free_percent = 0;
  for (std::size_t i = 0; i < node.cards; ++i) {
    if (((cards >> i) & 1U) == 0) continue;
    free_taken += node.card_milli[i] == milli_per_card ? 1 : 0;
    free_percent += node.card_milli[i] / 10;
  }
  if (free_taken > 0) return {std::max(50 - free_taken, 33), cards};
  return {std::max(100 - free_percent / 10, 50), cards};
}

}  // namespace intertie::placement::cards
