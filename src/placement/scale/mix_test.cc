// The benchmark's mix: sums that its description promises.
#include "intertie/placement/scale/mix.h"

#include <map>
#include <set>

#include <gtest/gtest.h>

namespace intertie::placement::scale {
namespace {

TEST(Mix, TheBuiltInMixIsLikeTheTrace) {
  const Mix mix = make_openb_like_mix();
  EXPECT_EQ(mix.nodes.size(), 1'216U);
  std::int64_t cards = 0;
  std::int64_t cores = 0;
  for (const cards::NodeState& node : mix.nodes) {
    cards += node.cards;
    cores += node.cpu_milli / 1'000;
    ASSERT_LT(node.model, mix.models.size());
  }
  EXPECT_EQ(cards, 6'212);  // As in the trace.
  EXPECT_NEAR(static_cast<double>(cores), 107'018, 1'000);
  std::set<cards::Shape> shapes;
  double card_demand = 0;
  double core_demand = 0;
  for (const cards::Shape& shape : mix.requests) {
    ASSERT_TRUE(cards::is_valid(shape));
    shapes.insert(shape);
    card_demand += static_cast<double>(cards::compute_card_milli(shape)) / 1'000;
    core_demand += static_cast<double>(shape.cpu_milli) / 1'000;
  }
  EXPECT_EQ(shapes.size(), 40U);
  // The trace's requests ask for 14.0 cores a card.
  EXPECT_NEAR(core_demand / card_demand, 14.0, 1.0);
}

TEST(Mix, AFleetIsWholeCellsAndARest) {
  const Mix mix = make_openb_like_mix();
  core::Random random(1);
  const std::vector<cards::NodeState> fleet = make_fleet(mix, 20'000, random);
  std::int64_t cards = 0;
  for (const cards::NodeState& node : fleet) cards += node.cards;
  EXPECT_GE(cards, 20'000);
  EXPECT_LT(cards, 20'008);
  std::map<cards::NodeState, int> expected;
  std::map<cards::NodeState, int> second;
  for (const cards::NodeState& node : mix.nodes) ++expected[node];
  for (std::size_t i = 0; i < mix.nodes.size(); ++i) ++second[fleet[mix.nodes.size() + i]];
  EXPECT_EQ(second, expected);
}

TEST(Mix, ChoosyRequestsHaveAModelThatTakesThem) {
  Mix mix = make_openb_like_mix();
  core::Random random(1);
  add_model_needs(mix, random);
  std::int64_t choosy = 0;
  std::set<std::uint64_t> sets;
  for (const cards::Shape& shape : mix.requests) {
    if (shape.models.is_any()) continue;
    ++choosy;
    sets.insert(shape.models.bits);
    bool will_do = false;
    for (const cards::NodeState& node : mix.nodes) will_do = will_do || fits(node, shape);
    EXPECT_TRUE(will_do);
  }
  EXPECT_GT(choosy, static_cast<std::int64_t>(mix.requests.size()) / 5);
  EXPECT_GT(sets.size(), 8U);
}

TEST(Mix, SuperNodesAndGangs) {
  const SuperNodes super_nodes = make_super_nodes(1'000'000);
  std::int64_t small = 0;
  std::int64_t large = 0;
  for (const std::uint32_t nodes : super_nodes.nodes) {
    ASSERT_TRUE(nodes == 48 || nodes == 1'024);
    (nodes == 48 ? small : large) += nodes * 8;
  }
  EXPECT_GE(small + large, 1'000'000);
  EXPECT_NEAR(static_cast<double>(small), static_cast<double>(large), 8'192);
  core::Random random(3);
  std::map<std::uint32_t, std::int64_t> nodes_by_size;
  for (int i = 0; i < 200'000; ++i) {
    const std::uint32_t nodes = draw_gang_nodes(random);
    ASSERT_TRUE(nodes >= 1 && nodes <= 1'024);
    nodes_by_size[nodes] += nodes;
  }
  EXPECT_EQ(nodes_by_size.size(), 11U + 9U);  // 1, 2, 4, 3, 8, 6, ... 1024, 768.
  EXPECT_NEAR(static_cast<double>(nodes_by_size[1]), 100'000, 5'000);
}

}  // namespace
}  // namespace intertie::placement::scale
