// Buddies and random nodes against a plain list of who has which node.
#include "intertie/placement/fabric/gang_baselines.h"

#include <numeric>

#include <gtest/gtest.h>

namespace intertie::placement::fabric {
namespace {

TEST(BuddyBlocks, BlocksNeverOverlapAndJoinAgain) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    SCOPED_TRACE(seed);
    core::Random random(seed);
    BuddyBlocks buddies({48, 64, 5});
    std::vector<int> owners(117, 0);
    std::vector<Block> live;
    for (int step = 0; step < 400; ++step) {
      if (!live.empty() && random.chance(2, 5)) {
        std::swap(live[random.below(live.size())], live.back());
        for (std::uint32_t i = 0; i < live.back().nodes; ++i) --owners[live.back().first + i];
        buddies.release(live.back());
        live.pop_back();
        continue;
      }
      const auto nodes = static_cast<std::uint32_t>(random.between(1, 20));
      const std::int64_t served = buddies.count_gangs(nodes);
      const std::optional<Block> block = buddies.allocate(nodes);
      ASSERT_EQ(block.has_value(), served > 0);
      if (!block) continue;
      live.push_back(*block);
      for (std::uint32_t i = 0; i < nodes; ++i) ASSERT_EQ(++owners[block->first + i], 1);
      ASSERT_TRUE(block->first + nodes <= 48 || block->first >= 48) << "crosses super-nodes";
    }
    for (const Block& block : live) buddies.release(block);
    EXPECT_EQ(buddies.free_nodes(), 117);
    EXPECT_EQ(buddies.count_gangs(64), 1);
    EXPECT_EQ(buddies.count_gangs(32), 3);
    EXPECT_EQ(buddies.count_gangs(1), 117);
  }
}

TEST(BuddyBlocks, TakesTheSmallestBlockThatHolds) {
  BuddyBlocks buddies({48});
  EXPECT_EQ(buddies.allocate(9), (Block{32, 9}));  // The 16, not half of the 32.
  EXPECT_EQ(buddies.allocate(9), (Block{0, 9}));
  EXPECT_EQ(buddies.free_nodes(), 16);
  EXPECT_FALSE(buddies.allocate(17));
}

TEST(RandomNodes, GivesFreeNodesOfOneSuperNode) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    SCOPED_TRACE(seed);
    RandomNodes nodes({4, 8}, seed);
    EXPECT_EQ(nodes.count_gangs(3), 3);
    const auto six = nodes.allocate(6);
    ASSERT_TRUE(six);
    std::vector<int> owners(12, 0);
    for (const std::uint32_t node : *six) {
      EXPECT_GE(node, 4U);
      EXPECT_EQ(++owners[node], 1);
    }
    EXPECT_FALSE(nodes.allocate(5));
    nodes.release(*six);
    EXPECT_EQ(nodes.free_nodes(), 12);
    EXPECT_TRUE(nodes.allocate(8));
  }
}

}  // namespace
}  // namespace intertie::placement::fabric
