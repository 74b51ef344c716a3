// The card engine of one pool: which node and cards a task of one node gets there.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "intertie/placement/card_choice.h"
#include "intertie/placement/cards/card_engine.h"
#include "intertie/placement/pool_capacity.h"
#include "intertie/topology/pool.h"

namespace intertie::placement {

class PoolScorer;

/// Whether a pool's cards are chosen by the engine: authority `intertie`, one group of 1..8
/// devices a node, at most 2 million cores and 2 PiB of memory a node. All others go by
/// PoolCapacity::find_allocation. O(1).
bool has_card_engine(const topology::Pool& pool);

/// Cores that a card brings in the pool, from what runs there now: the mean over the tasks that
/// have cards and over as many untouched cards as one node has, each at half its share of the
/// node's cores (the scorer doubles it: node_value.h); no more than that half, so that an untouched
/// node never seems short of cores. Rounded down to 2^k or 3 * 2^k thousandths of a core, so that
/// it changes rarely; at least 1. A function of what is taken now: no history. O(1).
core::MilliCpus compute_cpus_per_card(const PoolCapacity& capacity);

/// O(states of the pool).
CardSummary summarise_cards(const PoolCapacity& capacity);

/// Scorers are alike for pools of one kind of node and one mix; they are kept here. One thread.
class CardScorers {
 public:
  std::shared_ptr<const PoolScorer> get(core::MilliCpus cpus_per_node,
                                        core::MilliCpus cpus_per_card);

 private:
  std::map<std::pair<core::MilliCpus, core::MilliCpus>, std::shared_ptr<const PoolScorer>> scorers_;
};

/// A CardEngine over a pool's nodes. It is an index: what it chooses is a function of `capacity` as
/// it is at the call and of the request, so one made anew chooses like one that ran.
///
/// Rule, for the mix of compute_cpus_per_card: a task with cards goes to the node with the fewest
/// free cards, among equals where the least regret is, in twentieths of a card; a task without
/// cards where the least regret is, among equals to the fewest free cards; then the fewest free
/// cores (in 27 steps), then the first node; in pools of more than 1,216 nodes, of the first such
/// run with a node that fits. It gets the lowest free cards.
///
/// Memory counts in whole MiB here, rounded against the task; what fits only by a part of a MiB is
/// found by PoolCapacity. Cost: what changed since the last call, or O(nodes) if that is more than
/// PoolCapacity remembers or the mix has another step; then CardEngine::choose.
class PoolCards {
 public:
  /// `pool` has_card_engine (asserted). `scorers` must outlive this. O(nodes).
  PoolCards(const topology::Pool& pool, const PoolCapacity& capacity, CardScorers& scorers);

  /// `capacity` is the same pool's, always. Nothing: fits nowhere, or by a part of a MiB only.
  std::optional<TaskAllocation> choose(const PoolCapacity& capacity, const TaskShape& shape);

  /// What the same call of choose sees. Allocates. O(cell) more than choose.
  CardChoice explain(const PoolCapacity& capacity, const TaskShape& shape);

  const cards::CardEngine& engine() const { return engine_; }

 private:
  void follow(const PoolCapacity& capacity);
  void load(const PoolCapacity& capacity, std::uint32_t node);

  CardScorers* scorers_;
  core::MilliCpus cpus_per_node_;
  core::MilliCpus cpus_per_card_;
  std::uint8_t cards_per_node_ = 0;
  std::uint64_t version_ = 0;
  std::shared_ptr<const PoolScorer> scorer_;
  cards::CardEngine engine_;
};

}  // namespace intertie::placement
