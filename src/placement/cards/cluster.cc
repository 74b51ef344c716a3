// Accounting over all nodes.
#include "intertie/placement/cards/cluster.h"

#include <algorithm>
#include <cassert>
#include <limits>
#include <utility>

namespace intertie::placement::cards {

std::size_t get_kind(const Shape& shape) {
  if (shape.cards == 0) return 0;
  if (shape.card_milli < milli_per_card) return 1;
  return std::min<std::size_t>(shape.cards, cards_per_node_max) + 1;
}

Cluster::Cluster(std::vector<NodeState> nodes) : nodes_(std::move(nodes)), kinds_(nodes_.size()) {
  assert(nodes_.size() <= std::numeric_limits<std::uint32_t>::max());
  for (const NodeState& node : nodes_) free_milli_ += compute_free_milli(node);
  for (const NodeState& node : nodes_) capacity_milli_ += std::int64_t{node.cards} * milli_per_card;
}

void Cluster::place(const Shape& shape, const Pick& pick) {
  assert(pick.node < nodes_.size());
  apply(nodes_[pick.node], shape, pick.cards);
  std::uint16_t& count = kinds_[pick.node][get_kind(shape)];
  assert(count < std::numeric_limits<std::uint16_t>::max());
  ++count;
  free_milli_ -= compute_card_milli(shape);
  changes_.push_back(pick.node);
}

void Cluster::remove(const Shape& shape, const Pick& pick) {
  assert(pick.node < nodes_.size());
  release(nodes_[pick.node], shape, pick.cards);
  std::uint16_t& count = kinds_[pick.node][get_kind(shape)];
  assert(count > 0);
  --count;
  free_milli_ += compute_card_milli(shape);
  changes_.push_back(pick.node);
}

}  // namespace intertie::placement::cards
