// The policy "dotprod".
//
// Assumes: nothing about requests to come; a request should not go where much of what it wants is
// left, so that large holes stay.
//
// Algorithm: the smallest scalar product of what is free and what is asked for:
// trunc(100 (1 - (cpu free x cpu asked / 128 cores^2 + cards free x cards asked / 8^2) / 2)), on
// the tightest fitting card. Amounts above the scale count as the scale.
//
// After Grandl et al., "Multi-resource packing for cluster schedulers", SIGCOMM 2014, with the sign
// that Weng et al., "Beware of Fragmentation", USENIX ATC 2023, give their baseline.
#include <algorithm>

#include "cards/fit_scorers.h"

namespace intertie::placement::cards {

Scored DotProductScorer::score(const NodeState& node, const Shape& shape) const {
  const std::int64_t cpu_free = std::min<std::int64_t>(node.cpu_milli, cpu_milli_scale);
  const std::int64_t cpu = std::min<std::int64_t>(shape.cpu_milli, cpu_milli_scale);
  // 128,000^2 is 256 x 8,000^2: one denominator keeps all of it exact.
  constexpr std::int64_t ratio =
      (cpu_milli_scale / card_milli_scale) * (cpu_milli_scale / card_milli_scale);
  constexpr std::int64_t scale = cpu_milli_scale * cpu_milli_scale;
  const std::int64_t product =
      cpu_free * cpu + ratio * compute_free_milli(node) * compute_card_milli(shape);
  return {static_cast<std::int32_t>((200 * scale - 100 * product) / (2 * scale)),
          find_tightest_cards(node, shape)};
}

}  // namespace intertie::placement::cards
