// What may be reserved of a line, against a plain count at every instant.
#include "intertie/transfer/line_schedule.h"

#include <algorithm>
#include <vector>

#include <gtest/gtest.h>

#include "intertie/core/limits.h"
#include "intertie/core/random.h"

namespace intertie::transfer {
namespace {

using core::Bytes;
using core::Time;

std::int64_t count_at(const std::vector<LineShare>& shares, Time at) {
  std::int64_t sum = 0;
  for (const LineShare& share : shares) {
    if (share.from <= at && at < share.to) sum += share.bits_per_second;
  }
  return sum;
}

TEST(LineSchedule, ThePeakIsTheHighestCountOfAllInstants) {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    SCOPED_TRACE(seed);
    core::Random random(seed);
    std::vector<LineShare> shares;
    for (std::int64_t left = random.between(0, 12); left > 0; --left) {
      const std::int64_t from = random.between(0, 40);
      shares.push_back({random.between(1, 9), Time{from}, Time{from + random.between(1, 15)}});
    }
    const std::int64_t from = random.between(0, 40);
    const std::int64_t to = from + random.between(1, 20);
    std::int64_t highest = 0;
    for (std::int64_t at = from; at < to; ++at)
      highest = std::max(highest, count_at(shares, Time{at}));
    ASSERT_EQ(compute_peak(shares, Time{from}, Time{to}), highest);
  }
}

// A share that ends when another begins does not add to it.
TEST(LineSchedule, TheEndOfAnIntervalDoesNotBelongToIt) {
  const std::vector<LineShare> shares = {{5, Time{0}, Time{10}}, {7, Time{10}, Time{20}}};
  EXPECT_EQ(compute_peak(shares, Time{0}, Time{20}), 7);
  EXPECT_EQ(compute_peak(shares, Time{0}, Time{10}), 5);
  EXPECT_EQ(compute_peak(shares, Time{20}, Time{30}), 0);
}

// 100 Mbit/s: 80 may be reserved, one transfer takes at most 40 of them.
TEST(LineSchedule, ATransferGetsWhatItNeedsAndNoMoreThanItsPart) {
  const Time now{1'000'000};
  const auto small = plan_share({}, 100'000'000, Bytes{7'500'000}, now);  // 60 Mbit in a minute.
  ASSERT_TRUE(small.has_value());
  EXPECT_EQ(small->bits_per_second, 1'000'000);
  EXPECT_EQ(small->from, now);
  EXPECT_EQ(small->to, now + core::seconds(2 * 60 + 60));
  const auto large = plan_share({}, 100'000'000, Bytes{10'000'000'000}, now);
  ASSERT_TRUE(large.has_value());
  EXPECT_EQ(large->bits_per_second, 40'000'000);
  EXPECT_EQ(large->to, now + core::seconds(2 * 2'000 + 60));
  const std::vector<LineShare> two = {*large, *large};
  EXPECT_FALSE(plan_share(two, 100'000'000, Bytes{1}, now).has_value());
  EXPECT_TRUE(plan_share(two, 100'000'000, Bytes{1}, large->to).has_value());
}

TEST(LineSchedule, LargeTransfersLeaveRoomForSmallOnes) {
  std::vector<LineShare> shares;
  std::vector<std::int64_t> rates;
  while (const auto share = plan_share(shares, 100'000'000, Bytes{10'000'000'000}, Time{0})) {
    shares.push_back(*share);
    rates.push_back(share->bits_per_second);
  }
  EXPECT_EQ(rates, (std::vector<std::int64_t>{40'000'000, 20'000'000, 10'000'000, 5'000'000}));
  const auto small = plan_share(shares, 100'000'000, Bytes{7'500'000}, Time{0});
  ASSERT_TRUE(small.has_value());
  EXPECT_EQ(small->bits_per_second, 1'000'000);
}

TEST(LineSchedule, LittleThatIsLeftIsTakenUnlessItIsTooLittle) {
  const Time now{0};
  const Bytes size{10'000'000'000};  // Wishes for 40 Mbit/s of 80, and takes at least 5.
  const LineShare other{70'000'000, now, Time{INT64_MAX}};
  const auto least = plan_share({&other, 1}, 100'000'000, size, now);
  ASSERT_TRUE(least.has_value());
  EXPECT_EQ(least->bits_per_second, 5'000'000);
  const LineShare more{70'000'002, now, Time{INT64_MAX}};
  EXPECT_FALSE(plan_share({&more, 1}, 100'000'000, size, now).has_value());
}

TEST(LineSchedule, WhatIsReservedForLaterCountsIfTheTransferMayStillGoOn) {
  const Time now{0};
  const Bytes size{7'500'000};  // At the least that it takes, 125 kbit/s, it stays for 1020 s.
  LineShare later{80'000'000, now + core::seconds(1'019), Time{INT64_MAX}};
  EXPECT_FALSE(plan_share({&later, 1}, 100'000'000, size, now).has_value());
  later.from = now + core::seconds(1'020);
  EXPECT_TRUE(plan_share({&later, 1}, 100'000'000, size, now).has_value());
}

TEST(LineSchedule, ExtremesStayInRange) {
  const auto slow = plan_share({}, 1, Bytes{INT64_MAX}, Time{0});
  ASSERT_TRUE(slow.has_value());
  EXPECT_EQ(slow->bits_per_second, 1);
  EXPECT_LE(slow->to, Time{0} + core::hours(3 * 24 * 366));
  const auto fast =
      plan_share({}, core::limits::line_bits_per_second_max, Bytes{INT64_MAX}, Time{0});
  ASSERT_TRUE(fast.has_value());
  EXPECT_EQ(fast->bits_per_second, core::limits::line_bits_per_second_max * 8 / 10 / 2);
}

// Transfers come, end early or run out, at random; at no instant is more reserved than may be.
TEST(LineSchedule, TheSumOfAllSharesNeverExceedsWhatMayBeReserved) {
  int refused = 0;
  int reduced = 0;
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    SCOPED_TRACE(seed);
    core::Random random(seed);
    const std::int64_t bandwidth = random.between(1, 1'000'000'000);
    std::vector<LineShare> shares;
    Time now{0};
    for (int step = 0; step < 80; ++step) {
      now = now + core::Duration{random.between(0, 60'000'000)};
      if (!shares.empty() && random.chance(1, 4)) {
        shares.erase(shares.begin() + static_cast<std::ptrdiff_t>(random.below(shares.size())));
      }
      const Bytes size{random.between(1, random.chance(1, 2) ? 1'000'000 : 50'000'000'000)};
      const auto share = plan_share(shares, bandwidth, size, now);
      refused += share ? 0 : 1;
      if (!share) continue;
      ASSERT_GT(share->bits_per_second, 0);
      ASSERT_EQ(share->from, now);
      // Long enough for all of it.
      ASSERT_GE(static_cast<double>(share->bits_per_second) *
                    static_cast<double>((share->to - now).count) * 1e-6 * 1.0001,
                static_cast<double>(size.count) * 8);
      const auto alone = plan_share({}, bandwidth, size, now);
      reduced += share->bits_per_second < alone->bits_per_second ? 1 : 0;
      shares.push_back(*share);
      // The sum changes only where a share begins or ends.
      for (const LineShare& one : shares) {
        for (const Time at : {one.from, Time{one.to.micros - 1}, one.to}) {
          if (at < now) continue;
          ASSERT_LE(count_at(shares, at), std::max<std::int64_t>(bandwidth * 8 / 10, 1));
        }
      }
    }
  }
  EXPECT_GT(refused, 100);
  EXPECT_GT(reduced, 20);
}

}  // namespace
}  // namespace intertie::transfer
