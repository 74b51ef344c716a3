// What is free on one node, card by card, in exact integers; and what one request takes of it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace intertie::placement::cards {

inline constexpr std::size_t cards_per_node_max = 8;
/// A whole card in thousandths.
inline constexpr std::int32_t milli_per_card = 1'000;

/// A device model by its place in a table of names (`ModelTable` in trace.h); nodes without cards,
/// or of a model that nobody names, have `model_none`.
using ModelId = std::uint8_t;
inline constexpr ModelId model_none = 63;
/// Models that have a name are 0..62.
inline constexpr std::size_t models_max = 63;

/// The device models that a request accepts. All of them, `model_none` too, unless it says so.
struct ModelSet {
  std::uint64_t bits = ~std::uint64_t{0};

  constexpr bool contains(ModelId model) const { return ((bits >> (model & 63U)) & 1U) != 0; }
  constexpr bool is_any() const { return bits == ~std::uint64_t{0}; }
  friend constexpr bool operator==(ModelSet, ModelSet) = default;
  friend constexpr auto operator<=>(ModelSet, ModelSet) = default;
};

/// Cards of one node: bit i is the card with index i.
using CardMask = std::uint8_t;

/// What one request needs, all of it on one node. `cards` may be 0 (processors only; `card_milli`
/// is then 0), 1 with a part of a card (1..1000), or several, each with at least `card_milli` left.
/// `is_valid` tells; the functions below assert it.
struct Shape {
  std::int32_t cpu_milli = 0;
  std::int32_t memory_mib = 0;
  std::int32_t card_milli = 0;  // Of each card.
  std::uint8_t cards = 0;
  ModelSet models;

  friend constexpr bool operator==(const Shape&, const Shape&) = default;
  friend constexpr auto operator<=>(const Shape&, const Shape&) = default;
};

/// No amount is negative, 0 <= card_milli <= 1000, and card_milli is 0 exactly if cards is 0. More
/// cards than a node can have are valid: such a shape fits nowhere. O(1).
constexpr bool is_valid(const Shape& shape) {
  return shape.cpu_milli >= 0 && shape.memory_mib >= 0 && shape.card_milli >= 0 &&
         shape.card_milli <= milli_per_card && (shape.cards == 0) == (shape.card_milli == 0);
}

/// What the request takes of all cards together, in thousandths of a card. O(1).
constexpr std::int64_t compute_card_milli(const Shape& shape) {
  return std::int64_t{shape.card_milli} * shape.cards;
}

/// What is free on one node now: 28 bytes, no history, so equal states are interchangeable and a
/// state is a key for what was computed from it. Cards from `cards` on do not exist and hold 0.
struct NodeState {
  std::int32_t cpu_milli = 0;
  std::int32_t memory_mib = 0;
  std::array<std::uint16_t, cards_per_node_max> card_milli{};  // Free, 0..1000.
  std::uint8_t cards = 0;
  ModelId model = model_none;

  friend constexpr bool operator==(const NodeState&, const NodeState&) = default;
  friend constexpr auto operator<=>(const NodeState&, const NodeState&) = default;
};

/// An empty node; cards <= cards_per_node_max, amounts not negative (asserted).
NodeState make_node(std::int32_t cpu_milli, std::int32_t memory_mib, std::uint8_t cards,
                    ModelId model);

/// Free thousandths of all cards together. O(cards).
std::int32_t compute_free_milli(const NodeState& node);
/// Cards of which nothing is taken. O(cards).
std::int32_t count_free_cards(const NodeState& node);

/// Cards that have at least shape.card_milli left; 0 for a shape without cards. O(cards).
CardMask find_fitting_cards(const NodeState& node, const Shape& shape);

/// Does the node have processors, memory, model and enough fitting cards for the request? O(cards).
bool fits(const NodeState& node, const Shape& shape);

/// Why not: the first of the checks, in this order, that fails.
enum class Misfit : std::uint8_t { model, cpu, memory, cards };
std::optional<Misfit> find_misfit(const NodeState& node, const Shape& shape);

/// Takes the request from the node: exactly shape.cards cards of `cards`, all fitting. It must fit
/// (asserted). O(cards).
void apply(NodeState& node, const Shape& shape, CardMask cards);

/// Gives back what `apply` took; nothing may become more than whole (asserted for cards). O(cards).
void release(NodeState& node, const Shape& shape, CardMask cards);

/// The `count` lowest cards of `candidates` (at least as many, asserted).
CardMask take_lowest(CardMask candidates, std::uint8_t count);

/// The fitting cards with least left, `shape.cards` of them, the lowest index first among equals;
/// 0 for a shape without cards. It must fit (asserted). O(cards^2).
CardMask find_tightest_cards(const NodeState& node, const Shape& shape);

/// The same node with its cards in descending order of what they have left, and which card stands
/// where: card i of the sorted state is card `order[i]` of the node. Scores do not depend on the
/// order of cards, so sorted states are the better key for an index. O(cards log cards).
struct SortedNode {
  NodeState state;
  std::array<std::uint8_t, cards_per_node_max> order{};

  /// Cards of the sorted state as cards of the node.
  CardMask to_node_cards(CardMask sorted_cards) const;
};
SortedNode sort_cards(const NodeState& node);

}  // namespace intertie::placement::cards
