// The card engine against brute force and against its own rebuilt copies.
#include "intertie/placement/pool_capacity.h"

#include <algorithm>
#include <bit>
#include <string>
#include <tuple>
#include <utility>

#include <gtest/gtest.h>

#include "intertie/core/random.h"

namespace intertie::placement {
namespace {

topology::Pool make_pool(std::size_t nodes, std::int64_t cpus, std::int64_t memory,
                         std::vector<topology::DeviceGroup> devices = {}) {
  topology::Pool pool;
  pool.cpus_per_node = {cpus};
  pool.memory_per_node = {memory};
  pool.devices_per_node = std::move(devices);
  for (std::size_t i = 0; i < nodes; ++i) pool.nodes.push_back({"n" + std::to_string(i), true});
  return pool;
}

TaskShape make_shape(std::int64_t cpus, std::int64_t memory, std::uint8_t first = 0,
                     std::uint8_t second = 0) {
  TaskShape shape{{cpus}, {memory}, {}};
  shape.devices[0] = first;
  shape.devices[1] = second;
  return shape;
}

std::vector<std::uint32_t> get_nodes(const std::vector<TaskAllocation>& allocations) {
  std::vector<std::uint32_t> nodes;
  for (const TaskAllocation& task : allocations) nodes.push_back(task.node);
  return nodes;
}

TEST(TaskShape, ARequestIsServedByOneGroup) {
  const topology::Pool pool =
      make_pool(1, 1, 1, {{"gpu", "a", 4, {80}}, {"gpu", "b", 4, {40}}, {"npu", "c", 2, {}}});
  const auto find = [&](std::vector<DeviceRequest> devices) {
    Requirements requirements;
    requirements.cpus = {7};
    requirements.memory = {9};
    requirements.devices = std::move(devices);
    return find_task_shape(pool, requirements);
  };
  EXPECT_EQ(find({}), make_shape(7, 9));
  EXPECT_EQ(find({{"gpu", "", 4, {}}}), make_shape(7, 9, 4));
  EXPECT_EQ(find({{"gpu", "b", 3, {}}}), make_shape(7, 9, 0, 3));
  EXPECT_EQ(find({{"gpu", "", 5, {}}}), std::nullopt);
  EXPECT_EQ(find({{"gpu", "b", 1, {41}}}), std::nullopt);
  EXPECT_EQ(find({{"gpu", "", 1, {41}}}), make_shape(7, 9, 1));
  EXPECT_EQ(find({{"tpu", "", 1, {}}}), std::nullopt);
  EXPECT_EQ(find({{"npu", "", 1, {1}}}), std::nullopt);  // Unknown memory is not enough.
  // The first request steps back for the second.
  EXPECT_EQ(find({{"gpu", "", 2, {}}, {"gpu", "a", 4, {}}}), make_shape(7, 9, 4, 2));
  EXPECT_EQ(find({{"gpu", "", 2, {}}, {"gpu", "", 2, {}}}), make_shape(7, 9, 4));
  EXPECT_EQ(find({{"gpu", "a", 3, {}}, {"gpu", "a", 2, {}}}), std::nullopt);
}

TEST(PoolCapacity, OneTaskGoesToTheFullestNodeThatFits) {
  PoolCapacity capacity(make_pool(3, 8, 100, {{"gpu", "", 4, {}}}));
  EXPECT_EQ(get_nodes(*capacity.reserve(make_shape(1, 1, 3), 1)), std::vector<std::uint32_t>{0});
  EXPECT_EQ(get_nodes(*capacity.reserve(make_shape(1, 1, 2), 1)), std::vector<std::uint32_t>{1});
  // Node 0 has one card left, node 1 two, node 2 four.
  EXPECT_EQ(get_nodes(*capacity.find_allocation(make_shape(1, 1, 2), 1))[0], 1u);
  EXPECT_EQ(get_nodes(*capacity.find_allocation(make_shape(1, 1, 1), 1))[0], 0u);
  EXPECT_EQ(get_nodes(*capacity.find_allocation(make_shape(1, 1, 3), 1))[0], 2u);
  EXPECT_EQ(get_nodes(*capacity.find_allocation(make_shape(1, 1), 1))[0], 0u);  // Keeps cards.
  EXPECT_EQ(capacity.find_allocation(make_shape(9, 1), 1), std::nullopt);
  EXPECT_EQ(capacity.find_allocation(make_shape(1, 101), 1), std::nullopt);
  EXPECT_EQ(capacity.find_allocation(make_shape(1, 1, 4), 2), std::nullopt);
}

TEST(PoolCapacity, GivesTheLowestFreeCardsOfTheRightGroup) {
  PoolCapacity capacity(make_pool(1, 8, 8, {{"gpu", "", 4, {}}, {"npu", "", 4, {}}}));
  const auto first = *capacity.reserve(make_shape(1, 1, 2, 1), 1);
  EXPECT_EQ(first[0].devices, 0b0001'0011u);
  const auto second = *capacity.reserve(make_shape(1, 1, 1, 1), 2);
  EXPECT_EQ(second[0].devices, 0b0010'0100u);
  EXPECT_EQ(second[1].devices, 0b0100'1000u);
  capacity.release(first);
  EXPECT_EQ((*capacity.find_allocation(make_shape(1, 1, 1, 2), 1))[0].devices, 0b1001'0001u);
}

TEST(PoolCapacity, AllSixtyFourCardsCount) {
  PoolCapacity capacity(make_pool(1, 64, 64, {{"gpu", "", 63, {}}, {"npu", "", 1, {}}}));
  EXPECT_EQ((*capacity.reserve(make_shape(1, 1, 63, 1), 1))[0].devices, ~0ull);
  EXPECT_EQ(PoolCapacity(make_pool(1, 1, 1, {{"gpu", "", 64, {}}})).total().devices[0], 64);
}

TEST(PoolCapacity, AGangTakesFewNodesAndLeavesLargeHolesWhole) {
  PoolCapacity capacity(make_pool(4, 80, 80, {{"gpu", "", 8, {}}}));
  const auto blocker = *capacity.reserve(make_shape(1, 1, 5), 1);  // Node 0 keeps three.
  // Ten tasks of one card: eight on the emptiest node, the last two in the hole of node 0.
  EXPECT_EQ(get_nodes(*capacity.find_allocation(make_shape(1, 1, 1), 10)),
            (std::vector<std::uint32_t>{1, 1, 1, 1, 1, 1, 1, 1, 0, 0}));
  EXPECT_EQ(get_nodes(*capacity.find_allocation(make_shape(1, 1, 1), 3)),
            (std::vector<std::uint32_t>{0, 0, 0}));
  EXPECT_EQ(get_nodes(*capacity.find_allocation(make_shape(1, 1, 1), 4)),
            (std::vector<std::uint32_t>{1, 1, 1, 1}));
  EXPECT_EQ(get_nodes(*capacity.find_allocation(make_shape(1, 1, 8), 3)),
            (std::vector<std::uint32_t>{1, 2, 3}));
  EXPECT_EQ(capacity.find_allocation(make_shape(1, 1, 8), 4), std::nullopt);
  EXPECT_EQ(capacity.find_allocation(make_shape(1, 1, 1), 27)->size(), 27u);
  EXPECT_EQ(capacity.find_allocation(make_shape(1, 1, 1), 28), std::nullopt);
}

TEST(PoolCapacity, ANodeThatIsDownOffersNothing) {
  topology::Pool pool = make_pool(2, 8, 8);
  pool.nodes[0].is_up = false;
  PoolCapacity capacity(pool);
  EXPECT_EQ(capacity.total().cpus.count, 8);
  const auto taken = *capacity.reserve(make_shape(8, 1), 1);
  EXPECT_EQ(taken[0].node, 1u);
  EXPECT_FALSE(capacity.can_reserve(make_shape(1, 1), 1));
  EXPECT_FALSE(capacity.can_apply(std::vector<TaskAllocation>{{0, {1}, {1}, 0}}));
  capacity.set_node_up(0, true);
  EXPECT_EQ(capacity.free().cpus.count, 8);
  EXPECT_EQ(capacity.total().cpus.count, 16);
  capacity.set_node_up(1, false);
  capacity.release(taken);  // Ends on a node that is down: not offered, but counted later.
  EXPECT_EQ(capacity.free().cpus.count, 8);
  EXPECT_FALSE(capacity.can_reserve(make_shape(5, 1), 2));
  capacity.set_node_up(1, true);
  EXPECT_TRUE(capacity.can_reserve(make_shape(5, 1), 2));
  EXPECT_TRUE(capacity.is_consistent_with({}));
}

TEST(PoolCapacity, TheVersionFollowsEveryChange) {
  PoolCapacity capacity(make_pool(2, 8, 8));
  const auto v0 = capacity.version();
  capacity.set_node_up(0, true);
  (void)capacity.find_allocation(make_shape(1, 1), 1);
  EXPECT_EQ(capacity.version(), v0);
  const auto taken = *capacity.reserve(make_shape(1, 1), 1);
  const auto v1 = capacity.version();
  capacity.release(taken);
  const auto v2 = capacity.version();
  capacity.set_node_up(0, false);
  EXPECT_TRUE(v0 != v1 && v1 != v2 && v2 != capacity.version());
}

TEST(PoolCapacity, CanApplySeesEveryConflict) {
  PoolCapacity capacity(make_pool(2, 8, 8, {{"gpu", "", 2, {}}}));
  const auto can = [&](std::vector<TaskAllocation> allocations) {
    return capacity.can_apply(allocations);
  };
  EXPECT_TRUE(can({{0, {4}, {4}, 1}, {1, {8}, {8}, 3}, {0, {4}, {4}, 2}}));
  EXPECT_FALSE(can({{0, {4}, {4}, 1}, {1, {8}, {8}, 3}, {0, {5}, {4}, 2}}));
  EXPECT_FALSE(can({{0, {4}, {4}, 1}, {0, {4}, {5}, 2}}));
  EXPECT_FALSE(can({{0, {4}, {4}, 1}, {0, {4}, {4}, 1}}));
  EXPECT_FALSE(can({{0, {4}, {4}, 4}}));
  EXPECT_FALSE(can({{2, {1}, {1}, 0}}));
  EXPECT_FALSE(can({{0, {-1}, {1}, 0}}));
  EXPECT_FALSE(can({{0, {1}, {-1}, 0}}));
}

TEST(PoolCapacity, TheRecountSeesDifferences) {
  PoolCapacity capacity(make_pool(2, 8, 8, {{"gpu", "", 2, {}}}));
  auto live = *capacity.reserve(make_shape(2, 2, 1), 2);
  EXPECT_TRUE(capacity.is_consistent_with(live));
  EXPECT_FALSE(capacity.is_consistent_with({}));
  auto other = live;
  other[0].cpus = {1};
  EXPECT_FALSE(capacity.is_consistent_with(other));
  other = live;
  other[0].memory = {1};
  EXPECT_FALSE(capacity.is_consistent_with(other));
  other = live;
  other[1].devices = other[0].devices;
  EXPECT_FALSE(capacity.is_consistent_with(other));
  other = live;
  other[1].node = 9;
  EXPECT_FALSE(capacity.is_consistent_with(other));
}

TEST(PoolCapacity, ScratchSpaceIsOneAmountOfThePool) {
  topology::Pool pool = make_pool(2, 8, 8);
  pool.scratch = {10};
  PoolCapacity capacity(pool);
  TaskShape shape = make_shape(1, 1);
  shape.scratch = {4};
  EXPECT_FALSE(capacity.can_reserve(shape, 3));
  EXPECT_EQ(capacity.find_allocation(shape, 3), std::nullopt);
  const auto taken = *capacity.reserve(shape, 2);
  EXPECT_EQ(taken[0].scratch.count, 4);
  EXPECT_EQ(capacity.free().scratch.count, 2);
  EXPECT_FALSE(capacity.can_reserve(shape, 1));
  EXPECT_FALSE(capacity.can_apply(std::vector<TaskAllocation>{{0, {1}, {1}, 0, {3}}}));
  EXPECT_TRUE(capacity.can_apply(std::vector<TaskAllocation>{{0, {1}, {1}, 0, {2}}}));
  EXPECT_FALSE(capacity.can_apply(
      std::vector<TaskAllocation>{{0, {1}, {1}, 0, {1}}, {1, {1}, {1}, 0, {2}}}));
  EXPECT_TRUE(capacity.can_reserve(make_shape(1, 1), 1));
  auto other = taken;
  other[0].scratch = {3};
  EXPECT_FALSE(capacity.is_consistent_with(other));
  capacity.set_node_up(0, false);  // The disk is not a node's.
  EXPECT_EQ(capacity.total().scratch.count, 10);
  capacity.release(taken);
  EXPECT_TRUE(capacity.is_consistent_with({}));
  EXPECT_EQ(capacity.free().scratch.count, 10);
}

TEST(PoolCapacity, ScratchSpaceThatIsNotKnownIsNotCounted) {
  PoolCapacity capacity(make_pool(1, 8, 8));
  TaskShape shape = make_shape(1, 1);
  shape.scratch = {1LL << 46};
  const auto taken = *capacity.reserve(shape, 2);
  EXPECT_EQ(capacity.free().scratch.count, 0);
  EXPECT_TRUE(capacity.is_consistent_with(taken));
  capacity.release(taken);
  EXPECT_TRUE(capacity.is_consistent_with({}));
}

/// The free amounts of every node, counted from the live allocations alone.
struct PlainNode {
  std::int64_t cpus;
  std::int64_t memory;
  std::uint64_t devices;
  bool is_up;
};

/// Puts tasks one by one on any node with room: complete, for tasks are alike and nodes apart.
std::int64_t count_room(std::vector<PlainNode> nodes, const TaskShape& shape,
                        const std::vector<std::uint64_t>& masks) {
  std::int64_t room = 0;
  for (PlainNode& node : nodes) {
    while (node.is_up) {
      std::uint64_t taken = 0;
      bool fits = node.cpus >= shape.cpus.count && node.memory >= shape.memory.count;
      for (std::size_t group = 0; group < masks.size(); ++group) {
        std::uint64_t free = node.devices & masks[group];
        fits = fits && std::popcount(free) >= shape.devices[group];
        for (int i = 0; fits && i < shape.devices[group]; ++i, free &= free - 1) {
          taken |= free & -free;
        }
      }
      if (!fits) break;
      node.cpus -= shape.cpus.count;
      node.memory -= shape.memory.count;
      node.devices &= ~taken;
      ++room;
    }
  }
  return room;
}

std::int64_t sum_scratch(const std::vector<std::vector<TaskAllocation>>& live) {
  std::int64_t sum = 0;
  for (const auto& allocations : live) {
    for (const TaskAllocation& task : allocations) sum += task.scratch.count;
  }
  return sum;
}

TaskShape draw_task_shape(core::Random& random) {
  TaskShape shape = make_shape(random.between(1, 6), random.between(0, 9),
                               static_cast<std::uint8_t>(random.below(4)),
                               static_cast<std::uint8_t>(random.below(3)));
  shape.scratch = {random.between(0, 9)};
  return shape;
}

TEST(PoolCapacity, AgreesWithBruteForceAndWithARebuiltCopy) {
  const std::vector<topology::DeviceGroup> groups = {{"gpu", "", 4, {}}, {"npu", "", 3, {}}};
  const std::vector<std::uint64_t> masks = {0b1111, 0b1110000};
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    SCOPED_TRACE(seed);
    core::Random random(seed);
    topology::Pool pool = make_pool(1 + random.below(7), 12, 24, groups);
    if (random.chance(1, 2)) pool.scratch = {random.between(1, 60)};
    PoolCapacity capacity(pool);
    std::vector<PlainNode> plain(pool.nodes.size(), {12, 24, 0b1111111, true});
    std::vector<std::vector<TaskAllocation>> live;
    for (int step = 0; step < 150; ++step) {
      SCOPED_TRACE(step);
      if (!live.empty() && random.chance(2, 5)) {
        const std::size_t which = random.below(live.size());
        for (const TaskAllocation& task : live[which]) {
          plain[task.node].cpus += task.cpus.count;
          plain[task.node].memory += task.memory.count;
          plain[task.node].devices |= task.devices;
        }
        capacity.release(live[which]);
        live.erase(live.begin() + static_cast<std::ptrdiff_t>(which));
      } else if (random.chance(1, 12)) {
        const auto node = static_cast<std::uint32_t>(random.below(plain.size()));
        plain[node].is_up = random.chance(2, 3);
        capacity.set_node_up(node, plain[node].is_up);
      }
      const TaskShape shape = draw_task_shape(random);
      const std::int64_t tasks = random.chance(1, 2) ? 1 : random.between(2, 12);
      const std::int64_t scratch = shape.scratch.count * tasks + sum_scratch(live);
      const bool has_room = (pool.scratch.count == 0 || scratch <= pool.scratch.count) &&
                            count_room(plain, shape, masks) >= tasks;
      ASSERT_EQ(capacity.can_reserve(shape, tasks), has_room);
      const auto found = capacity.find_allocation(shape, tasks);
      ASSERT_EQ(found.has_value(), has_room);
      // A copy that knows only what is live now decides alike.
      std::vector<TaskAllocation> all;
      for (const auto& some : live) all.insert(all.end(), some.begin(), some.end());
      PoolCapacity rebuilt(pool);
      random.shuffle(all);
      rebuilt.apply(all);
      for (std::uint32_t node = 0; node < plain.size(); ++node) {
        rebuilt.set_node_up(node, plain[node].is_up);
      }
      ASSERT_EQ(rebuilt.find_allocation(shape, tasks), found);
      ASSERT_TRUE(capacity.is_consistent_with(all));
      if (!found) continue;
      ASSERT_EQ(found->size(), static_cast<std::size_t>(tasks));
      ASSERT_TRUE(capacity.can_apply(*found));
      capacity.apply(*found);
      for (const TaskAllocation& task : *found) {
        PlainNode& node = plain[task.node];
        ASSERT_TRUE(node.is_up);
        ASSERT_EQ(task.cpus, shape.cpus);
        ASSERT_EQ(task.memory, shape.memory);
        ASSERT_EQ(task.devices & ~node.devices, 0u);
        for (std::size_t group = 0; group < masks.size(); ++group) {
          ASSERT_EQ(std::popcount(task.devices & masks[group]), shape.devices[group]);
        }
        node.cpus -= task.cpus.count;
        node.memory -= task.memory.count;
        node.devices &= ~task.devices;
        ASSERT_TRUE(node.cpus >= 0 && node.memory >= 0);
      }
      live.push_back(*found);
    }
  }
}

/// The policy in its plainest form: at every step all nodes are looked at.
std::vector<std::uint32_t> choose_plainly(std::vector<PlainNode> nodes, const TaskShape& shape,
                                          std::int64_t tasks) {
  std::vector<std::uint32_t> chosen;
  const std::vector<std::uint64_t> masks = {0b1111, 0b1110000};
  while (tasks > 0) {
    std::int64_t best = -1;
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      const std::int64_t room = std::min(tasks, count_room({nodes[i]}, shape, masks));
      if (room == 0) continue;
      const auto key = [&](std::size_t n) {
        return std::tuple(std::popcount(nodes[n].devices), nodes[n].cpus, nodes[n].memory,
                          std::popcount(nodes[n].devices & masks[0]), n);
      };
      const std::int64_t best_room =
          best < 0
              ? 0
              : std::min(tasks, count_room({nodes[static_cast<std::size_t>(best)]}, shape, masks));
      const bool is_better =
          room > best_room || (room == best_room && key(i) < key(static_cast<std::size_t>(best)));
      if (is_better) best = static_cast<std::int64_t>(i);
    }
    if (best < 0) return {};
    const auto node = static_cast<std::size_t>(best);
    const std::int64_t room = std::min(tasks, count_room({nodes[node]}, shape, masks));
    for (std::int64_t i = 0; i < room; ++i) chosen.push_back(static_cast<std::uint32_t>(best));
    tasks -= room;
    nodes[node].is_up = false;
  }
  return chosen;
}

TEST(PoolCapacity, FollowsThePolicyInItsPlainestForm) {
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    SCOPED_TRACE(seed);
    core::Random random(seed);
    PoolCapacity capacity(
        make_pool(2 + random.below(9), 12, 24, {{"gpu", "", 4, {}}, {"npu", "", 3, {}}}));
    std::vector<PlainNode> plain(capacity.node_count(), {12, 24, 0b1111111, true});
    for (std::uint32_t i = 0; i < plain.size(); ++i) {
      if (random.chance(1, 4)) continue;
      const TaskAllocation used{
          i, {random.between(0, 12)}, {random.between(0, 24)}, random.below(128)};
      capacity.apply({&used, 1});
      plain[i] = {12 - used.cpus.count, 24 - used.memory.count, 127 & ~used.devices, true};
    }
    const TaskShape shape = make_shape(random.between(1, 4), random.between(0, 5),
                                       static_cast<std::uint8_t>(random.below(3)),
                                       static_cast<std::uint8_t>(random.below(2)));
    const std::int64_t tasks = random.between(1, 20);
    const auto found = capacity.find_allocation(shape, tasks);
    ASSERT_EQ(found ? get_nodes(*found) : std::vector<std::uint32_t>{},
              choose_plainly(plain, shape, tasks));
  }
}

TEST(PoolCapacity, ALargePoolStaysExact) {
  PoolCapacity capacity(make_pool(20'000, 64'000, 1LL << 38, {{"gpu", "", 8, {}}}));
  const TaskShape shape = make_shape(8'000, 1LL << 33, 1);
  std::vector<TaskAllocation> live;
  for (int i = 0; i < 100; ++i) {
    const auto gang = *capacity.reserve(shape, 1'000);
    live.insert(live.end(), gang.begin(), gang.end());
  }
  EXPECT_EQ(capacity.free().devices[0], 160'000 - 100'000);
  EXPECT_TRUE(capacity.is_consistent_with(live));
  capacity.release(live);
  EXPECT_TRUE(capacity.is_consistent_with({}));
}

}  // namespace
}  // namespace intertie::placement
