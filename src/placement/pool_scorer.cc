// Least regret and best fit, in the order that the shape asks for.
#include "pool_scorer.h"

#include <algorithm>

namespace intertie::placement {
namespace {

constexpr std::int64_t kFreeSteps = 27;  // Of free cores.
constexpr std::int64_t kCardSteps = kFreeSteps + 1;
constexpr std::int64_t kRegretSteps = 256;  // Scores of LeastRegretScorer.

cards::Workload make_mix(core::MilliCpus cpus_per_card) {
  cards::Shape shape;
  shape.cpu_milli = static_cast<std::int32_t>(cpus_per_card.count);
  shape.cards = 1;
  shape.card_milli = cards::milli_per_card;
  return {{shape, 1}};
}

}  // namespace

PoolScorer::PoolScorer(core::MilliCpus cpus_per_node, core::MilliCpus cpus_per_card)
    : cpus_per_node_(std::max<std::int64_t>(cpus_per_node.count, 1)),
      scorer_(make_mix(cpus_per_card)),
      value_(make_mix(cpus_per_card)) {}

cards::Scored PoolScorer::score(const cards::NodeState& node, const cards::Shape& shape) const {
  cards::Scored scored = scorer_.score(node, shape);
  const std::int64_t cores =
      kFreeSteps - std::min(node.cpu_milli * kFreeSteps / cpus_per_node_, kFreeSteps);
  const std::int64_t cards = std::int64_t{cards::cards_per_node_max} - count_free_cards(node);
  const std::int64_t regret = scored.score;
  const std::int64_t score = shape.cards == 0
                                 ? (regret * kRegretSteps + cards * kCardSteps + cores)
                                 : (cards * kRegretSteps + regret) * kCardSteps + cores;
  scored.score = static_cast<std::int32_t>(score);
  return scored;
}

std::int64_t PoolScorer::compute_regret(const cards::NodeState& node,
                                        const cards::Shape& shape) const {
  cards::NodeState after = node;
  cards::apply(after, shape,
               cards::take_lowest(cards::find_fitting_cards(node, shape), shape.cards));
  return value_.measure(node) - value_.measure(after) - value_.price(shape);
}

}  // namespace intertie::placement
