// What the card engine saw when it chose a node, and how much of a pool's free cards is of use.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include <boost/describe.hpp>

#include "intertie/core/quantity.h"

namespace intertie::placement {

/// Why a node was left out; one that lacks several things counts under the first of these.
enum class NodeMisfit : std::uint8_t { down, cpus, memory, cards };
BOOST_DESCRIBE_ENUM(NodeMisfit, down, cpus, memory, cards)

struct MisfitCount {
  NodeMisfit why = NodeMisfit::down;
  std::int64_t nodes = 0;
  friend bool operator==(const MisfitCount&, const MisfitCount&) = default;
};
BOOST_DESCRIBE_STRUCT(MisfitCount, (), (why, nodes))

/// A node that would do. The regret is what the choice loses, in millionths of a card: the value of
/// the node before, less its value after, less the cards of the request. Below 0: it uses cards
/// that few others could.
struct RankedNode {
  std::uint32_t node = 0;
  std::int32_t score = 0;  // Higher wins; the lowest node among equals.
  std::int64_t regret_micros = 0;
  friend bool operator==(const RankedNode&, const RankedNode&) = default;
};
BOOST_DESCRIBE_STRUCT(RankedNode, (), (node, score, regret_micros))

/// Rows of CardChoice::best.
inline constexpr std::size_t ranked_nodes_max = 3;

/// One choice: fitting nodes and those left out together are all that were evaluated.
struct CardChoice {
  std::int64_t evaluated = 0;
  std::int64_t fitting = 0;
  std::vector<MisfitCount> infeasible;  // By reason, counts above 0.
  std::vector<RankedNode> best;         // The first was chosen; of its cell (card_engine.h).
  core::MilliCpus cpus_per_card;        // The mix: what a card brings in this pool.

  friend bool operator==(const CardChoice&, const CardChoice&) = default;
};
BOOST_DESCRIBE_STRUCT(CardChoice, (), (evaluated, fitting, infeasible, best, cpus_per_card))

/// The free cards of a pool, on nodes that are up.
struct CardSummary {
  std::int64_t free = 0;
  /// Thousandths of cards whose node has too few free cores for them, at `cpus_per_card` each.
  std::int64_t stranded_milli = 0;
  std::int64_t whole_nodes = 0;   // With all their cards free.
  std::int64_t largest = 0;       // The most free on one node.
  core::MilliCpus cpus_per_card;  // What a card brings in this pool.

  friend bool operator==(const CardSummary&, const CardSummary&) = default;
};
BOOST_DESCRIBE_STRUCT(CardSummary, (), (free, stranded_milli, whole_nodes, largest, cpus_per_card))

}  // namespace intertie::placement
