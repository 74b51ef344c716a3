// Exact accounting on one node.
#include "intertie/placement/cards/node_state.h"

#include <algorithm>
#include <bit>
#include <cassert>

namespace intertie::placement::cards {

NodeState make_node(std::int32_t cpu_milli, std::int32_t memory_mib, std::uint8_t cards,
                    ModelId model) {
  assert(cpu_milli >= 0 && memory_mib >= 0 && cards <= cards_per_node_max);
  NodeState node{cpu_milli, memory_mib, {}, cards, model};
  for (std::size_t i = 0; i < cards; ++i) node.card_milli[i] = milli_per_card;
  return node;
}

std::int32_t compute_free_milli(const NodeState& node) {
  std::int32_t sum = 0;
  for (const std::uint16_t milli : node.card_milli) sum += milli;
  return sum;
}

std::int32_t count_free_cards(const NodeState& node) {
  return static_cast<std::int32_t>(std::ranges::count(node.card_milli, milli_per_card));
}

CardMask find_fitting_cards(const NodeState& node, const Shape& shape) {
  if (shape.cards == 0) return 0;
  unsigned mask = 0;
  for (unsigned i = 0; i < node.cards; ++i) {
    mask |= static_cast<unsigned>(node.card_milli[i] >= shape.card_milli) << i;
  }
  return static_cast<CardMask>(mask);
}

std::optional<Misfit> find_misfit(const NodeState& node, const Shape& shape) {
  assert(is_valid(shape));
  if (!shape.models.contains(node.model)) return Misfit::model;
  if (node.cpu_milli < shape.cpu_milli) return Misfit::cpu;
  if (node.memory_mib < shape.memory_mib) return Misfit::memory;
  if (std::popcount(find_fitting_cards(node, shape)) < shape.cards) return Misfit::cards;
  return std::nullopt;
}

bool fits(const NodeState& node, const Shape& shape) { return !find_misfit(node, shape); }

void apply(NodeState& node, const Shape& shape, CardMask cards) {
  assert(fits(node, shape) && std::popcount(cards) == shape.cards);
  assert((cards & ~find_fitting_cards(node, shape)) == 0);
  node.cpu_milli -= shape.cpu_milli;
  node.memory_mib -= shape.memory_mib;
  for (std::size_t i = 0; i < node.cards; ++i) {
    if (((cards >> i) & 1U) == 0) continue;
    node.card_milli[i] = static_cast<std::uint16_t>(node.card_milli[i] - shape.card_milli);
  }
}

void release(NodeState& node, const Shape& shape, CardMask cards) {
  assert(is_valid(shape) && std::popcount(cards) == shape.cards);
  assert((cards >> node.cards) == 0);
  node.cpu_milli += shape.cpu_milli;
  node.memory_mib += shape.memory_mib;
  for (std::size_t i = 0; i < node.cards; ++i) {
    if (((cards >> i) & 1U) == 0) continue;
    assert(node.card_milli[i] + shape.card_milli <= milli_per_card);
    node.card_milli[i] = static_cast<std::uint16_t>(node.card_milli[i] + shape.card_milli);
  }
}

CardMask take_lowest(CardMask candidates, std::uint8_t count) {
  assert(std::popcount(candidates) >= count);
  unsigned rest = candidates;
  for (std::uint8_t i = 0; i < count; ++i) rest &= rest - 1;
  return static_cast<CardMask>(candidates & ~rest);
}

CardMask find_tightest_cards(const NodeState& node, const Shape& shape) {
  unsigned left = find_fitting_cards(node, shape);
  assert(std::popcount(left) >= shape.cards);
  unsigned taken = 0;
  for (std::uint8_t count = 0; count < shape.cards; ++count) {
    unsigned best = 0;
    bool has_best = false;
    for (unsigned i = 0; i < node.cards; ++i) {
      if (((left >> i) & 1U) == 0) continue;
      if (has_best && node.card_milli[i] >= node.card_milli[best]) continue;
      best = i;
      has_best = true;
    }
    left &= ~(1U << best);
    taken |= 1U << best;
  }
  return static_cast<CardMask>(taken);
}

CardMask SortedNode::to_node_cards(CardMask sorted_cards) const {
  unsigned mask = 0;
  for (std::size_t i = 0; i < order.size(); ++i) {
    mask |= ((static_cast<unsigned>(sorted_cards) >> i) & 1U) << order[i];
  }
  return static_cast<CardMask>(mask);
}

SortedNode sort_cards(const NodeState& node) {
  SortedNode sorted{node, {}};
  for (std::size_t i = 0; i < sorted.order.size(); ++i) {
    sorted.order[i] = static_cast<std::uint8_t>(i);
  }
  // Insertion sort, stable: equal cards keep their order, so the lowest index stays first.
  for (std::size_t i = 1; i < node.cards; ++i) {
    for (std::size_t j = i; j > 0; --j) {
      if (sorted.state.card_milli[j - 1] >= sorted.state.card_milli[j]) break;
      std::swap(sorted.state.card_milli[j - 1], sorted.state.card_milli[j]);
      std::swap(sorted.order[j - 1], sorted.order[j]);
    }
  }
  return sorted;
}

}  // namespace intertie::placement::cards
