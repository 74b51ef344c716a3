// Estimates of money and time: figures by hand, and the ends of the range.
#include "intertie/placement/cost.h"

#include <gtest/gtest.h>

#include "intertie/core/random.h"

#include "wide.h"

namespace intertie::placement {
namespace {

using core::Bytes;
using core::Duration;
using core::Money;

TEST(Wide, RoundsUpAndClamps) {
  EXPECT_EQ(multiply_divide(7, 3, 2), 11);
  EXPECT_EQ(multiply_divide(6, 3, 2), 9);
  EXPECT_EQ(multiply_divide(0, INT64_MAX, 1), 0);
  EXPECT_EQ(multiply_divide(INT64_MAX, INT64_MAX, INT64_MAX), INT64_MAX);
  EXPECT_EQ(multiply_divide(INT64_MAX, INT64_MAX, 1), INT64_MAX);
  EXPECT_EQ(multiply_divide(INT64_MAX, 10, 20), INT64_MAX / 2 + 1);
  EXPECT_EQ(multiply_divide(INT64_MAX - 1, 10, 20), INT64_MAX / 2);
  EXPECT_EQ(add_clamped(INT64_MAX - 1, 1), INT64_MAX);
  EXPECT_EQ(add_clamped(INT64_MAX, 1), INT64_MAX);
  EXPECT_EQ(add_clamped(2, 3), 5);
}

// Both ways of computing agree: q is the answer if (q-1) * d < a * b <= q * d.
TEST(Wide, IsTheSmallestThatSuffices) {
  __extension__ typedef __int128 Big;
  core::Random random(5);
  for (int round = 0; round < 2'000; ++round) {
    const std::int64_t a = random.between(0, std::int64_t{1} << random.below(62));
    const std::int64_t b = random.between(0, std::int64_t{1} << random.below(62));
    const std::int64_t d = random.between(1, std::int64_t{1} << random.below(62));
    const Big q = multiply_divide(a, b, d);
    const Big product = Big{a} * b;
    ASSERT_TRUE(q == INT64_MAX ? product > (q - 1) * d : product <= q * d);
    ASSERT_TRUE(q == 0 ? product == 0 : product > (q - 1) * d);
  }
}

TEST(Cost, AnHourOfTheWholeGang) {
  Requirements requirements;
  requirements.tasks = 3;
  requirements.cpus = {1'500};
  requirements.memory = {1LL << 31};
  requirements.devices = {{"gpu", "", 2, {}}, {"npu", "", 1, {}}};
  const topology::PriceTable price{Money{100}, Money{10}, Money{1'000}, {}};
  EXPECT_EQ(compute_hourly_price(requirements, price), Money{450 + 60 + 9'000});
  requirements = {};
  requirements.cpus = {1};
  EXPECT_EQ(compute_hourly_price(requirements, {Money{1}, {}, {}, {}}), Money{1});
  requirements.tasks = 8'192;
  EXPECT_EQ(compute_hourly_price(requirements, {Money{INT64_MAX}, {}, {}, {}}), Money{INT64_MAX});
}

TEST(Cost, PriceOfATime) {
  EXPECT_EQ(compute_price(Money{1'000}, core::minutes(30)), Money{500});
  EXPECT_EQ(compute_price(Money{1}, Duration{1}), Money{1});
  EXPECT_EQ(compute_price(Money{0}, core::hours(1)), Money{0});
}

TEST(Cost, MovingTakesLatencyAndBandwidth) {
  // 1 GB at 8 Gbit/s is a second.
  const Movement movement = compute_movement(Bytes{1'000'000'000}, 8'000'000'000, 20, Money{7});
  EXPECT_EQ(movement.time, core::seconds(1) + core::milliseconds(20));
  EXPECT_EQ(movement.price, Money{7});
  EXPECT_EQ(compute_movement(Bytes{}, 1, 20, Money{7}), Movement{});
  EXPECT_EQ(compute_movement(Bytes{1}, 0, 20, Money{7}).time, core::milliseconds(20));
  EXPECT_EQ(compute_movement(Bytes{1}, 0, 0, Money{7}).price, Money{1});
  EXPECT_EQ(compute_movement(Bytes{INT64_MAX}, 1, 1, {}).time, Duration{INT64_MAX});
}

// The line of the region, then the pool's user line.
TEST(Cost, InputsComeFromTheirCheapestCopy) {
  topology::RegionLines lines;
  lines.put({"", "", "42", "22", 8'000'000, 5, Money{1'000}});
  lines.put({"", "", "52", "22", 8'000, 5, Money{1'000}});
  lines.put({"", "", "11", "22", 80'000'000, 5, Money{9'000}});
  topology::Pool pool;
  pool.region = "22";
  pool.user_line = {50, 4'000'000, Money{3'000}};
  const Bytes gigabyte{1'000'000'000};
  JobPreferences preferences;
  const auto move = [&](std::vector<DataLocation> inputs) {
    preferences.inputs = std::move(inputs);
    return compute_input_movement(
        preferences, pool, compute_region_movement(preferences, pool.region, &lines, core::Time{}));
  };
  const Movement by_user_line{Money{3'000}, core::seconds(2'000) + core::milliseconds(50)};
  const auto add_line = [&](std::int64_t price, core::Duration time) {
    return Movement{by_user_line.price + Money{price}, by_user_line.time + time};
  };
  const core::Duration latency = core::milliseconds(5);
  EXPECT_EQ(move({}), Movement{});
  EXPECT_EQ(move({{gigabyte, {}}}), by_user_line);
  EXPECT_EQ(move({{gigabyte, {"22"}}}), by_user_line);
  EXPECT_EQ(move({{gigabyte, {"42"}}}), add_line(1'000, core::seconds(1'000) + latency));
  EXPECT_EQ(move({{gigabyte, {"42", "22"}}}), by_user_line);
  // Equal prices: the faster one. A dearer one only if time is worth it.
  EXPECT_EQ(move({{gigabyte, {"52", "42", "11"}}}),
            add_line(1'000, core::seconds(1'000) + latency));
  preferences.price_per_hour_of_delay = Money{1'000'000};
  EXPECT_EQ(move({{gigabyte, {"52", "42", "11"}}}), add_line(9'000, core::seconds(100) + latency));
  // Nobody has registered a line from there: 80 s at 100 Mbit/s, 50 ms, free.
  EXPECT_EQ(move({{gigabyte, {"91"}}}), add_line(0, core::seconds(80) + core::milliseconds(50)));
  // Sums: the same line twice.
  EXPECT_EQ(move({{gigabyte, {"42"}}, {gigabyte, {"42"}}}).price, Money{8'000});
}

TEST(Cost, FasterPoolsRunShorter) {
  Requirements requirements;
  JobPreferences preferences;
  preferences.time_limit = core::hours(2);
  EXPECT_EQ(compute_run_time(requirements, preferences, 0), core::hours(2));
  EXPECT_EQ(compute_run_time(requirements, preferences, 5), core::hours(2));
  preferences.estimate = core::hours(1);
  EXPECT_EQ(compute_run_time(requirements, preferences, 0), core::hours(1));
  requirements.rate = core::Rate{core::Precision::fp64, 100};
  EXPECT_EQ(compute_run_time(requirements, preferences, 0), core::hours(1));
  EXPECT_EQ(compute_run_time(requirements, preferences, 400), core::minutes(15));
  EXPECT_EQ(compute_run_time(requirements, preferences, 50), core::hours(2));
  EXPECT_EQ(compute_run_time(requirements, preferences, 1), core::hours(2));
}

}  // namespace
}  // namespace intertie::placement
