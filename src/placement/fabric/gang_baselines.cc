// Buddies and random nodes.
#include "intertie/placement/fabric/gang_baselines.h"

#include <algorithm>
#include <bit>
#include <cassert>

namespace intertie::placement::fabric {
namespace {

constexpr std::uint32_t kOrders = 32;

std::uint32_t find_order(std::uint32_t nodes) {
  return static_cast<std::uint32_t>(std::bit_width(nodes - 1));
}

}  // namespace

BuddyBlocks::BuddyBlocks(const std::vector<std::uint32_t>& super_nodes) : free_(kOrders) {
  std::uint32_t first = 0;
  for (std::uint32_t left : super_nodes) {
    free_nodes_ += left;
    while (left > 0) {
      const auto order = static_cast<std::uint32_t>(std::bit_width(left) - 1);
      roots_.push_back({first, order});
      free_[order].insert(first);
      first += 1U << order;
      left -= 1U << order;
    }
  }
}

const BuddyBlocks::Root& BuddyBlocks::find_root(std::uint32_t node) const {
  const auto after = std::ranges::upper_bound(roots_, node, {}, &Root::first);
  assert(after != roots_.begin());
  return *(after - 1);
}

std::optional<Block> BuddyBlocks::allocate(std::uint32_t nodes) {
  assert(nodes > 0);
  const std::uint32_t wanted = find_order(nodes);
  std::uint32_t order = wanted;
  while (order < kOrders && free_[order].empty()) ++order;
  if (order >= kOrders) return std::nullopt;
  const std::uint32_t first = *free_[order].begin();
  free_[order].erase(free_[order].begin());
  while (order > wanted) {
    --order;
    free_[order].insert(first + (1U << order));
  }
  free_nodes_ -= std::int64_t{1} << wanted;
  return Block{first, nodes};
}

void BuddyBlocks::release(Block block) {
  std::uint32_t order = find_order(block.nodes);
  const Root& root = find_root(block.first);
  free_nodes_ += std::int64_t{1} << order;
  std::uint32_t offset = block.first - root.first;
  for (; order < root.order; ++order) {
    const auto buddy = free_[order].find(root.first + (offset ^ (1U << order)));
    if (buddy == free_[order].end()) break;
    free_[order].erase(buddy);
    offset &= ~(1U << order);
  }
  const bool is_new = free_[order].insert(root.first + offset).second;
  assert(is_new);
}

std::int64_t BuddyBlocks::count_gangs(std::uint32_t nodes) const {
  std::int64_t gangs = 0;
  const std::uint32_t wanted = find_order(nodes);
  for (std::uint32_t order = wanted; order < kOrders; ++order) {
    gangs += static_cast<std::int64_t>(free_[order].size()) << (order - wanted);
  }
  return gangs;
}

RandomNodes::RandomNodes(const std::vector<std::uint32_t>& super_nodes, std::uint64_t seed)
    : random_(seed), free_(super_nodes.size()) {
  for (std::uint32_t super_node = 0; super_node < super_nodes.size(); ++super_node) {
    for (std::uint32_t i = 0; i < super_nodes[super_node]; ++i) {
      free_[super_node].push_back(static_cast<std::uint32_t>(super_node_of_.size()));
      super_node_of_.push_back(super_node);
    }
  }
  free_nodes_ = static_cast<std::int64_t>(super_node_of_.size());
}

std::optional<std::vector<std::uint32_t>> RandomNodes::allocate(std::uint32_t nodes) {
  std::uint64_t sufficient = 0;
  for (const auto& free : free_) sufficient += free.size() >= nodes ? 1U : 0U;
  if (sufficient == 0) return std::nullopt;
  std::uint64_t skip = random_.below(sufficient);
  auto chosen = free_.begin();
  while (chosen->size() < nodes || skip-- > 0) ++chosen;
  std::vector<std::uint32_t> taken;
  for (std::uint32_t i = 0; i < nodes; ++i) {
    std::swap((*chosen)[random_.below(chosen->size())], chosen->back());
    taken.push_back(chosen->back());
    chosen->pop_back();
  }
  free_nodes_ -= nodes;
  return taken;
}

void RandomNodes::release(const std::vector<std::uint32_t>& nodes) {
  for (const std::uint32_t node : nodes) free_[super_node_of_[node]].push_back(node);
  free_nodes_ += static_cast<std::int64_t>(nodes.size());
}

std::int64_t RandomNodes::count_gangs(std::uint32_t nodes) const {
  std::int64_t gangs = 0;
  for (const auto& free : free_) gangs += static_cast<std::int64_t>(free.size() / nodes);
  return gangs;
}

}  // namespace intertie::placement::fabric
