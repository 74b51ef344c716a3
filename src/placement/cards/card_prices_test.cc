// Prices of parts against the complete list of patterns.
#include "intertie/placement/cards/card_prices.h"

#include <gtest/gtest.h>

#include "intertie/core/random.h"
#include "intertie/placement/cards/simplex.h"

namespace intertie::placement::cards {
namespace {

void list_patterns(const std::vector<PartCount>& parts, std::size_t at, std::int32_t left,
                   std::vector<double>& pattern, std::vector<std::vector<double>>& patterns) {
  if (at == parts.size()) {
    patterns.push_back(pattern);
    return;
  }
  for (std::int32_t times = 0; times * parts[at].milli <= left; ++times) {
    pattern[at] = times;
    list_patterns(parts, at + 1, left - times * parts[at].milli, pattern, patterns);
  }
  pattern[at] = 0;
}

// Oracle: the dual program with every pattern there is.
double count_cards_by_all_patterns(const std::vector<PartCount>& parts) {
  LinearProgram program;
  for (const PartCount& part : parts) program.gain.push_back(static_cast<double>(part.count));
  std::vector<double> pattern(parts.size(), 0.0);
  list_patterns(parts, 0, milli_per_card, pattern, program.rows);
  program.bounds.assign(program.rows.size(), 1.0);
  return solve(program)->value;
}

TEST(CardPrices, NeedsAsManyCardsAsWithAllPatterns) {
  core::Random random(11);
  for (int round = 0; round < 60; ++round) {
    std::vector<PartCount> parts;
    for (std::int32_t milli = 0; parts.size() < 4;) {
      milli += static_cast<std::int32_t>(random.between(40, 300));
      if (milli >= milli_per_card) break;
      parts.push_back({milli, random.between(1, 50)});
    }
    if (parts.empty()) continue;
    const CardPrices priced = price_parts(parts);
    ASSERT_NEAR(priced.cards, count_cards_by_all_patterns(parts), 1e-6) << round;
    double sum = 0;
    double asked = 0;
    for (std::size_t i = 0; i < parts.size(); ++i) {
      sum += priced.prices[i] * static_cast<double>(parts[i].count);
      asked += static_cast<double>(parts[i].milli * parts[i].count) / milli_per_card;
    }
    ASSERT_NEAR(sum, priced.cards, 1e-6) << round;
    ASSERT_GE(priced.cards, asked - 1e-6) << round;
    ASSERT_LE(fill_knapsack(parts, priced.prices).back(), 1 + 1e-6) << round;
  }
}

TEST(CardPrices, KnownMixes) {
  // 810 wastes the rest of its card; two of 500 share one.
  const std::vector<PartCount> parts = {{500, 10}, {810, 3}};
  const CardPrices priced = price_parts(parts);
  EXPECT_NEAR(priced.cards, 8, 1e-9);
  EXPECT_NEAR(priced.prices[0], 0.5, 1e-9);
  EXPECT_NEAR(priced.prices[1], 1, 1e-9);
  // 600 + 400 fill a card together.
  EXPECT_NEAR(price_parts(std::vector<PartCount>{{400, 5}, {600, 5}}).cards, 5, 1e-9);
  EXPECT_EQ(price_parts({}).cards, 0);
  EXPECT_NEAR(price_parts(std::vector<PartCount>{{1, 1'000}}).cards, 1, 1e-9);
}

// With many sizes: quick, still a lower bound, and prices at which no pattern is worth more than a
// card.
TEST(CardPrices, ManySizesAreGrouped) {
  std::vector<PartCount> parts;
  double asked = 0;
  double first_fit = 0;  // Cards of one size each: an upper bound.
  for (std::int32_t milli = 1; milli < milli_per_card; milli += 3) {
    parts.push_back({milli, 7});
    asked += 0.007 * milli;
    first_fit += 7.0 / (milli_per_card / milli);
  }
  const CardPrices priced = price_parts(parts);
  ASSERT_EQ(priced.prices.size(), parts.size());
  EXPECT_LE(fill_knapsack(parts, priced.prices).back(), 1 + 1e-6);
  EXPECT_LE(priced.cards, first_fit);
  EXPECT_GE(priced.cards, asked * 0.96);
}

TEST(CardPrices, KnapsackTakesPartsAnyNumberOfTimes) {
  const KnapsackTable best =
      fill_knapsack(std::vector<PartCount>{{300, 1}, {450, 1}}, std::vector<double>{0.3, 0.5});
  EXPECT_EQ(best[299], 0);
  EXPECT_NEAR(best[300], 0.3, 1e-12);
  EXPECT_NEAR(best[449], 0.3, 1e-12);
  EXPECT_NEAR(best[899], 0.8, 1e-12);
  EXPECT_NEAR(best[900], 1.0, 1e-12);
  EXPECT_NEAR(best[1'000], 1.0, 1e-12);
}

Shape make_shape(std::int32_t cpu, std::int32_t memory, std::int32_t milli, std::uint8_t cards) {
  return {cpu, memory, milli, cards, {}};
}

TEST(AllocationBound, IsTheTightestOfWhatIsNeeded) {
  std::vector<NodeState> fleet = {make_node(8'000, 1'000, 4, 0), make_node(8'000, 1'000, 4, 1)};
  // A card for each 810: 81 %, with processors and memory enough.
  EXPECT_NEAR(compute_allocation_bound({{make_shape(1, 1, 810, 1), 7}}, fleet), 81, 1e-6);
  // 8 cards need 32 cores, 16 are there; then 8 GiB of memory of which 2 are there.
  EXPECT_NEAR(compute_allocation_bound({{make_shape(4'000, 1, 1'000, 1), 1}}, fleet), 50, 1e-6);
  EXPECT_NEAR(compute_allocation_bound({{make_shape(1, 1'000, 1'000, 1), 1}}, fleet), 25, 1e-6);
  // Requests without cards take processors: each card comes with 3 cores of others.
  EXPECT_NEAR(compute_allocation_bound(
                  {{make_shape(3'000, 1, 0, 0), 1}, {make_shape(1'000, 1, 1'000, 1), 1}}, fleet),
              50, 1e-6);
  // Three of four must run on model 0: four cards there, one and a third elsewhere.
  Shape typed = make_shape(1, 1, 1'000, 1);
  typed.models.bits = 1;
  EXPECT_NEAR(compute_allocation_bound({{typed, 3}, {make_shape(1, 1, 1'000, 1), 1}}, fleet),
              100 * (4 + 4.0 / 3) / 8, 1e-6);
  EXPECT_EQ(compute_allocation_bound({{make_shape(1, 1, 0, 0), 5}}, fleet), 0);
  EXPECT_EQ(compute_allocation_bound({}, fleet), 0);
}

}  // namespace
}  // namespace intertie::placement::cards
