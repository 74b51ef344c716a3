// One node's accounting against a model that keeps lists.
#include "intertie/placement/cards/node_state.h"

#include <algorithm>
#include <bit>
#include <vector>

#include <gtest/gtest.h>

#include "intertie/core/random.h"
#include "intertie/placement/cards/workload.h"

namespace intertie::placement::cards {
namespace {

Shape draw_shape(core::Random& random) {
  Shape shape;
  shape.cpu_milli = static_cast<std::int32_t>(random.between(0, 30'000));
  shape.memory_mib = static_cast<std::int32_t>(random.between(0, 60'000));
  if (random.chance(1, 4)) shape.models.bits = random.between(0, 3) == 0 ? 0 : random.below(8);
  switch (random.below(4)) {
    case 0:
      break;
    case 1:
      shape.cards = static_cast<std::uint8_t>(random.between(1, 10));
      shape.card_milli = milli_per_card;
      break;
    case 2:
      shape.cards = static_cast<std::uint8_t>(random.between(1, 3));
      shape.card_milli = static_cast<std::int32_t>(random.between(1, 1'000));
      break;
    default:
      shape.cards = 1;
      shape.card_milli = static_cast<std::int32_t>(random.between(1, 999));
  }
  return shape;
}

NodeState draw_node(core::Random& random) {
  NodeState node = make_node(static_cast<std::int32_t>(random.between(0, 96'000)),
                             static_cast<std::int32_t>(random.between(0, 200'000)),
                             static_cast<std::uint8_t>(random.between(0, 8)),
                             static_cast<ModelId>(random.below(3)));
  for (std::size_t i = 0; i < node.cards; ++i) {
    if (random.chance(1, 2)) node.card_milli[i] = static_cast<std::uint16_t>(random.below(1'001));
  }
  return node;
}

// Oracle: tries every set of cards.
bool fits_by_trying(const NodeState& node, const Shape& shape) {
  if (shape.cpu_milli > node.cpu_milli || shape.memory_mib > node.memory_mib) return false;
  if ((shape.models.bits & (std::uint64_t{1} << node.model)) == 0) return false;
  for (unsigned mask = 0; mask < 256; ++mask) {
    if (std::popcount(mask) != shape.cards) continue;
    bool holds = true;
    for (unsigned i = 0; i < 8; ++i) {
      if ((mask & (1U << i)) == 0) continue;
      holds = holds && i < node.cards && node.card_milli[i] >= shape.card_milli;
    }
    if (holds) return true;
  }
  return false;
}

TEST(NodeState, FitsExactlyIfSomeSetOfCardsDoes) {
  core::Random random(1);
  int fitting = 0;
  for (int i = 0; i < 3'000; ++i) {
    const NodeState node = draw_node(random);
    const Shape shape = draw_shape(random);
    ASSERT_TRUE(is_valid(shape));
    ASSERT_EQ(fits(node, shape), fits_by_trying(node, shape)) << "case " << i;
    fitting += fits(node, shape) ? 1 : 0;
  }
  EXPECT_GT(fitting, 500);
  EXPECT_LT(fitting, 2'500);
}

TEST(NodeState, GivesBackExactlyWhatWasTaken) {
  core::Random random(2);
  for (int round = 0; round < 200; ++round) {
    const NodeState before = draw_node(random);
    NodeState node = before;
    std::vector<std::pair<Shape, CardMask>> taken;
    std::int64_t milli = 0;
    for (int i = 0; i < 30; ++i) {
      const Shape shape = draw_shape(random);
      if (!fits(node, shape)) continue;
      const CardMask cards = find_tightest_cards(node, shape);
      apply(node, shape, cards);
      taken.emplace_back(shape, cards);
      milli += compute_card_milli(shape);
      ASSERT_EQ(compute_free_milli(node) + milli, compute_free_milli(before)) << round;
      ASSERT_GE(node.cpu_milli, 0);
    }
    random.shuffle(taken);
    for (const auto& [shape, cards] : taken) release(node, shape, cards);
    ASSERT_EQ(node, before) << round;
  }
}

TEST(NodeState, TheFirstReasonIsNamed) {
  const NodeState node = make_node(4'000, 8'000, 2, 1);
  EXPECT_EQ(find_misfit(node, {4'000, 8'000, 1'000, 2, {}}), std::nullopt);
  EXPECT_EQ(find_misfit(node, {4'001, 8'001, 1'000, 3, {1}}), Misfit::model);
  EXPECT_EQ(find_misfit(node, {4'001, 8'001, 1'000, 3, {2}}), Misfit::cpu);
  EXPECT_EQ(find_misfit(node, {4'000, 8'001, 1'000, 3, {2}}), Misfit::memory);
  EXPECT_EQ(find_misfit(node, {4'000, 8'000, 1'000, 3, {2}}), Misfit::cards);
  EXPECT_EQ(find_misfit(node, {0, 0, 1, 255, {}}), Misfit::cards);
  EXPECT_EQ(find_misfit(make_node(0, 0, 0, model_none), {}), std::nullopt);
}

TEST(NodeState, TightestCardsFirstAndLowestAmongEquals) {
  NodeState node = make_node(10, 10, 5, 0);
  node.card_milli = {1'000, 300, 500, 300, 200, 0, 0, 0};
  EXPECT_EQ(find_tightest_cards(node, {0, 0, 250, 1, {}}), 0b00010);
  EXPECT_EQ(find_tightest_cards(node, {0, 0, 250, 3, {}}), 0b01110);
  EXPECT_EQ(find_tightest_cards(node, {0, 0, 1'000, 1, {}}), 0b00001);
  EXPECT_EQ(take_lowest(0b11010, 2), 0b01010);
  EXPECT_EQ(count_free_cards(node), 1);
}

TEST(NodeState, SortedCardsAreTheSameCards) {
  core::Random random(3);
  for (int i = 0; i < 500; ++i) {
    const NodeState node = draw_node(random);
    const SortedNode sorted = sort_cards(node);
    for (std::size_t j = 0; j < node.cards; ++j) {
      ASSERT_EQ(sorted.state.card_milli[j], node.card_milli[sorted.order[j]]);
      ASSERT_EQ(sorted.to_node_cards(static_cast<CardMask>(1U << j)), 1U << sorted.order[j]);
      if (j == 0) continue;
      ASSERT_GE(sorted.state.card_milli[j - 1], sorted.state.card_milli[j]);
      if (sorted.state.card_milli[j - 1] == sorted.state.card_milli[j]) {
        ASSERT_LT(sorted.order[j - 1], sorted.order[j]);
      }
    }
  }
}

TEST(Workload, CountsShapesInAnyOrder) {
  const Shape small{1, 1, 100, 1, {}};
  const Shape large{2, 1, 1'000, 2, {}};
  const std::vector<Shape> one = {large, small, large};
  const std::vector<Shape> other = {small, large, large};
  EXPECT_EQ(count_shapes(one), (Workload{{small, 1}, {large, 2}}));
  EXPECT_EQ(count_shapes(one), count_shapes(other));
}

}  // namespace
}  // namespace intertie::placement::cards
