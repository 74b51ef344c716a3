// Exact accounting of what is free in one pool: processors, memory, cards by index, disk space.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <vector>

#include <boost/describe.hpp>

#include "intertie/core/limits.h"
#include "intertie/core/quantity.h"
#include "intertie/placement/request.h"
#include "intertie/topology/pool.h"

namespace intertie::placement {

/// Device counts by device group of a pool's nodes.
using GroupCounts = std::array<std::uint8_t, core::limits::device_groups_per_node_max>;

/// What one task takes on a node of a certain pool.
struct TaskShape {
  core::MilliCpus cpus;
  core::Bytes memory;
  GroupCounts devices{};
  core::Bytes scratch{};

  friend bool operator==(const TaskShape&, const TaskShape&) = default;
};

/// Chooses a device group for each device request, such that one empty node has room for all of a
/// task's requests; nothing if there is no such choice. A request is never split over two groups.
/// The first choice in the order of requests and groups. Says nothing about cpus and memory.
std::optional<TaskShape> find_task_shape(const topology::Pool& pool,
                                         const Requirements& requirements);

/// Where one task runs and what it has there. Bit i of `devices` is device index i of the node.
struct TaskAllocation {
  std::uint32_t node = 0;
  core::MilliCpus cpus;
  core::Bytes memory;
  std::uint64_t devices = 0;
  core::Bytes scratch{};

  friend bool operator==(const TaskAllocation&, const TaskAllocation&) = default;
};
BOOST_DESCRIBE_STRUCT(TaskAllocation, (), (node, cpus, memory, devices, scratch))

/// What is free in a pool that is not accounted here in detail, as a beacon or an engine says.
struct FreeCounts {
  core::MilliCpus cpus;
  core::Bytes memory;
  std::array<std::int64_t, core::limits::device_groups_per_node_max> devices{};
  core::Bytes scratch{};  // Of the whole pool; means nothing if the pool's is unknown.
};

/// So many nodes, each with at least this much free.
struct NodeRoom {
  core::MilliCpus cpus;
  core::Bytes memory;
  GroupCounts devices{};
  std::uint32_t nodes = 0;

  friend bool operator==(const NodeRoom&, const NodeRoom&) = default;
};

/// What is free on one node, whether it is up or not. Bit i of `devices` is device index i.
struct NodeFree {
  core::MilliCpus cpus;
  core::Bytes memory;
  std::uint64_t devices = 0;
  bool is_up = true;
};

/// What the tasks that have devices have together, on all nodes.
struct CardUse {
  core::MilliCpus cpus;
  std::int64_t devices = 0;
  friend bool operator==(const CardUse&, const CardUse&) = default;
};

/// The free capacity of a pool, node by node; scratch space as one amount. A value; one thread at a
/// time.
///
/// Deterministic: what find_allocation returns depends only on what is allocated now, not on how
/// that came about, so an object rebuilt from the live allocations decides like the old one.
/// Nodes with equal free amounts (*states*) are kept together, so costs depend on the number of
/// different states S, which is small while tasks are alike, and on log(nodes).
class PoolCapacity {
 public:
  /// All nodes that are up are free. The pool has passed topology::check_pool.
  explicit PoolCapacity(const topology::Pool& pool);

  std::size_t node_count() const { return nodes_.size(); }

  /// What one empty node has. O(1).
  const FreeCounts& per_node() const { return per_node_; }

  /// Sums over the nodes that are up. O(1).
  const FreeCounts& free() const { return free_; }
  const FreeCounts& total() const { return total_; }

  /// The states of the nodes that are up and how many are in each, emptiest first. O(S).
  template <class Visit>
  void visit_rooms(const Visit& visit) const {
    for (auto at = states_.rbegin(); at != states_.rend(); ++at) {
      const auto& [state, nodes] = *at;
      visit(NodeRoom{state.cpus, state.memory, state.devices,
                     static_cast<std::uint32_t>(nodes.size())});
    }
  }

  const NodeFree& node(std::uint32_t node) const { return nodes_[node]; }
  const CardUse& card_use() const { return card_use_; }

  /// Grows by one with every change of a node; equal numbers of one object mean equal content.
  std::uint64_t version() const { return version_; }

  /// Visits the nodes that have changed since `version`, some of them repeatedly. False, and
  /// nothing is visited, if that is longer ago than is remembered
  /// (a quarter of the nodes, 16..1024 changes).
  template <class Visit>
  bool visit_changes(std::uint64_t version, const Visit& visit) const {
    if (version > version_ || version_ - version > changes_.size()) return false;
    for (; version < version_; ++version) visit(changes_[version % changes_.size()]);
    return true;
  }

  /// This object takes the place of `former`: its version is one that nobody has seen, and nothing
  /// is remembered of what changed before.
  void replace(const PoolCapacity& former);

  /// True if find_allocation would succeed. O(S), most often O(1). Allocates nothing.
  bool can_reserve(const TaskShape& shape, std::int64_t tasks) const;

  /// Places for all `tasks` (1..job_tasks_max), in the order of their rank, or nothing. Policy: if
  /// one node can take all tasks that are left, the fullest such node (fewest free devices, then
  /// cpus, then memory, then lowest index) takes them; else the node that can take most of them
  /// does, and so on: few nodes, and large holes stay whole. Lowest free device index first.
  /// O(S log S + tasks).
  std::optional<std::vector<TaskAllocation>> find_allocation(const TaskShape& shape,
                                                             std::int64_t tasks) const;

  /// True if everything the allocations name is free now, on nodes that are up. O(n log n).
  bool can_apply(std::span<const TaskAllocation> allocations) const;

  /// Takes what the allocations name; it must be free (asserted; the node may be down, for
  /// rebuilding). O(n log nodes).
  void apply(std::span<const TaskAllocation> allocations);

  /// find_allocation and apply in one.
  std::optional<std::vector<TaskAllocation>> reserve(const TaskShape& shape, std::int64_t tasks);

  /// Gives back what apply took; it must be taken (asserted). O(n log nodes).
  void release(std::span<const TaskAllocation> allocations);

  /// A node that goes down offers nothing; what runs there stays taken until it is released.
  void set_node_up(std::uint32_t node, bool is_up);

  /// Counts everything again from the nodes and from `live`, all allocations that should be taken
  /// now. False if anything differs. O(nodes log nodes + live).
  bool is_consistent_with(std::span<const TaskAllocation> live) const;

 private:
  struct State {  // Best-fit order: the members in this order.
    std::int64_t device_count = 0;
    core::MilliCpus cpus;
    core::Bytes memory;
    GroupCounts devices{};
    friend auto operator<=>(const State&, const State&) = default;
  };
  using FreeNode = NodeFree;
  using States = std::map<State, std::set<std::uint32_t>>;

  State make_state(const FreeNode& node) const;
  void count(FreeCounts& counts, const FreeNode& node, std::int64_t sign) const;
  void unindex(std::uint32_t node);
  void index(std::uint32_t node);
  States::const_iterator find_first_fit(const TaskShape& shape) const;
  static std::int64_t count_fitting(const State& state, const TaskShape& shape);
  void note_change(std::uint32_t node);
  void count_use(const TaskAllocation& task, std::int64_t sign);
  bool is_scratch_short(core::Bytes needed, std::int64_t tasks) const;
  bool exceeds_free(const TaskShape& shape, std::int64_t tasks) const;
  void append_tasks(std::uint32_t node, const TaskShape& shape, std::int64_t tasks,
                    std::vector<TaskAllocation>& allocations) const;

  std::vector<FreeNode> nodes_;
  States states_;  // Of the nodes that are up.
  std::array<std::uint64_t, core::limits::device_groups_per_node_max> group_masks_{};
  FreeNode empty_node_;
  FreeCounts per_node_;
  FreeCounts free_;
  FreeCounts total_;
  CardUse card_use_;
  std::uint64_t version_ = 0;
  std::vector<std::uint32_t> changes_;  // By version, modulo its size.
};

}  // namespace intertie::placement
