// How well a task with whole cards fits a node of a pool, as a scorer of the card engine.
#pragma once

#include <cstdint>
#include <string_view>

#include "intertie/core/quantity.h"
#include "intertie/placement/cards/node_scorer.h"
#include "intertie/placement/cards/node_value.h"

#include "cards/least_regret.h"

namespace intertie::placement {

/// A task without cards goes where the least regret is (cards/least_regret.cc), among equals to the
/// fullest node: it takes cores that no card needs. A task with cards goes to the node with the
/// fewest free ones, for whole nodes are what large tasks need; among equals where the least regret
/// is. Last, the fewest free cores, in 27ths of the node's. docs/decisions/0026 has the figures.
class PoolScorer final : public cards::NodeScorer {
 public:
  PoolScorer(core::MilliCpus cpus_per_node, core::MilliCpus cpus_per_card);

  std::string_view name() const override { return "pool"; }
  cards::Scored score(const cards::NodeState& node, const cards::Shape& shape) const override;

  /// Millionths of a card that are lost if the shape, of whole cards, goes to the node.
  std::int64_t compute_regret(const cards::NodeState& node, const cards::Shape& shape) const;

 private:
  std::int64_t cpus_per_node_;
  cards::LeastRegretScorer scorer_;
  cards::NodeValue value_;
};

}  // namespace intertie::placement
