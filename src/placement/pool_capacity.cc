// The free capacity of a pool, kept by node and by state.
#include "intertie/placement/pool_capacity.h"

#include <algorithm>
#include <bit>
#include <cassert>

namespace intertie::placement {
namespace {

constexpr std::size_t kGroups = core::limits::device_groups_per_node_max;
constexpr std::int64_t kTasksMax = core::limits::job_tasks_max;

std::uint64_t make_mask(std::int64_t count) { return count >= 64 ? ~0ull : (1ull << count) - 1; }

/// The lowest `count` bits of `bits`.
std::uint64_t take_lowest(std::uint64_t bits, int count) {
  std::uint64_t taken = 0;
  for (; count > 0; --count) {
    const std::uint64_t lowest = bits & -bits;
    assert(lowest != 0);
    taken |= lowest;
    bits ^= lowest;
  }
  return taken;
}

/// A node that can take `fits` > 0 tasks, and those like it.
struct Choice {
  std::int64_t fits = 0;
  std::size_t order = 0;  // In best-fit order.
  std::set<std::uint32_t>::const_iterator next;
  std::set<std::uint32_t>::const_iterator end;
};

}  // namespace

PoolCapacity::PoolCapacity(const topology::Pool& pool) {
  assert(pool.devices_per_node.size() <= kGroups);
  std::int64_t first = 0;
  for (std::size_t group = 0; group < pool.devices_per_node.size(); ++group) {
    const std::int64_t count = pool.devices_per_node[group].count;
    group_masks_[group] = make_mask(count) << first;
    first += count;
  }
  assert(first <= std::int64_t{core::limits::devices_per_node_max});
  empty_node_ = {pool.cpus_per_node, pool.memory_per_node, make_mask(first), true};
  count(per_node_, empty_node_, 1);
  total_.scratch = free_.scratch = pool.scratch;
  nodes_.assign(pool.nodes.size(), empty_node_);
  changes_.resize(std::clamp<std::size_t>(nodes_.size() / 4, 16, 1'024));
  for (std::uint32_t node = 0; node < nodes_.size(); ++node) {
    nodes_[node].is_up = pool.nodes[node].is_up;
    if (!nodes_[node].is_up) continue;
    count(total_, empty_node_, 1);
    index(node);
  }
}

PoolCapacity::State PoolCapacity::make_state(const FreeNode& node) const {
  State state{std::popcount(node.devices), node.cpus, node.memory, {}};
  for (std::size_t group = 0; group < kGroups; ++group) {
    const int free = std::popcount(node.devices & group_masks_[group]);
    state.devices[group] = static_cast<std::uint8_t>(free);
  }
  return state;
}

void PoolCapacity::count(FreeCounts& counts, const FreeNode& node, std::int64_t sign) const {
  counts.cpus += node.cpus * sign;
  counts.memory += node.memory * sign;
  for (std::size_t group = 0; group < kGroups; ++group) {
    counts.devices[group] += sign * std::popcount(node.devices & group_masks_[group]);
  }
}

/// Takes a node that is about to change out of the index; index() puts it back.
void PoolCapacity::unindex(std::uint32_t node) {
  if (!nodes_[node].is_up) return;
  const auto state = states_.find(make_state(nodes_[node]));
  assert(state != states_.end());
  state->second.erase(node);
  if (state->second.empty()) states_.erase(state);
  count(free_, nodes_[node], -1);
}

void PoolCapacity::index(std::uint32_t node) {
  if (!nodes_[node].is_up) return;
  auto& alike = states_[make_state(nodes_[node])];
  alike.insert(alike.end(), node);
  count(free_, nodes_[node], 1);
}

/// Every state before this one, in best-fit order, is too small for one task.
PoolCapacity::States::const_iterator PoolCapacity::find_first_fit(const TaskShape& shape) const {
  State least{0, shape.cpus, shape.memory, {}};
  for (const std::uint8_t devices : shape.devices) least.device_count += devices;
  return states_.lower_bound(least);
}

/// How many tasks a node in this state can take; at most kTasksMax.
std::int64_t PoolCapacity::count_fitting(const State& state, const TaskShape& shape) {
  std::int64_t fits = kTasksMax;
  if (shape.cpus.count > 0) fits = std::min(fits, state.cpus.count / shape.cpus.count);
  if (shape.memory.count > 0) fits = std::min(fits, state.memory.count / shape.memory.count);
  for (std::size_t group = 0; group < kGroups; ++group) {
    const std::int64_t needed = shape.devices[group];
    if (needed > 0) fits = std::min(fits, state.devices[group] / needed);
  }
  return fits;
}

bool PoolCapacity::is_scratch_short(core::Bytes needed, std::int64_t tasks) const {
  return total_.scratch.count > 0 && needed.count > free_.scratch.count / tasks;
}

/// True if even the sums over all nodes are too small. needed * tasks > free without a product.
bool PoolCapacity::exceeds_free(const TaskShape& shape, std::int64_t tasks) const {
  if (shape.cpus.count > free_.cpus.count / tasks) return true;
  if (shape.memory.count > free_.memory.count / tasks) return true;
  if (is_scratch_short(shape.scratch, tasks)) return true;
  for (std::size_t group = 0; group < kGroups; ++group) {
    if (shape.devices[group] * tasks > free_.devices[group]) return true;
  }
  return false;
}

bool PoolCapacity::can_reserve(const TaskShape& shape, std::int64_t tasks) const {
  assert(tasks >= 1 && tasks <= kTasksMax);
  if (exceeds_free(shape, tasks)) return false;
  std::int64_t room = 0;
  const auto first = find_first_fit(shape);
  for (auto state = states_.end(); state != first;) {  // Emptiest first.
    --state;
    const auto nodes = static_cast<std::int64_t>(state->second.size());
    room += count_fitting(state->first, shape) * nodes;
    if (room >= tasks) return true;
  }
  return false;
}

void PoolCapacity::append_tasks(std::uint32_t node, const TaskShape& shape, std::int64_t tasks,
                                std::vector<TaskAllocation>& allocations) const {
  std::uint64_t free = nodes_[node].devices;
  for (; tasks > 0; --tasks) {
    std::uint64_t taken = 0;
    for (std::size_t group = 0; group < kGroups; ++group) {
      taken |= take_lowest(free & group_masks_[group], shape.devices[group]);
    }
    free ^= taken;
    allocations.push_back({node, shape.cpus, shape.memory, taken, shape.scratch});
  }
}

std::optional<std::vector<TaskAllocation>> PoolCapacity::find_allocation(const TaskShape& shape,
                                                                         std::int64_t tasks) const {
  assert(tasks >= 1 && tasks <= kTasksMax);
  if (exceeds_free(shape, tasks)) return std::nullopt;
  std::vector<TaskAllocation> allocations;
  std::vector<Choice> choices;
  std::int64_t room = 0;
  for (auto at = find_first_fit(shape); at != states_.end(); ++at) {
    const auto& [state, nodes] = *at;
    const std::int64_t fits = count_fitting(state, shape);
    if (fits >= tasks) {  // The fullest node that can take all.
      append_tasks(*nodes.begin(), shape, tasks, allocations);
      return allocations;
    }
    if (fits == 0) continue;
    room += fits * static_cast<std::int64_t>(nodes.size());
    choices.push_back({fits, choices.size(), nodes.begin(), nodes.end()});
  }
  if (room < tasks) return std::nullopt;
  allocations.reserve(static_cast<std::size_t>(tasks));
  std::ranges::stable_sort(choices, std::greater<>{}, &Choice::fits);
  for (auto choice = choices.begin(); tasks > 0; ++choice) {
    assert(choice != choices.end());  // There is room, so the tasks run out first.
    for (; choice->next != choice->end && tasks >= choice->fits; ++choice->next) {
      append_tasks(*choice->next, shape, choice->fits, allocations);
      tasks -= choice->fits;
    }
    if (choice->next == choice->end || tasks == 0) continue;
    auto last = choice;  // One node can take all that is left: again the fullest such.
    for (auto other = choice; other != choices.end() && other->fits >= tasks; ++other) {
      if (other->order < last->order) last = other;
    }
    append_tasks(*last->next, shape, tasks, allocations);
    tasks = 0;
  }
  return allocations;
}

bool PoolCapacity::can_apply(std::span<const TaskAllocation> allocations) const {
  std::vector<TaskAllocation> sorted(allocations.begin(), allocations.end());
  std::ranges::sort(sorted, {}, &TaskAllocation::node);
  FreeNode left;
  core::Bytes scratch;
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    const TaskAllocation& task = sorted[i];
    if (task.node >= nodes_.size() || !nodes_[task.node].is_up) return false;
    if (i == 0 || sorted[i - 1].node != task.node) left = nodes_[task.node];
    const bool is_free = task.cpus.count >= 0 && task.cpus <= left.cpus && task.memory.count >= 0 &&
                         task.memory <= left.memory && (task.devices & ~left.devices) == 0;
    scratch += task.scratch;
    if (!is_free || task.scratch.count < 0 || is_scratch_short(scratch, 1)) return false;
    left.cpus -= task.cpus;
    left.memory -= task.memory;
    left.devices ^= task.devices;
  }
  return true;
}

void PoolCapacity::note_change(std::uint32_t node) {
  changes_[version_ % changes_.size()] = node;
  ++version_;
}

void PoolCapacity::count_use(const TaskAllocation& task, std::int64_t sign) {
  if (task.devices == 0) return;
  card_use_.cpus += task.cpus * sign;
  card_use_.devices += sign * std::popcount(task.devices);
}

void PoolCapacity::replace(const PoolCapacity& former) {
  version_ = former.version_ + changes_.size() + 1;
}

void PoolCapacity::apply(std::span<const TaskAllocation> allocations) {
  for (const TaskAllocation& task : allocations) {
    assert(task.node < nodes_.size());
    FreeNode& node = nodes_[task.node];
    assert(task.cpus.count >= 0 && task.cpus <= node.cpus);
    assert(task.memory.count >= 0 && task.memory <= node.memory);
    assert((task.devices & ~node.devices) == 0);
    unindex(task.node);
    node.cpus -= task.cpus;
    node.memory -= task.memory;
    node.devices ^= task.devices;
    index(task.node);
    note_change(task.node);
    count_use(task, 1);
    assert(task.scratch.count >= 0 && !is_scratch_short(task.scratch, 1));
    if (total_.scratch.count > 0) free_.scratch -= task.scratch;
  }
}

std::optional<std::vector<TaskAllocation>> PoolCapacity::reserve(const TaskShape& shape,
                                                                 std::int64_t tasks) {
  auto allocations = find_allocation(shape, tasks);
  if (allocations) apply(*allocations);
  return allocations;
}

void PoolCapacity::release(std::span<const TaskAllocation> allocations) {
  for (const TaskAllocation& task : allocations) {
    assert(task.node < nodes_.size());
    FreeNode& node = nodes_[task.node];
    assert((task.devices & ~(empty_node_.devices & ~node.devices)) == 0);
    unindex(task.node);
    node.cpus += task.cpus;
    node.memory += task.memory;
    node.devices |= task.devices;
    assert(node.cpus <= empty_node_.cpus && node.memory <= empty_node_.memory);
    index(task.node);
    note_change(task.node);
    count_use(task, -1);
    if (total_.scratch.count > 0) free_.scratch += task.scratch;
    assert(free_.scratch <= total_.scratch);
  }
}

void PoolCapacity::set_node_up(std::uint32_t node, bool is_up) {
  assert(node < nodes_.size());
  if (nodes_[node].is_up == is_up) return;
  note_change(node);
  unindex(node);
  count(total_, empty_node_, is_up ? 1 : -1);
  nodes_[node].is_up = is_up;
  index(node);
}

bool PoolCapacity::is_consistent_with(std::span<const TaskAllocation> live) const {
  std::vector<FreeNode> expected(nodes_.size(), empty_node_);
  CardUse use;
  for (const TaskAllocation& task : live) {
    if (task.node >= expected.size()) return false;
    FreeNode& node = expected[task.node];
    if (task.cpus > node.cpus || task.memory > node.memory) return false;
    if ((task.devices & ~node.devices) != 0) return false;  // A card given twice.
    node.cpus -= task.cpus;
    node.memory -= task.memory;
    node.devices ^= task.devices;
    if (task.devices == 0) continue;
    use.cpus += task.cpus;
    use.devices += std::popcount(task.devices);
  }
  if (use != card_use_) return false;
  FreeCounts free;
  free.scratch = total_.scratch;
  if (total_.scratch.count > 0) {
    for (const TaskAllocation& task : live) free.scratch -= task.scratch;
  }
  std::size_t indexed = 0;
  for (const auto& [state, alike] : states_) indexed += alike.size();
  for (std::uint32_t i = 0; i < nodes_.size(); ++i) {
    const FreeNode& node = nodes_[i];
    if (node.cpus != expected[i].cpus || node.memory != expected[i].memory ||
        node.devices != expected[i].devices) {
      return false;
    }
    if (!node.is_up) continue;
    count(free, node, 1);
    const auto state = states_.find(make_state(node));
    if (state == states_.end() || !state->second.contains(i)) return false;
    --indexed;
  }
  return indexed == 0 && free.cpus == free_.cpus && free.memory == free_.memory &&
         free.devices == free_.devices && free.scratch == free_.scratch && free.scratch.count >= 0;
}

}  // namespace intertie::placement
