// The policy "bestfit".
//
// Assumes: nothing about requests to come; processors and cards are worth the same.
//
// Algorithm: the node that has least left afterwards:
// trunc(100 (1 - 0.5 cpu left / 128 cores - 0.5 cards left / 8)), on the tightest fitting card.
// Amounts above the scale count as the scale.
//
// As the baseline of Weng et al., "Beware of Fragmentation", USENIX ATC 2023, section 6.
#include <algorithm>

#include "cards/fit_scorers.h"

namespace intertie::placement::cards {

Scored BestFitScorer::score(const NodeState& node, const Shape& shape) const {
  const std::int64_t cpu =
      std::min<std::int64_t>(node.cpu_milli - shape.cpu_milli, cpu_milli_scale);
  const std::int64_t milli = compute_free_milli(node) - compute_card_milli(shape);
  // 100 - (50 cpu / 128,000 + 50 milli / 8,000), over the common denominator.
  constexpr std::int64_t scale = cpu_milli_scale * card_milli_scale;
  const std::int64_t left = 50 * (cpu * card_milli_scale + milli * cpu_milli_scale);
  return {static_cast<std::int32_t>((100 * scale - left) / scale),
          find_tightest_cards(node, shape)};
}

}  // namespace intertie::placement::cards
