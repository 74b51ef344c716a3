// The tree of fabrics against recounts and a search of every fabric.
#include "intertie/placement/fabric/fabric_tree.h"

#include <algorithm>
#include <numeric>
#include <string>

#include <gtest/gtest.h>

#include "intertie/core/random.h"

namespace intertie::placement::fabric {
namespace {

/// A tree with uneven fabrics, and what a test knows about its nodes.
struct World {
  FabricLayout layout;
  std::vector<std::uint8_t> models;
  std::vector<std::uint8_t> free;
  std::vector<std::int32_t> limit;  // What the probe says at most, in tasks.
};

World make_world(core::Random& random, std::uint8_t model_count, bool is_limited) {
  World world;
  auto below = static_cast<std::uint32_t>(random.between(1, 40));
  const std::uint32_t nodes = below;
  while (below > 1 || world.layout.starts.empty()) {
    std::vector<std::uint32_t> starts{0};
    while (starts.back() < below) {
      const auto size = static_cast<std::uint32_t>(random.between(1, 6));
      starts.push_back(std::min(below, starts.back() + size));
    }
    below = static_cast<std::uint32_t>(starts.size() - 1);
    world.layout.starts.push_back(std::move(starts));
  }
  for (std::uint32_t node = 0; node < nodes; ++node) {
    world.models.push_back(static_cast<std::uint8_t>(random.below(model_count)));
    const bool is_whole = random.chance(1, 2);
    world.free.push_back(is_whole ? 8 : static_cast<std::uint8_t>(random.below(9)));
    const bool is_short = is_limited && random.chance(1, 4);
    world.limit.push_back(is_short ? static_cast<std::int32_t>(random.below(3)) : 8);
  }
  return world;
}

FabricTree make_tree(const World& world) {
  FabricTree tree(world.layout, world.models);
  for (std::uint32_t node = 0; node < world.free.size(); ++node) {
    tree.set_free_cards(node, world.free[node]);
  }
  return tree;
}

std::int32_t count_exact(const World& world, const GangRequest& request, std::uint32_t node) {
  if (((request.models >> world.models[node]) & 1) == 0) return 0;
  return std::min(world.free[node] / request.cards_per_task, world.limit[node]);
}

/// First and last + 1 node of a fabric, straight from the layout.
std::pair<std::uint32_t, std::uint32_t> find_nodes(const FabricLayout& layout, Fabric fabric) {
  std::uint32_t first = fabric.index;
  std::uint32_t last = fabric.index + 1;
  for (std::uint32_t tier = fabric.tier; tier > 0; --tier) {
    first = layout.starts[tier - 1][first];
    last = layout.starts[tier - 1][last];
  }
  return {first, last};
}

std::int64_t count_below(const World& world, const GangRequest& request, Fabric fabric) {
  const auto [first, last] = find_nodes(world.layout, fabric);
  std::int64_t room = 0;
  for (std::uint32_t node = first; node < last; ++node) room += count_exact(world, request, node);
  return room;
}

/// Where the descent comes by: nodes and room of each fabric from the top down to this one.
std::vector<std::int64_t> make_key(const World& world, const FabricTree& tree,
                                   const GangRequest& request, Fabric fabric) {
  std::vector<std::int64_t> key;
  const std::uint32_t node = find_nodes(world.layout, fabric).first;
  for (std::uint32_t tier = tree.tier_count(); tier + 1 > fabric.tier; --tier) {
    const Fabric at{tier, tree.find_fabric(node, tier)};
    const auto [first, last] = find_nodes(world.layout, at);
    key.insert(key.end(), {last - first, count_below(world, request, at), at.index});
    if (tier == 0) break;
  }
  return key;
}

/// Every fabric, tier by tier: the first tier with one that suffices, there the least key.
std::optional<Fabric> search_all(const World& world, const FabricTree& tree,
                                 const GangRequest& request) {
  for (std::uint32_t tier = 0; tier <= std::min(tree.tier_count(), request.tier_max); ++tier) {
    std::optional<Fabric> best;
    GangRequest counted = request;  // On a node, all tasks are one.
    if (tier == 0) counted = {1, static_cast<std::uint8_t>(request.tasks * request.cards_per_task)};
    const auto key = [&](Fabric fabric) { return make_key(world, tree, counted, fabric); };
    for (std::uint32_t index = 0; index < tree.fabric_count(tier); ++index) {
      if (count_below(world, request, {tier, index}) < request.tasks) continue;
      if (!best || key({tier, index}) < key(*best)) best = Fabric{tier, index};
    }
    if (best) return best;
  }
  return std::nullopt;
}

GangRequest make_request(core::Random& random) {
  GangRequest request;
  request.tasks = random.chance(1, 2) ? random.between(1, 9) : random.between(1, 90);
  request.cards_per_task =
      static_cast<std::uint8_t>(random.chance(1, 2) ? 8 : random.between(1, 8));
  if (random.chance(1, 4)) request.tier_max = static_cast<std::uint32_t>(random.below(4));
  return request;
}

void expect_sound(const World& world, const GangRequest& request, const GangPlan& plan) {
  std::int64_t tasks = 0;
  const auto [first, last] = find_nodes(world.layout, plan.fabric);
  for (std::size_t i = 0; i < plan.shares.size(); ++i) {
    const NodeShare& share = plan.shares[i];
    EXPECT_TRUE(i == 0 || plan.shares[i - 1].node < share.node);
    EXPECT_GE(share.node, first);
    EXPECT_LT(share.node, last);
    EXPECT_GT(share.tasks, 0);
    EXPECT_LE(share.tasks, count_exact(world, request, share.node));
    tasks += share.tasks;
  }
  EXPECT_EQ(tasks, request.tasks);
}

TEST(FabricTree, ChoosesTheSmallestAndTightestFabricOfAll) {
  for (std::uint64_t seed = 0; seed < 600; ++seed) {
    SCOPED_TRACE(seed);
    core::Random random(seed);
    const World world = make_world(random, 1, false);
    FabricTree tree = make_tree(world);
    const GangRequest request = make_request(random);
    const auto probe = [&](std::uint32_t node) { return count_exact(world, request, node); };
    const std::optional<GangPlan> plan = tree.plan(request, probe);
    const std::optional<Fabric> expected = search_all(world, tree, request);
    ASSERT_EQ(plan.has_value(), expected.has_value());
    EXPECT_TRUE(tree.is_consistent());
    if (!plan) continue;
    expect_sound(world, request, *plan);
    ASSERT_EQ(plan->fabric.tier, expected->tier);
    if (expected->tier > 0) {
      EXPECT_EQ(plan->fabric.index, expected->index);
      continue;
    }
    // The node with fewest free cards beside the one with the least key.
    const auto [first, last] = find_nodes(world.layout, {1, tree.find_fabric(expected->index, 1)});
    std::uint32_t tightest = expected->index;
    for (std::uint32_t node = first; node < last; ++node) {
      if (count_exact(world, request, node) < request.tasks) continue;
      const bool is_less = world.free[node] < world.free[tightest];
      if (is_less || (world.free[node] == world.free[tightest] && node < tightest)) tightest = node;
    }
    EXPECT_EQ(plan->fabric.index, tightest);
  }
}

TEST(FabricTree, FindsAPlaceAlsoWhereTheProbeRefusesAndModelsDiffer) {
  int planned = 0;
  int refused = 0;
  for (std::uint64_t seed = 0; seed < 1'000; ++seed) {
    SCOPED_TRACE(seed);
    core::Random random(seed);
    const World world = make_world(random, 3, true);
    FabricTree tree = make_tree(world);
    GangRequest request = make_request(random);
    if (random.chance(1, 2)) request.models = 1 + random.below(7);
    const auto probe = [&](std::uint32_t node) { return count_exact(world, request, node); };
    const std::optional<GangPlan> plan = tree.plan(request, probe);
    const std::optional<Fabric> expected = search_all(world, tree, request);
    ASSERT_EQ(plan.has_value(), expected.has_value());
    (plan ? planned : refused) += 1;
    EXPECT_TRUE(tree.is_consistent());
    for (std::uint32_t node = 0; node < world.free.size(); ++node) {
      EXPECT_EQ(tree.get_free_cards(node), world.free[node]) << "a plan changes nothing";
    }
    if (!plan) continue;
    EXPECT_EQ(plan->fabric.tier, expected->tier);
    expect_sound(world, request, *plan);
  }
  EXPECT_GT(planned, 200);
  EXPECT_GT(refused, 200);
}

TEST(FabricTree, KeepsLargeHolesWhole) {
  // Two racks of four nodes: the first is wholly free, of the second two nodes are.
  FabricTree tree(make_uniform_layout(8, {4}), std::vector<std::uint8_t>(8, 0));
  for (const std::uint32_t node : {0U, 1U, 2U, 3U, 5U, 7U}) tree.set_free_cards(node, 8);
  tree.set_free_cards(4, 3);
  const auto probe = [&tree](std::uint32_t node) { return tree.get_free_cards(node) / 8; };
  const auto nodes_of = [&](std::int64_t tasks) {
    std::vector<std::uint32_t> nodes;
    const auto plan = tree.plan({tasks, 8}, probe);
    if (!plan) return nodes;
    for (const NodeShare& share : plan->shares) nodes.push_back(share.node);
    return nodes;
  };
  EXPECT_EQ(nodes_of(2), (std::vector<std::uint32_t>{5, 7}));
  EXPECT_EQ(nodes_of(3), (std::vector<std::uint32_t>{0, 1, 2}));
  EXPECT_EQ(nodes_of(5), (std::vector<std::uint32_t>{0, 1, 2, 3, 5}));  // A whole rack and one.
  EXPECT_EQ(nodes_of(7), std::vector<std::uint32_t>{});
  const auto single = [](std::uint32_t) { return 8; };
  EXPECT_EQ(tree.plan({1, 3}, single)->fabric, (Fabric{0, 4}));  // The fuller rack, its fullest.
  EXPECT_EQ(tree.plan({1, 4}, single)->fabric, (Fabric{0, 5}));
  tree.set_free_cards(6, 8);  // Seven nodes are free, three of them in the second rack.
  const BlockCount blocks = tree.count_blocks(1, 8, 2);
  EXPECT_EQ(blocks.free_tasks, 7);
  EXPECT_EQ(blocks.block_tasks, 6);
}

TEST(FabricTree, SmallGangsFillSmallSuperNodes) {
  // Racks of two nodes; super-nodes of three racks, one rack, three racks.
  const FabricLayout layout{{{0, 2, 4, 6, 8, 10, 12, 14}, {0, 3, 4, 7}, {0, 3}}};
  FabricTree tree(layout, std::vector<std::uint8_t>(14, 0));
  for (std::uint32_t node = 0; node < 14; ++node) tree.set_free_cards(node, 8);
  const auto probe = [&tree](std::uint32_t node) { return tree.get_free_cards(node) / 8; };
  EXPECT_EQ(tree.plan({2, 8}, probe)->fabric, (Fabric{1, 3}));
  tree.set_free_cards(6, 0);
  EXPECT_EQ(tree.plan({2, 8}, probe)->fabric, (Fabric{1, 0}));
  tree.set_free_cards(13, 0);  // The last super-node is the fuller one now.
  EXPECT_EQ(tree.plan({2, 8}, probe)->fabric, (Fabric{1, 4}));
  EXPECT_EQ(tree.plan({6, 8}, probe)->fabric, (Fabric{2, 0}));
}

TEST(FabricLayout, RefusesGapsAndEmptyFabrics) {
  EXPECT_TRUE(is_valid(make_uniform_layout(100, {8, 3})));
  EXPECT_TRUE(is_valid(make_uniform_layout(1, {})));
  EXPECT_FALSE(is_valid({}));
  EXPECT_FALSE(is_valid({{{0, 2, 2, 4}, {0, 3}}}));  // An empty fabric.
  EXPECT_FALSE(is_valid({{{1, 2}}}));                // Node 0 is nowhere.
  EXPECT_FALSE(is_valid({{{0, 2, 4}}}));             // No fabric holds both.
  EXPECT_FALSE(is_valid({{{0, 2, 4}, {0, 3}}}));     // Three fabrics where there are two.
}

}  // namespace
}  // namespace intertie::placement::fabric
