// Scores computed by hand, the rules that every scorer keeps, and what the choice does with them.
#include <bit>
#include <cmath>
#include <memory>

#include <gtest/gtest.h>

#include "intertie/core/random.h"
#include "intertie/placement/cards/fragmentation.h"
#include "intertie/placement/cards/node_value.h"
#include "intertie/placement/cards/policy.h"

#include "cards/fgd.h"

namespace intertie::placement::cards {
namespace {

constexpr std::string_view kScorers[] = {"intertie", "fgd",        "bestfit",
                                         "dotprod",  "gpupacking", "firstfit"};

NodeState make_two_cards() {
  NodeState node = make_node(64'000, 1'000, 2, 0);
  node.card_milli = {600, 1'000, 0, 0, 0, 0, 0, 0};
  return node;
}

std::int32_t score_of(std::string_view name, const NodeState& node, const Shape& shape,
                      const Workload& workload = {}) {
  return make_scorer(name, workload)->score(node, shape).score;
}

TEST(Scorers, PublishedBaselinesByHand) {
  const NodeState node = make_two_cards();
  const Shape half{16'000, 1, 500, 1, {}};
  // 100 (1 - 0.5 x 48/128 - 0.5 x 1100/8000) = 74.375.
  EXPECT_EQ(score_of("bestfit", node, half), 74);
  // 100 (1 - (64 x 16 / 128^2 + 1.6 x 0.5 / 64) / 2) = 96.25.
  EXPECT_EQ(score_of("dotprod", node, half), 96);
  // A shared card with 60 % free: 100 - 60 / 10.
  EXPECT_EQ(score_of("gpupacking", node, half), 94);
  // A wholly free card of a used node: 50 - 1. Of an untouched one: 33 - 2.
  EXPECT_EQ(score_of("gpupacking", node, {1, 1, 1'000, 1, {}}), 49);
  EXPECT_EQ(score_of("gpupacking", make_node(1, 1, 2, 0), {1, 1, 1'000, 1, {}}), 31);
  EXPECT_EQ(score_of("gpupacking", node, {1, 1, 0, 0, {}}), 0);
  EXPECT_EQ(score_of("firstfit", node, half), 0);
  for (const std::string_view name : kScorers) {
    if (name == "fgd" || name == "intertie") continue;
    EXPECT_EQ(make_scorer(name, {})->score(node, half).cards, 0b01) << name;  // The tightest card.
  }
}

TEST(Scorers, FragmentationByHand) {
  // Of 10 requests: 5 want 500 of a card, 4 a whole card, 1 none.
  const Workload mix = {
      {{1'000, 1, 0, 0, {}}, 1}, {{2'000, 1, 500, 1, {}}, 5}, {{4'000, 1, 1'000, 1, {}}, 4}};
  const Fragmentation fragmentation(mix);
  EXPECT_EQ(fragmentation.weight(), 10);
  NodeState node = make_two_cards();
  // The one without a card: 1600. The halves: nothing. The whole ones: the 600.
  EXPECT_EQ(fragmentation.measure(node), 1 * 1'600 + 0 + 4 * 600);
  node.cpu_milli = 3'999;  // Now no whole card can be used.
  EXPECT_EQ(fragmentation.measure(node), 1 * 1'600 + 0 + 4 * 1'600);
  node.card_milli[0] = 499;
  EXPECT_EQ(fragmentation.measure(node), 1 * 1'499 + 5 * 499 + 4 * 1'499);
}

TEST(Scorers, OnlyTheMostFrequentTuplesCount) {
  // 95 of 100 are covered by the first; memory does not make a tuple of its own.
  const Workload mix = {
      {{1, 1, 1'000, 1, {}}, 90}, {{1, 2, 1'000, 1, {}}, 5}, {{9, 1, 100, 1, {}}, 5}};
  EXPECT_EQ(Fragmentation(mix).size(), 1U);
  EXPECT_EQ(Fragmentation(mix).weight(), 95);
  EXPECT_EQ(Fragmentation({}).measure(make_two_cards()), 0);
}

TEST(Scorers, GradientIsTheTruncatedSigmoid) {
  for (std::int64_t shrinks = -9'000; shrinks <= 9'000; shrinks += 7) {
    const double sigmoid = 1 / (1 + std::exp(-static_cast<double>(shrinks) / 1'000));
    ASSERT_EQ(rate_gradient(shrinks * 10, 10), static_cast<std::int32_t>(100 * sigmoid)) << shrinks;
  }
}

TEST(Scorers, FgdByHand) {
  const Workload mix = {{{1'000, 1, 500, 1, {}}, 1}, {{1'000, 1, 1'000, 1, {}}, 1}};
  // On the card with 600: before 600 / 2, after 100: both lose it: shrinks by 200 milli.
  // On the free card: before 600 / 2, after (600 + 500) / 2: grows by 250.
  const Scored scored = make_scorer("fgd", mix)->score(make_two_cards(), {1'000, 1, 500, 1, {}});
  EXPECT_EQ(scored.cards, 0b01);
  EXPECT_EQ(scored.score, static_cast<std::int32_t>(100 / (1 + std::exp(-0.2))));
}

TEST(Scorers, NodeValueByHand) {
  // Parts of 500 and whole cards, 4 cores each of them (8 with caution).
  const Workload mix = {{{4'000, 1, 500, 1, {}}, 10}, {{4'000, 1, 1'000, 1, {}}, 10}};
  const NodeValue value(mix);
  EXPECT_EQ(value.price({0, 0, 500, 1, {}}), micros_per_card / 2);
  EXPECT_EQ(value.price({0, 0, 1'000, 3, {}}), 3 * micros_per_card);
  EXPECT_EQ(value.price({9, 9, 0, 0, {}}), 0);
  NodeState node = make_node(1'000'000, 1, 2, 0);
  EXPECT_EQ(value.measure(node), 2 * micros_per_card);
  node.card_milli[0] = 600;  // Room for one half.
  EXPECT_EQ(value.measure(node), micros_per_card * 3 / 2);
  node.card_milli[0] = 499;
  EXPECT_EQ(value.measure(node), micros_per_card);
  // Eight cores: one cautious whole card. Half of that: half a card.
  node = make_node(8'000, 1, 2, 0);
  EXPECT_NEAR(static_cast<double>(value.measure(node)), 1e6, 10);
  node.cpu_milli = 4'000;
  EXPECT_NEAR(static_cast<double>(value.measure(node)), 0.5e6, 10);
  node.cpu_milli = 0;
  EXPECT_EQ(value.measure(node), 0);
}

// Nothing that is taken makes a node worth more, whatever the mix.
TEST(Scorers, NodeValueNeverRises) {
  core::Random random(17);
  for (int round = 0; round < 40; ++round) {
    std::vector<Shape> shapes;
    for (int i = 0; i < 30; ++i) {
      const bool is_part = random.chance(2, 3);
      shapes.push_back({static_cast<std::int32_t>(random.between(0, 20'000)),
                        0,
                        is_part ? static_cast<std::int32_t>(random.between(1, 999)) : 1'000,
                        1,
                        {}});
    }
    const NodeValue value(count_shapes(shapes));
    NodeState node = make_node(96'000, 0, 8, 0);
    std::int64_t before = value.measure(node);
    ASSERT_LE(before, 8 * micros_per_card + 100);
    for (const Shape& shape : shapes) {
      if (!fits(node, shape)) continue;
      apply(node, shape, find_tightest_cards(node, shape));
      ASSERT_LE(value.measure(node), before) << round;
      before = value.measure(node);
    }
  }
}

Shape draw_scored_shape(core::Random& random) {
  Shape shape{static_cast<std::int32_t>(random.between(0, 40'000)), 0, 0, 0, {}};
  if (random.chance(1, 5)) return shape;
  shape.cards = 1;
  shape.card_milli = static_cast<std::int32_t>(random.between(1, 20) * 50);
  if (random.chance(1, 5)) shape.cards = static_cast<std::uint8_t>(random.between(2, 8));
  return shape;
}

// The contract of node_scorer.h: the range, enough fitting cards, no matter in which order they
// lie.
TEST(Scorers, EveryScorerKeepsTheContract) {
  core::Random random(23);
  std::vector<Shape> shapes;
  for (int i = 0; i < 300; ++i) shapes.push_back(draw_scored_shape(random));
  const Workload mix = count_shapes(shapes);
  for (const std::string_view name : kScorers) {
    const std::unique_ptr<NodeScorer> scorer = make_scorer(name, mix);
    ASSERT_TRUE(scorer) << name;
    EXPECT_EQ(scorer->name(), name);
    int scored = 0;
    for (int i = 0; i < 400; ++i) {
      NodeState node = make_node(static_cast<std::int32_t>(random.between(0, 128'000)), 0,
                                 static_cast<std::uint8_t>(random.between(1, 8)), 0);
      for (std::size_t c = 0; c < node.cards; ++c) {
        node.card_milli[c] = static_cast<std::uint16_t>(random.below(5) * 250);
      }
      const Shape shape = draw_scored_shape(random);
      if (!fits(node, shape)) continue;
      const Scored one = scorer->score(node, shape);
      ASSERT_GE(one.score, 0) << name;
      ASSERT_LE(one.score, score_max) << name;
      ASSERT_EQ(std::popcount(one.cards), shape.cards) << name;
      ASSERT_EQ(one.cards & ~find_fitting_cards(node, shape), 0) << name;
      const SortedNode sorted = sort_cards(node);
      const Scored other = scorer->score(sorted.state, shape);
      ASSERT_EQ(other.score, one.score) << name << " " << i;
      ++scored;
      if (name == "fgd") continue;  // As published, its cards depend on their order.
      NodeState after = node;
      NodeState after_sorted = node;
      apply(after, shape, one.cards);
      apply(after_sorted, shape, sorted.to_node_cards(other.cards));
      ASSERT_EQ(sort_cards(after).state, sort_cards(after_sorted).state) << name << " " << i;
    }
    ASSERT_GT(scored, 100) << name;
  }
  EXPECT_FALSE(make_scorer("random", mix));
  EXPECT_FALSE(make_policy("none", {}));
}

// Ours on cases that anyone can judge.
TEST(Scorers, LeastRegretCompletesCards) {
  // 810 fills a card, 190 is lost; two halves share one.
  const Workload mix = {{{3'000, 1, 500, 1, {}}, 20}, {{3'000, 1, 810, 1, {}}, 10}};
  const std::unique_ptr<NodeScorer> scorer = make_scorer("intertie", mix);
  NodeState node = make_node(90'000, 9, 2, 0);
  node.card_milli = {1'000, 500, 0, 0, 0, 0, 0, 0};
  // No regret either way; the tighter card is taken.
  EXPECT_EQ(scorer->score(node, {3'000, 1, 500, 1, {}}), (Scored{128, 0b10}));
  // What only a half could use is worth half a card, a rest that nobody can use nothing.
  node.card_milli = {500, 290, 1'000, 0, 0, 0, 0, 0};
  node.cards = 3;
  EXPECT_EQ(scorer->score(node, {3'000, 1, 200, 1, {}}), (Scored{128, 0b010}));
  node.card_milli = {500, 0, 1'000, 0, 0, 0, 0, 0};
  EXPECT_EQ(scorer->score(node, {3'000, 1, 200, 1, {}}), (Scored{118, 0b001}));
}

TEST(Scorers, LeastRegretPricesCores) {
  const Workload mix = {{{12'000, 1, 1'000, 1, {}}, 40}};  // 24 cores a card, with caution.
  const auto score = [&](std::int32_t cpu_milli, const Shape& shape) {
    return score_of("intertie", make_node(cpu_milli, 9, 2, 0), shape, mix);
  };
  // 90 cores are more than two cards need, 36 are worth one card and a half.
  const Shape none{12'000, 1, 0, 0, {}};
  EXPECT_EQ(score(90'000, none), 128);
  EXPECT_EQ(score(36'000, none), 118);  // Half a card less.
  const Shape hungry{30'000, 1, 1'000, 1, {}};
  EXPECT_EQ(score(90'000, hungry), 128);
  EXPECT_EQ(score(36'000, hungry), 123);  // 1.5 - 0.25 - 1 lost.
  const Shape modest{1'000, 1, 1'000, 1, {}};
  EXPECT_EQ(score(90'000, modest), 128);
  EXPECT_EQ(score(36'000, modest), 138);  // 1.5 - 1 - 1: a bargain.
  // Far beyond the scale.
  EXPECT_EQ(score_of("intertie", make_node(240'000, 9, 8, 0), {240'000, 1, 0, 0, {}}, mix), 0);
}

TEST(Scorers, EqualScoresGoToTheLowestPosition) {
  const std::unique_ptr<Policy> policy = make_policy("firstfit", {});
  Cluster cluster(
      {make_node(1'000, 1, 0, 0), make_node(4'000, 1, 1, 0), make_node(4'000, 1, 1, 0)});
  const Shape shape{2'000, 0, 400, 1, {}};
  std::vector<std::uint32_t> nodes;
  while (const std::optional<Pick> pick = policy->choose(cluster, shape)) {
    nodes.push_back(pick->node);
    cluster.place(shape, *pick);
  }
  EXPECT_EQ(nodes, (std::vector<std::uint32_t>{1, 1, 2, 2}));
  cluster.remove(shape, {1, 1});
  EXPECT_EQ(policy->choose(cluster, shape)->node, 1U);  // Not the one used last.
}

TEST(Scorers, ClusteringPrefersItsOwnKind) {
  const std::unique_ptr<Policy> policy = make_policy("gpuclustering", {});
  Cluster cluster(
      {make_node(9'000, 9, 2, 0), make_node(9'000, 9, 2, 0), make_node(9'000, 9, 2, 0)});
  const Shape whole{1, 1, 1'000, 1, {}};
  const Shape part{1, 1, 100, 1, {}};
  cluster.place(whole, {0, 0b01});
  cluster.place(part, {2, 0b01});
  // Its kind alone: 75. No kind yet: 25, with both cards free 18 of 25 for fullness.
  EXPECT_EQ(policy->choose(cluster, part), (Pick{2, 0b01}));
  EXPECT_EQ(policy->choose(cluster, whole), (Pick{0, 0b10}));
  EXPECT_EQ(policy->choose(cluster, {1, 1, 1'000, 2, {}}), (Pick{1, 0b11}));
  // Mixed is better than untouched: 50 against 25.
  cluster.place(whole, {2, 0b10});
  cluster.remove(whole, {0, 0b01});
  EXPECT_EQ(policy->choose(cluster, part)->node, 2U);
  EXPECT_EQ(policy->choose(cluster, {1, 1, 0, 0, {}})->node, 0U);
}

}  // namespace
}  // namespace intertie::placement::cards
