// What the tree of fabrics is measured against: a buddy allocator and random nodes.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "intertie/core/random.h"

namespace intertie::placement::fabric {

/// A run of nodes with neighbouring numbers.
struct Block {
  std::uint32_t first = 0;
  std::uint32_t nodes = 0;

  friend auto operator<=>(const Block&, const Block&) = default;
};

/// Assumes: a gang is whole nodes inside one super-node.
/// Binary buddies (Knowlton, "A fast storage allocator", CACM 8(10), 1965), the way HiveD (OSDI'20)
/// keeps topology: a super-node is cut into blocks of powers of two (48 = 32 + 16); a gang gets the
/// smallest free block that holds it, the lowest number among equals, halved as often as possible;
/// freed halves join again. What a block has beyond the gang is lost while the gang runs.
class BuddyBlocks {
 public:
  /// Super-nodes one after the other, with so many nodes each.
  explicit BuddyBlocks(const std::vector<std::uint32_t>& super_nodes);

  /// The block that holds `nodes` > 0 nodes, or nothing. O(orders + log blocks).
  std::optional<Block> allocate(std::uint32_t nodes);
  /// Gives back what allocate returned. O(orders * log blocks).
  void release(Block block);

  std::int64_t free_nodes() const { return free_nodes_; }
  /// Gangs of `nodes` that would still be served, one after the other. O(free blocks).
  std::int64_t count_gangs(std::uint32_t nodes) const;

 private:
  struct Root {
    std::uint32_t first;
    std::uint32_t order;
  };
  const Root& find_root(std::uint32_t node) const;

  std::vector<Root> roots_;                    // By first node.
  std::vector<std::set<std::uint32_t>> free_;  // By order: first nodes of the free blocks.
  std::int64_t free_nodes_ = 0;
};

/// Assumes: a gang is whole nodes inside one super-node.
/// A random super-node among those with enough free nodes, and random free nodes in it.
class RandomNodes {
 public:
  RandomNodes(const std::vector<std::uint32_t>& super_nodes, std::uint64_t seed);

  /// The nodes, or nothing. O(super-nodes + nodes of one).
  std::optional<std::vector<std::uint32_t>> allocate(std::uint32_t nodes);
  void release(const std::vector<std::uint32_t>& nodes);

  std::int64_t free_nodes() const { return free_nodes_; }
  /// Gangs of `nodes` that would still be served. O(super-nodes).
  std::int64_t count_gangs(std::uint32_t nodes) const;

 private:
  core::Random random_;
  std::vector<std::vector<std::uint32_t>> free_;  // By super-node, in no order.
  std::vector<std::uint32_t> super_node_of_;
  std::int64_t free_nodes_ = 0;
};

}  // namespace intertie::placement::fabric
