// Counts of wholly free cards in a tree of fabrics, and where in it a gang stays closest together.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

namespace intertie::placement::fabric {

inline constexpr std::size_t cards_per_node_max = 8;

/// Which fabric holds which: tier 0 are the nodes, the last tier is one fabric that holds all.
/// Fabric v of tier t > 0 holds the fabrics starts[t - 1][v] .. starts[t - 1][v + 1] - 1 of the
/// tier below, so neighbours have neighbouring numbers.
struct FabricLayout {
  std::vector<std::vector<std::uint32_t>> starts;
};

/// Every tier has a fabric, none is empty, each holds the tier below without gaps, and the last
/// tier has exactly one. O(fabrics).
bool is_valid(const FabricLayout& layout);

/// A fabric: its tier and its number there.
struct Fabric {
  std::uint32_t tier = 0;
  std::uint32_t index = 0;

  friend bool operator==(const Fabric&, const Fabric&) = default;
};

/// So many tasks of a gang on this node.
struct NodeShare {
  std::uint32_t node = 0;
  std::int32_t tasks = 0;

  friend bool operator==(const NodeShare&, const NodeShare&) = default;
};

/// Where a gang goes: the smallest fabric that holds it, and its nodes in ascending order.
struct GangPlan {
  Fabric fabric;
  std::vector<NodeShare> shares;
};

/// A gang: `tasks` > 0 tasks with `cards_per_task` (1..8) whole cards each, a task on one node.
struct GangRequest {
  std::int64_t tasks = 0;
  std::uint8_t cards_per_task = 0;
  std::uint32_t tier_max = ~0U;              // The largest fabric it may span.
  std::uint64_t models = ~std::uint64_t{0};  // Bit i: nodes of model i will do.
};

/// How many tasks of the gang at hand the node can take, all of its resources considered. It is
/// asked only about nodes on which the tree counts enough free cards.
using NodeProbe = std::function<std::int32_t(std::uint32_t node)>;

/// Free and usable cards of one tier, seen by blocks of a certain size.
struct BlockCount {
  std::int64_t free_tasks = 0;   // Tasks that fit, each for itself.
  std::int64_t block_tasks = 0;  // Of these in whole blocks inside one fabric of the tier.
};

/// Assumes: fabrics of one tier are alike but for their size, and a gang is faster the smaller the
/// fabric that holds all of it; whole cards only.
/// Keeps for every fabric and every c in 1..8 how many tasks of c whole cards fit below it
/// (the sum over its nodes of free / c), so "does it hold the gang" is one comparison.
/// Policy (best fit on counts, from the top): the lowest tier with a fabric that suffices. Among
/// those of that tier the descent begins below the top: of the fabrics that hold one which
/// suffices, those with fewest nodes, of these those with the least room, and so on tier by tier;
/// the lowest number among equals. So small gangs fill small super-nodes and those that are nearly
/// full, and large ones stay whole for who needs them. Inside the fabric found: the child with the
/// least room that suffices; if none does, the child with most room takes what it can, and so on:
/// few fabrics below. A gang that fits on one node goes to the node with fewest free cards of the
/// fabric of tier 1 that this descent finds. Depends on what is free now alone, never on history. A
/// value; one thread at a time.
class FabricTree {
 public:
  /// `layout` is valid (asserted). `models[node]` < 64. All nodes start with no free cards.
  FabricTree(FabricLayout layout, const std::vector<std::uint8_t>& models);

  std::uint32_t node_count() const { return static_cast<std::uint32_t>(free_cards_.size()); }
  /// Tiers above the nodes.
  std::uint32_t tier_count() const { return static_cast<std::uint32_t>(tiers_.size()); }
  /// Fabrics of a tier; tier 0 are the nodes. O(1).
  std::uint32_t fabric_count(std::uint32_t tier) const;

  /// Wholly free cards of a node, 0..8. O(1).
  std::uint8_t get_free_cards(std::uint32_t node) const { return free_cards_[node]; }
  /// The node has `cards` (0..8) wholly free cards now. O(tiers).
  void set_free_cards(std::uint32_t node, std::uint8_t cards);

  /// Tasks of `cards_per_task` cards that fit below a fabric. O(1).
  std::int64_t count_tasks(Fabric fabric, std::uint8_t cards_per_task) const;

  /// The fabric of this tier that holds the node. O(tiers).
  std::uint32_t find_fabric(std::uint32_t node, std::uint32_t tier) const;

  /// Places for all tasks or nothing; the counts are the same afterwards either way (an undo log
  /// takes back what was tried). Where `probe` says less than the counts, the node is left at that
  /// and the search goes on, so a plan is found whenever the policy's fabrics have room.
  /// O(fabrics of the tiers below the one chosen + nodes taken + nodes that the probe refused).
  std::optional<GangPlan> plan(const GangRequest& request, const NodeProbe& probe);

  /// What blocks of `tasks` tasks see of the free cards in fabrics of `tier` > 0. O(fabrics).
  BlockCount count_blocks(std::uint32_t tier, std::uint8_t cards_per_task,
                          std::int64_t tasks) const;

  /// Recounts every fabric from the nodes. O(nodes * tiers).
  bool is_consistent() const;

 private:
  using Room = std::array<std::uint32_t, cards_per_node_max>;  // Place c - 1: tasks of c cards.
  struct Tier {
    std::vector<std::uint32_t> starts;
    std::vector<std::uint32_t> parents;  // Of the fabrics below.
    std::vector<Room> rooms;
    std::vector<std::uint64_t> models;
    std::vector<std::uint32_t> sizes;  // Nodes below.
  };
  struct Undo {
    std::uint32_t node;
    std::uint8_t cards;
  };
  struct Search;

  std::int64_t get_room(Fabric fabric, const GangRequest& request) const;
  std::optional<Fabric> find_smallest(const GangRequest& request) const;
  std::optional<Fabric> find_tightest(std::uint32_t tier, const GangRequest& request) const;
  std::optional<Fabric> find_node(const GangRequest& request) const;
  template <class Accept>
  std::optional<std::uint32_t> descend(std::uint32_t tier, const GangRequest& request,
                                       const Accept& accept) const;
  bool is_tighter(std::uint32_t tier, std::uint32_t a, std::uint32_t b, std::uint8_t cards) const;
  std::int64_t fill(Search& search, Fabric fabric, std::int64_t tasks);
  std::int64_t fill_node(Search& search, std::uint32_t node, std::int64_t tasks);
  void take_back(std::vector<Undo>& log);

  std::vector<std::uint8_t> free_cards_;
  std::vector<std::uint8_t> models_;
  std::vector<Tier> tiers_;  // tiers_[0] is the tier above the nodes.
};

/// A layout of equal parts: `group_sizes[t]` fabrics of the tier below make one of tier t + 1; the
/// last of a tier may hold fewer. A top that holds all is added if needed. `nodes` > 0, sizes > 0
/// (asserted).
FabricLayout make_uniform_layout(std::uint32_t nodes,
                                 const std::vector<std::uint32_t>& group_sizes);

}  // namespace intertie::placement::fabric
