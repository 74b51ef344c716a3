// A pool's capacity under reservations, releases and lost nodes, against a list of nodes that is
// searched in the plainest way.
#include <bit>

#include "intertie/placement/pool_capacity.h"

#include "byte_choices.h"
#include "fuzz_target.h"

namespace intertie::fuzz {
namespace {

using placement::TaskAllocation;
using placement::TaskShape;

constexpr int kStepsMax = 200;

struct PlainNode {
  std::int64_t cpus = 0;
  std::int64_t memory = 0;
  std::uint64_t cards = 0;  // Free ones.
  bool is_up = true;
};

/// Nodes with two groups of cards: `first` of one kind from bit 0, `second` behind them.
class PlainPool {
 public:
  PlainPool(std::size_t nodes, PlainNode empty, unsigned first, unsigned second)
      : nodes_(nodes, empty), first_(first) {
    masks_[0] = (std::uint64_t{1} << first) - 1;
    masks_[1] = ((std::uint64_t{1} << second) - 1) << first;
  }

  std::int64_t count_fitting(const TaskShape& shape) const {
    std::int64_t tasks = 0;
    for (const PlainNode& node : nodes_) {
      if (!node.is_up) continue;
      std::int64_t here = 1'000'000;
      if (shape.cpus.count > 0) here = std::min(here, node.cpus / shape.cpus.count);
      if (shape.memory.count > 0) here = std::min(here, node.memory / shape.memory.count);
      for (std::size_t group = 0; group < 2; ++group) {
        const auto free = std::popcount(node.cards & masks_[group]);
        if (shape.devices[group] > 0) {
          here = std::min<std::int64_t>(here, free / shape.devices[group]);
        }
      }
      tasks += here;
    }
    return tasks;
  }

  void take(const TaskAllocation& task, const TaskShape& shape) {
    PlainNode& node = nodes_.at(task.node);
    check(node.is_up, "a task is on a node that is up");
    check(task.cpus == shape.cpus && task.memory == shape.memory, "a task has what it asked for");
    check((node.cards & task.devices) == task.devices, "its cards were free");
    for (std::size_t group = 0; group < 2; ++group) {
      check(std::popcount(task.devices & masks_[group]) == shape.devices[group],
            "it has so many cards of each group");
    }
    node.cpus -= task.cpus.count;
    node.memory -= task.memory.count;
    node.cards &= ~task.devices;
    check(node.cpus >= 0 && node.memory >= 0, "nothing is given twice");
  }

  void give(const TaskAllocation& task) {
    PlainNode& node = nodes_.at(task.node);
    node.cpus += task.cpus.count;
    node.memory += task.memory.count;
    node.cards |= task.devices;
  }

  void set_up(std::size_t node, bool is_up) { nodes_[node].is_up = is_up; }

  std::int64_t sum_cpus() const {
    std::int64_t sum = 0;
    for (const PlainNode& node : nodes_) sum += node.is_up ? node.cpus : 0;
    return sum;
  }

 private:
  std::vector<PlainNode> nodes_;
  std::uint64_t masks_[2] = {0, 0};
  unsigned first_;
};

}  // namespace

void take_input(std::string_view input) {
  ByteChoices bytes(input);
  const std::size_t nodes = 1 + bytes.below(6);
  const auto first = static_cast<std::uint8_t>(1 + bytes.below(8));
  const auto second = static_cast<std::uint8_t>(1 + bytes.below(4));
  topology::Pool pool;
  pool.cpus_per_node = {16};
  pool.memory_per_node = {64};
  pool.devices_per_node = {{"gpu", "", first, {}}, {"npu", "", second, {}}};
  for (std::size_t i = 0; i < nodes; ++i) pool.nodes.push_back({"n" + std::to_string(i), true});
  placement::PoolCapacity capacity(pool);
  const std::uint64_t cards = (std::uint64_t{1} << (first + second)) - 1;
  PlainPool plain(nodes, {16, 64, cards, true}, first, second);
  std::vector<std::vector<TaskAllocation>> live;
  for (int step = 0; step < kStepsMax && !bytes.is_empty(); ++step) {
    const std::uint64_t what = bytes.below(8);
    if (what < 5) {
      TaskShape shape{{static_cast<std::int64_t>(1 + bytes.below(17))},
                      {static_cast<std::int64_t>(1 + bytes.below(65))},
                      {}};
      shape.devices[0] = static_cast<std::uint8_t>(bytes.below(first + 1));
      shape.devices[1] = static_cast<std::uint8_t>(bytes.below(second + 1));
      const auto tasks = static_cast<std::int64_t>(1 + bytes.below(5));
      const bool fits = plain.count_fitting(shape) >= tasks;
      check(capacity.can_reserve(shape, tasks) == fits, "room is seen where there is room");
      const auto taken = capacity.reserve(shape, tasks);
      check(taken.has_value() == fits, "what fits is reserved");
      if (!taken) continue;
      check(taken->size() == static_cast<std::size_t>(tasks), "all or none");
      for (const TaskAllocation& task : *taken) plain.take(task, shape);
      live.push_back(*taken);
    } else if (what < 7 && !live.empty()) {
      const std::size_t which = bytes.below(live.size());
      capacity.release(live[which]);
      for (const TaskAllocation& task : live[which]) plain.give(task);
      live.erase(live.begin() + static_cast<std::ptrdiff_t>(which));
    } else {
      const auto node = static_cast<std::uint32_t>(bytes.below(nodes));
      const bool is_up = bytes.chance(1, 2);
      capacity.set_node_up(node, is_up);
      plain.set_up(node, is_up);
    }
    check(capacity.free().cpus.count == plain.sum_cpus(), "what is free is what is left");
  }
  std::vector<TaskAllocation> all;
  for (const auto& one : live) all.insert(all.end(), one.begin(), one.end());
  check(capacity.is_consistent_with(all), "the books agree with what is reserved");
}

std::vector<std::string> make_seeds() {
  std::vector<std::string> seeds;
  for (std::uint64_t seed = 1; seed <= 8; ++seed) seeds.push_back(make_choice_bytes(seed, 1'500));
  return seeds;
}

}  // namespace intertie::fuzz
