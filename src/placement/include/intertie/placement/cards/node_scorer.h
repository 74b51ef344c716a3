// The interface of a node scorer: how well one request fits one node, as a pure function.
#pragma once

#include <cstdint>
#include <string_view>

#include "intertie/placement/cards/node_state.h"

namespace intertie::placement::cards {

/// Scores lie in 0..score_max; higher wins.
inline constexpr std::int32_t score_max = 65'535;

/// A score, and the cards to take on that node if it wins.
struct Scored {
  std::int32_t score = 0;
  CardMask cards = 0;

  friend bool operator==(const Scored&, const Scored&) = default;
};

/// Rates a node for a request. The contract that an index may build on:
/// - `score` is a function of its two arguments and of what the scorer was made from (the
/// workload's
///   mix, prices). A scorer never changes; new prices are a new scorer, and whoever memoised by
///   (state, shape) starts anew with it.
/// - The score does not depend on the order of the node's cards, nor does what is left on them
///   afterwards; among cards with equally much left the lowest indexes are taken. Only `fgd`, as it
///   was published, takes the first of several equally good cards: its cards depend on their order.
/// - The node with the highest score wins; equal scores go to the lowest position in the list of
///   nodes, never to the one used last. Half of the packing quality of FGD is this rule: it
///   concentrates, and it makes a rebuilt engine decide like the running one.
/// - Equal results on every machine: floating point without contraction, no tables from run time.
class NodeScorer {
 public:
  virtual ~NodeScorer() = default;

  /// The name for people and for `--policy`: "fgd".
  virtual std::string_view name() const = 0;

  /// `fits(node, shape)` must hold (asserted where it is cheap).
  virtual Scored score(const NodeState& node, const Shape& shape) const = 0;
};

}  // namespace intertie::placement::cards
