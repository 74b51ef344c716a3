// The policy "intertie", the default: least regret.
//
// Assumes: the mix of requests is known, or learned from those that came; requests come in no
// particular order; most nodes run out of cards or of processors, not of memory.
//
// Algorithm: a node has a value, in cards, of what the usual requests could still make of it
// (node_value.h: cutting stock prices parts of a card, a Lagrange relaxation prices processors).
// The regret of a placement is the value that it destroys beyond the price of the request:
//   value(before) - value(after) - price(request).
// The node with the least regret wins: 128 - regret in twentieths of a card, rounded, in 0..255. So
// hungry requests go where processors abound, modest ones where they are short, parts of a card
// next to parts that fill it up, and whole cards stay whole for those who need them. The coarse
// steps are part of the algorithm: equal scores go to the first node, which concentrates. A part of
// a card takes the card with the least regret, the tightest among equals; whole cards the lowest
// free indexes.
//
// The score is one byte, a pure function of node and request.
//
// Sources: Gilmore and Gomory, "A linear programming approach to the cutting-stock problem", 1961
// (prices of parts); Talluri and van Ryzin, "An analysis of bid-price controls for network revenue
// management", 1998 (accepting by opportunity cost); Weng et al., "Beware of Fragmentation", USENIX
// ATC 2023 (known mix, coarse scores, first node among equals).
#include "cards/least_regret.h"

#include <algorithm>
#include <cassert>

namespace intertie::placement::cards {
namespace {

constexpr std::int64_t kStepsPerCard = 20;
constexpr std::int64_t kNoRegret = 128;
constexpr std::int64_t kHighest = 255;

std::int32_t rate(std::int64_t regret_micros) {
  // Rounded to nearest; the offset keeps the dividend positive, so that division rounds down.
  constexpr std::int64_t offset = 1'000'000;
  const std::int64_t steps =
      (regret_micros * kStepsPerCard + micros_per_card / 2 + offset * micros_per_card) /
          micros_per_card -
      offset;
  return static_cast<std::int32_t>(std::clamp<std::int64_t>(kNoRegret - steps, 0, kHighest));
}

}  // namespace

Scored LeastRegretScorer::score(const NodeState& node, const Shape& shape) const {
  assert(fits(node, shape));
  const std::int64_t left = value_.measure(node) - value_.price(shape);
  const CardMask fitting = find_fitting_cards(node, shape);
  const auto rate_cards = [&](CardMask cards) {
    NodeState after = node;
    apply(after, shape, cards);
    return Scored{rate(left - value_.measure(after)), cards};
  };
  if (shape.cards == 0 || shape.card_milli == milli_per_card) {
    return rate_cards(take_lowest(fitting, shape.cards));
  }
  if (shape.cards > 1) return rate_cards(find_tightest_cards(node, shape));
  Scored best{-1, 0};
  std::int32_t best_left = 0;
  unsigned tried = 0;  // Cards with equally much left are tried once.
  for (unsigned i = 0; i < node.cards; ++i) {
    if (((fitting >> i) & 1U) == 0 || ((tried >> i) & 1U) != 0) continue;
    for (unsigned j = i; j < node.cards; ++j) {
      tried |= static_cast<unsigned>(node.card_milli[j] == node.card_milli[i]) << j;
    }
    const Scored scored = rate_cards(static_cast<CardMask>(1U << i));
    const std::int32_t card_left = node.card_milli[i];
    if (scored.score < best.score) continue;
    if (scored.score == best.score && card_left >= best_left) continue;
    best = scored;
    best_left = card_left;
  }
  return best;
}

}  // namespace intertie::placement::cards
