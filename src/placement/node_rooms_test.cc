// Rooms of nodes against the card engine itself: what it would say, from a summary of it.
#include "intertie/placement/node_rooms.h"

#include <algorithm>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include <gtest/gtest.h>

#include "intertie/core/random.h"

namespace intertie::placement {
namespace {

topology::Pool make_pool(std::size_t nodes) {
  topology::Pool pool;
  pool.cpus_per_node = {8'000};
  pool.memory_per_node = {100};
  pool.devices_per_node = {{"gpu", "", 4, {}}, {"npu", "", 2, {}}};
  for (std::size_t i = 0; i < nodes; ++i) pool.nodes.push_back({"n" + std::to_string(i), true});
  return pool;
}

TaskShape draw_shape(core::Random& random) {
  TaskShape shape{{random.between(1, 5) * 1'000}, {random.between(0, 40)}, {}, {}};
  if (random.chance(1, 3)) shape.devices[0] = static_cast<std::uint8_t>(random.between(1, 3));
  if (random.chance(1, 5)) shape.devices[1] = 1;
  return shape;
}

// The same nodes in one order, each by itself.
std::vector<std::tuple<std::int64_t, std::int64_t, GroupCounts>> list_nodes(
    const std::vector<NodeRoom>& rows) {
  std::vector<std::tuple<std::int64_t, std::int64_t, GroupCounts>> nodes;
  for (const NodeRoom& row : rows) {
    nodes.insert(nodes.end(), row.nodes, {row.cpus.count, row.memory.count, row.devices});
  }
  std::ranges::sort(nodes);
  return nodes;
}

TEST(NodeRooms, SayWhatTheCardEngineSays) {
  int refused = 0;
  int taken = 0;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    SCOPED_TRACE(seed);
    core::Random random(seed);
    PoolCapacity capacity(make_pool(static_cast<std::size_t>(random.between(1, 6))));
    capacity.set_node_up(0, random.chance(3, 4));
    NodeRooms rooms(list_rooms(capacity, 100));
    for (int step = 0; step < 30; ++step) {
      SCOPED_TRACE(step);
      const TaskShape shape = draw_shape(random);
      const std::int64_t tasks = random.between(1, 4);
      ASSERT_EQ(rooms.can_take(shape, tasks), capacity.can_reserve(shape, tasks));
      // Sums alone would say yes.
      const NodeRooms few(list_rooms(capacity, 3));
      EXPECT_LE(few.rows().size(), 3u);
      if (few.can_take(shape, tasks)) {
        ASSERT_TRUE(capacity.can_reserve(shape, tasks));
      }
      if (!capacity.reserve(shape, tasks)) {
        ++refused;
        continue;
      }
      ++taken;
      rooms.take(shape, tasks);
      ASSERT_EQ(list_nodes(rooms.rows()), list_nodes(list_rooms(capacity, 100)));
    }
  }
  EXPECT_GE(refused, 300);
  EXPECT_GE(taken, 300);
}

// Jobs of one shape that end leave the same room wherever they were.
TEST(NodeRooms, WhatIsGivenBackHasRoomAgain) {
  const NodeRoom empty{{8'000}, {100}, {4, 2}, 1};
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    SCOPED_TRACE(seed);
    core::Random random(seed);
    PoolCapacity capacity(make_pool(3));
    NodeRooms rooms(list_rooms(capacity, 100));
    const TaskShape shape = draw_shape(random);
    std::vector<std::vector<TaskAllocation>> live;
    for (int step = 0; step < 100; ++step) {
      if (random.chance(1, 2)) {
        ASSERT_EQ(rooms.can_take(shape, 1), capacity.can_reserve(shape, 1));
        if (auto allocation = capacity.reserve(shape, 1)) {
          live.push_back(std::move(*allocation));
          rooms.take(shape, 1);
        }
      } else if (!live.empty()) {
        const std::size_t which = random.below(live.size());
        capacity.release(live[which]);
        live.erase(live.begin() + static_cast<std::ptrdiff_t>(which));
        rooms.give(shape, 1, empty);
      }
    }
    rooms.give(shape, static_cast<std::int64_t>(live.size()), empty);
    EXPECT_EQ(list_nodes(rooms.rows()), list_nodes({{{8'000}, {100}, {4, 2}, 3}}));
    rooms.give(shape, 5, empty);  // Nobody has lost that.
    EXPECT_EQ(list_nodes(rooms.rows()), list_nodes({{{8'000}, {100}, {4, 2}, 3}}));
  }
}

TEST(NodeRooms, TheEmptiestNodesStandByThemselves) {
  PoolCapacity capacity(make_pool(10));
  for (std::int64_t cpus = 0; cpus < 8; ++cpus) {
    TaskShape shape{{8'000 - cpus * 1'000}, {1}, {}, {}};
    shape.devices[0] = 4;  // So that no two share a node.
    ASSERT_TRUE(capacity.reserve(shape, 1).has_value());
  }
  const std::vector<NodeRoom> rows = list_rooms(capacity, 4);
  ASSERT_EQ(rows.size(), 4u);
  EXPECT_EQ(rows[0], (NodeRoom{{8'000}, {100}, {4, 2}, 2}));
  std::uint32_t nodes = 0;
  for (const NodeRoom& row : rows) nodes += row.nodes;
  EXPECT_EQ(nodes, 10u);
  EXPECT_EQ(list_rooms(capacity, 100).size(), 9u);
  EXPECT_EQ(rows[1].cpus.count, 7'000);
  EXPECT_EQ(rows.back().cpus.count, 0);
}

TEST(NodeRooms, UnknownOnesSayNothing) {
  NodeRooms rooms;
  EXPECT_FALSE(rooms.is_known());
  EXPECT_TRUE(rooms.can_take({{1'000'000}, {}, {}, {}}, 1'000));
  rooms.take({{1'000}, {}, {}, {}}, 1);
  rooms.give({{1'000}, {}, {}, {}}, 1, {});
  EXPECT_TRUE(rooms.rows().empty());
  EXPECT_FALSE(NodeRooms(std::vector<NodeRoom>{}).can_take({{1}, {}, {}, {}}, 1));
}

}  // namespace
}  // namespace intertie::placement
