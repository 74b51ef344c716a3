// The policy "random".
//
// Assumes: nothing; the floor that any policy must beat.
//
// Algorithm: one of the nodes that can take the request, each with equal chance; a part of a card
// goes to any of the fitting cards with equal chance, whole cards to the lowest indexes. The lots
// come from the seed, so a run can be repeated.
#include <bit>

#include "cards/cluster_policies.h"

namespace intertie::placement::cards {

std::optional<Pick> RandomPolicy::choose(const Cluster& cluster, const Shape& shape) {
  fitting_.clear();
  for (std::uint32_t node = 0; node < cluster.nodes().size(); ++node) {
    if (fits(cluster.nodes()[node], shape)) fitting_.push_back(node);
  }
  if (fitting_.empty()) return std::nullopt;
  Pick pick{fitting_[random_.below(fitting_.size())], 0};
  CardMask cards = find_fitting_cards(cluster.nodes()[pick.node], shape);
  if (shape.card_milli == milli_per_card || shape.cards == 0) {
    pick.cards = take_lowest(cards, shape.cards);
    return pick;
  }
  for (std::uint8_t i = 0; i < shape.cards; ++i) {
    auto skip = random_.below(static_cast<std::uint64_t>(std::popcount(cards)));
    unsigned rest = cards;
    for (; skip > 0; --skip) rest &= rest - 1;
    const unsigned card = rest & (~rest + 1);
    pick.cards = static_cast<CardMask>(pick.cards | card);
    cards = static_cast<CardMask>(cards & ~card);
  }
  return pick;
}

}  // namespace intertie::placement::cards
