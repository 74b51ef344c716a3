// What the free part of a node is worth in cards, given what requests usually ask for.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "intertie/placement/cards/node_state.h"
#include "intertie/placement/cards/workload.h"

namespace intertie::placement::cards {

/// Values are exact integers, so they do not depend on the order of cards or of additions.
inline constexpr std::int64_t micros_per_card = 1'000'000;

/// The value of a node: how many cards' worth of requests of the mix its free cards can still take,
/// if its free processors suffice. Parts of a card count by their prices (card_prices.h), a whole
/// card as one.
///
/// With all processors one could wish for, the value is the sum over cards of the best pattern that
/// fits into what is left. Processors limit that: let `price` be what a core costs and let every
/// request bring its price in cards minus the price of its cores; then for any price of cores
///   price x free cores + sum over cards of the best pattern at these prices
/// is at least the value with limited processors (Lagrange relaxation), and the least of these sums
/// is taken, over a fixed ladder of prices. So a node short of cores has a value that falls with
/// each core, a node with cores to spare one that does not, and everything between is smooth.
///
/// A request is taken to bring `caution` times the cores that requests of its size bring on
/// average: what comes next may be hungrier, and cards without cores are lost while cores without
/// cards are not.
class NodeValue {
 public:
  explicit NodeValue(const Workload& workload);

  /// Micros of a card, >= 0. Does not rise when something is taken. O(cards x ladder) additions.
  std::int64_t measure(const NodeState& node) const;

  /// What a request uses up when it is placed where nothing is lost: micros of a card.
  std::int64_t price(const Shape& shape) const;

 private:
  /// Prices of a core: 0, and a geometric ladder between the lowest and the highest price at which
  /// the requests of some size are just worth their cores.
  static constexpr std::size_t kLadder = 24;
  static constexpr double kCaution = 2.0;

  /// By what is left of a card, and by step of the ladder: the best pattern.
  std::vector<std::array<std::int32_t, kLadder>> best_;
  std::array<std::int64_t, kLadder> core_micros_{};        // The ladder, micros of a card a core.
  std::array<std::int32_t, milli_per_card + 1> prices_{};  // By part of a card.
};

}  // namespace intertie::placement::cards
