// Gangs in the card engine: all or none, beside single requests, in the smallest fabric.
#include <algorithm>
#include <memory>

#include <gtest/gtest.h>

#include "intertie/core/random.h"
#include "intertie/placement/cards/card_engine.h"

namespace intertie::placement::cards {
namespace {

class FirstScorer final : public NodeScorer {
 public:
  std::string_view name() const override { return "first"; }
  Scored score(const NodeState& node, const Shape& shape) const override {
    return {0, find_tightest_cards(node, shape)};
  }
};

struct LiveGang {
  Shape shape;
  std::vector<Pick> picks;
};

std::int64_t count_tasks(const CardEngine& engine, const Gang& gang, std::uint32_t node) {
  if (!engine.is_up(node)) return 0;
  NodeState state = engine.node(node);
  std::int64_t tasks = 0;
  while (fits(state, gang.task)) {
    apply(state, gang.task, take_lowest(find_fitting_cards(state, gang.task), gang.task.cards));
    ++tasks;
  }
  return tasks;
}

/// The lowest tier with a fabric that holds the gang, by looking at every node of every fabric.
std::optional<std::uint32_t> find_tier(const CardEngine& engine, const Gang& gang) {
  const fabric::FabricTree& tree = *engine.fabric_tree();
  for (std::uint32_t tier = 0; tier <= std::min(tree.tier_count(), gang.tier_max); ++tier) {
    std::vector<std::int64_t> room(tree.fabric_count(tier), 0);
    for (std::uint32_t node = 0; node < engine.node_count(); ++node) {
      room[tree.find_fabric(node, tier)] += count_tasks(engine, gang, node);
    }
    if (*std::ranges::max_element(room) >= gang.tasks) return tier;
  }
  return std::nullopt;
}

TEST(EngineGang, AllOrNoneInTheSmallestFabricThatHoldsIt) {
  int placed = 0;
  int refused = 0;
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    SCOPED_TRACE(seed);
    core::Random random(seed);
    std::vector<NodeState> nodes;
    for (int i = 0; i < 90; ++i) {
      nodes.push_back(make_node(random.chance(1, 4) ? 16'000 : 64'000, 1'000, 8,
                                static_cast<ModelId>(random.below(2))));
    }
    EngineOptions options;
    options.nodes_per_cell = 40;
    options.memo_entries = 1'024;
    options.fabric = fabric::make_uniform_layout(90, {4, 3, 4});
    CardEngine engine(nodes, std::make_shared<FirstScorer>(), options);
    std::vector<LiveGang> live;
    for (int step = 0; step < 120; ++step) {
      if (!live.empty() && random.chance(2, 5)) {
        std::swap(live[random.below(live.size())], live.back());
        for (const Pick& pick : live.back().picks) engine.release(live.back().shape, pick);
        live.pop_back();
      } else if (random.chance(1, 10)) {
        engine.set_node_up(static_cast<std::uint32_t>(random.below(90)), random.chance(2, 3));
      } else if (random.chance(1, 3)) {
        const Shape single{static_cast<std::int32_t>(random.between(0, 20'000)), 1, 500, 1, {}};
        if (const auto pick = engine.place(single)) live.push_back({single, {*pick}});
      } else {
        Gang gang{{static_cast<std::int32_t>(random.below(8'000)), 5, 1'000, 8, {}},
                  random.between(1, 30)};
        if (random.chance(1, 3)) gang.task.cards = static_cast<std::uint8_t>(random.between(1, 8));
        if (random.chance(1, 3)) gang.task.models.bits = 1 + random.below(3);
        if (random.chance(1, 3)) gang.tier_max = static_cast<std::uint32_t>(random.below(4));
        const std::optional<std::uint32_t> tier = find_tier(engine, gang);
        const std::int64_t free = engine.free_milli();
        const std::optional<GangPlace> place = engine.place_gang(gang);
        ASSERT_EQ(place.has_value(), tier.has_value());
        (place ? placed : refused) += 1;
        const std::int64_t taken = place ? gang.tasks * compute_card_milli(gang.task) : 0;
        EXPECT_EQ(engine.free_milli(), free - taken);
        if (place) {
          EXPECT_EQ(place->fabric.tier, *tier);
          EXPECT_EQ(place->picks.size(), static_cast<std::size_t>(gang.tasks));
          for (const Pick& pick : place->picks) {
            EXPECT_EQ(engine.fabric_tree()->find_fabric(pick.node, *tier), place->fabric.index);
          }
          live.push_back({gang.task, place->picks});
        }
      }
      ASSERT_TRUE(step % 20 != 0 || engine.is_consistent());
    }
    ASSERT_TRUE(engine.is_consistent());
    for (const LiveGang& item : live) {
      for (const Pick& pick : item.picks) engine.release(item.shape, pick);
    }
    for (std::uint32_t i = 0; i < 90; ++i) EXPECT_EQ(engine.node(i), nodes[i]);
  }
  EXPECT_GT(placed, 300);
  EXPECT_GT(refused, 300);
}

TEST(EngineGang, WhatIsNoGangFitsNowhere) {
  const std::vector<NodeState> nodes(4, make_node(64'000, 1'000, 8, 0));
  EngineOptions options;
  CardEngine without(nodes, std::make_shared<FirstScorer>(), options);
  EXPECT_FALSE(without.place_gang({{1, 1, 1'000, 8, {}}, 1}));
  options.fabric = fabric::make_uniform_layout(4, {2});
  CardEngine engine(nodes, std::make_shared<FirstScorer>(), options);
  EXPECT_FALSE(engine.place_gang({{1, 1, 500, 1, {}}, 1}));
  EXPECT_FALSE(engine.place_gang({{1, 1, 0, 0, {}}, 1}));
  EXPECT_FALSE(engine.place_gang({{1, 1, 1'000, 9, {}}, 1}));
  EXPECT_FALSE(engine.place_gang({{-1, 1, 1'000, 8, {}}, 1}));
  EXPECT_FALSE(engine.place_gang({{1, 1, 1'000, 8, {}}, 0}));
  EXPECT_FALSE(engine.place_gang({{1, 1, 1'000, 8, {}}, 5}));
  EXPECT_EQ(engine.place_gang({{1, 1, 1'000, 8, {}}, 4})->fabric, (fabric::Fabric{2, 0}));
}

}  // namespace
}  // namespace intertie::placement::cards
