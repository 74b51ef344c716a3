// The nodes of one pool in a fixed order, what runs on them, and which of them changed.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "intertie/placement/cards/node_state.h"

namespace intertie::placement::cards {

/// Where a request goes: a position in the list of nodes and the cards there.
struct Pick {
  std::uint32_t node = 0;
  CardMask cards = 0;

  friend bool operator==(const Pick&, const Pick&) = default;
};

/// Kinds of card requests: no card, a part of a card, one whole card, two, ... (whole cards beyond
/// what a node has count as the last kind).
inline constexpr std::size_t request_kinds = cards_per_node_max + 2;
std::size_t get_kind(const Shape& shape);

/// Exact accounting of a list of nodes. What it answers depends on what is placed now, not on how
/// that came about; only `changes` remembers order, and serves caches alone.
class Cluster {
 public:
  /// The nodes' present states; `kinds` all zero.
  explicit Cluster(std::vector<NodeState> nodes);

  std::span<const NodeState> nodes() const { return nodes_; }
  /// How many requests of each kind run on the node.
  const std::array<std::uint16_t, request_kinds>& kinds(std::uint32_t node) const {
    return kinds_[node];
  }

  /// Takes the request; it must fit on those cards (asserted). O(cards).
  void place(const Shape& shape, const Pick& pick);
  /// Gives back what `place` took. O(cards).
  void remove(const Shape& shape, const Pick& pick);

  /// Thousandths of cards: free now; all that exist if the nodes were empty when given.
  std::int64_t free_milli() const { return free_milli_; }
  std::int64_t capacity_milli() const { return capacity_milli_; }

  /// Positions of nodes in the order of their changes, all since the beginning.
  const std::vector<std::uint32_t>& changes() const { return changes_; }

 private:
  std::vector<NodeState> nodes_;
  std::vector<std::array<std::uint16_t, request_kinds>> kinds_;
  std::vector<std::uint32_t> changes_;
  std::int64_t free_milli_ = 0;
  std::int64_t capacity_milli_ = 0;
};

}  // namespace intertie::placement::cards
