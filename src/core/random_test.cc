#include "intertie/core/random.h"

#include <algorithm>
#include <map>
#include <set>

#include <gtest/gtest.h>

namespace intertie::core {
namespace {

// Computed by a separate implementation of SplitMix64 and xoshiro256** 1.0. The first number of
// seed 0, 0x99ec5f36cb75f2b4, is also what other libraries with this seeding publish.
TEST(Random, GoldenSequence) {
  Random zero(0);
  for (const std::uint64_t expected :
       {0x99ec5f36cb75f2b4u, 0xbf6e1f784956452au, 0x1a5f849d4933e6e0u, 0x6aa594f1262d2d2cu}) {
    EXPECT_EQ(zero.next(), expected);
  }
  Random other(42);
  for (const std::uint64_t expected :
       {0x15780b2e0c2ec716u, 0x6104d9866d113a7eu, 0xae17533239e499a1u, 0xecb8ad4703b360a1u}) {
    EXPECT_EQ(other.next(), expected);
  }
}

TEST(Random, BelowStaysBelowAndIsEven) {
  Random random(1);
  std::map<std::uint64_t, int> counts;
  for (int draw = 0; draw < 70'000; ++draw) ++counts[random.below(7)];
  ASSERT_EQ(counts.size(), 7u);
  for (const auto& [value, count] : counts) {
    EXPECT_LT(value, 7u);
    EXPECT_NEAR(count, 10'000, 500);  // More than five standard deviations.
  }
  EXPECT_EQ(random.below(1), 0u);
}

// A bound just above 2^63 makes a biased method draw the low half twice as often.
TEST(Random, BelowRejectsBias) {
  Random random(2);
  constexpr std::uint64_t kBound = (std::uint64_t{1} << 63) + (std::uint64_t{1} << 62);
  int low = 0;
  for (int draw = 0; draw < 30'000; ++draw) low += random.below(kBound) < kBound / 3 ? 1 : 0;
  EXPECT_NEAR(low, 10'000, 500);
}

TEST(Random, BetweenReachesBothEnds) {
  Random random(3);
  std::set<std::int64_t> seen;
  for (int draw = 0; draw < 200; ++draw) seen.insert(random.between(-2, 2));
  EXPECT_EQ(seen, (std::set<std::int64_t>{-2, -1, 0, 1, 2}));
  EXPECT_EQ(random.between(INT64_MIN, INT64_MIN), INT64_MIN);
  (void)random.between(INT64_MIN, INT64_MAX);
}

TEST(Random, ChanceIsProportional) {
  Random random(4);
  int hits = 0;
  for (int draw = 0; draw < 10'000; ++draw) hits += random.chance(1, 4) ? 1 : 0;
  EXPECT_NEAR(hits, 2'500, 250);
  EXPECT_FALSE(random.chance(0, 3));
  EXPECT_TRUE(random.chance(3, 3));
}

TEST(Random, ShuffleMakesEveryOrder) {
  Random random(5);
  std::map<std::vector<int>, int> counts;
  for (int round = 0; round < 6'000; ++round) {
    std::vector<int> items = {1, 2, 3};
    random.shuffle(items);
    ++counts[items];
  }
  ASSERT_EQ(counts.size(), 6u);
  for (const auto& [order, count] : counts) EXPECT_NEAR(count, 1'000, 160);
}

TEST(Random, AForkIsIndependentAndReproducible) {
  Random parent(6);
  Random same(6);
  Random fork = parent.fork();
  EXPECT_EQ(fork.next(), same.fork().next());
  EXPECT_EQ(parent.next(), same.next());
  EXPECT_NE(parent.next(), fork.next());
}

}  // namespace
}  // namespace intertie::core
