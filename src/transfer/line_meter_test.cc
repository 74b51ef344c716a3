// What a line achieves, against a count of the microseconds in which something was under way.
#include "intertie/transfer/line_meter.h"

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "intertie/core/limits.h"
#include "intertie/core/random.h"
#include "intertie/transfer/pacing.h"

namespace intertie::transfer {
namespace {

using core::Bytes;
using core::Time;
namespace limits = core::limits;

struct Step {
  std::int64_t at = 0;
  bool is_end = false;
  std::int64_t bytes = 0;
};

TEST(LineMeter, WhatComesUnaskedIsBusyTimeToo) {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    SCOPED_TRACE(seed);
    core::Random random(seed);
    struct Stretch {
      std::int64_t begin, end, bytes;
      bool is_asked;
    };
    std::vector<Stretch> stretches;
    std::vector<bool> busy(20'000, false);  // By millisecond.
    std::int64_t bytes = 0;
    for (std::int64_t i = 1 + random.between(0, 12); i > 0; --i) {
      const std::int64_t begin = random.between(0, 10'000);
      const std::int64_t end = begin + random.between(1, 5'000);
      stretches.push_back({begin, end, random.between(0, 3 << 20), random.between(0, 1) == 1});
      std::fill(busy.begin() + begin, busy.begin() + end, true);
      bytes += stretches.back().bytes;
    }
    LineMeter meter;
    std::int64_t last = 0;
    for (std::int64_t at = 0; at < 20'000; ++at) {
      const Time now{at * 1'000};
      for (const Stretch& each : stretches) {
        if (each.is_asked && each.begin == at) meter.begin(now);
        if (each.end != at) continue;
        last = at;
        if (each.is_asked) {
          meter.end({each.bytes}, now);
        } else {
          meter.note_arrival({each.bytes}, core::milliseconds(each.end - each.begin), now);
        }
      }
    }
    const auto rate = meter.find_rate(Time{last * 1'000});
    ASSERT_EQ(rate.has_value(), bytes >= limits::line_sample_bytes_min);
    if (!rate) continue;
    EXPECT_EQ(*rate, bytes * 8 * 1'000 / std::ranges::count(busy, true));
  }
}

TEST(LineMeter, CountsBusyTimeOnceHoweverManyTransfers) {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    SCOPED_TRACE(seed);
    core::Random random(seed);
    std::vector<Step> steps;
    std::vector<bool> busy(20'000, false);  // By millisecond.
    std::int64_t bytes = 0;
    for (std::int64_t i = 1 + random.between(0, 12); i > 0; --i) {
      const std::int64_t begin = random.between(0, 10'000);
      const std::int64_t end = begin + random.between(1, 5'000);
      const std::int64_t size = random.between(0, 3 << 20);
      std::fill(busy.begin() + begin, busy.begin() + end, true);
      steps.push_back({begin, false, 0});
      steps.push_back({end, true, size});
      bytes += size;
    }
    std::ranges::stable_sort(steps, {},
                             [](const Step& step) { return std::pair(step.at, step.is_end); });
    LineMeter meter;
    for (const Step& step : steps) {
      const Time now{step.at * 1'000};
      if (step.is_end) {
        meter.end({step.bytes}, now);
      } else {
        meter.begin(now);
      }
    }
    const auto rate = meter.find_rate(Time{steps.back().at * 1'000});
    ASSERT_EQ(rate.has_value(), bytes >= limits::line_sample_bytes_min);
    if (!rate) continue;
    EXPECT_EQ(*rate, bytes * 8 * 1'000 / std::ranges::count(busy, true));
  }
}

TEST(LineMeter, IdleTimeDoesNotCountAndOldFiguresGo) {
  LineMeter meter;
  const Bytes size{2 << 20};
  meter.begin(Time{0});
  meter.end(size, Time{1'000'000});
  Time now = Time{0} + limits::line_rate_window - core::seconds(1);
  EXPECT_EQ(meter.find_rate(now), size.count * 8);
  meter.begin(now);
  meter.end(size, now + core::milliseconds(500));
  EXPECT_EQ(meter.find_rate(now + core::milliseconds(500)), size.count * 2 * 8 * 2 / 3);
  now = now + core::minutes(1);
  EXPECT_EQ(meter.find_rate(now + core::seconds(1)), std::nullopt);
}

// One transfer for longer than the window: its bytes and its time stay together.
TEST(LineMeter, ALongTransferIsNotFasterThanItWas) {
  LineMeter meter;
  meter.begin(Time{0});
  meter.end({100 << 20}, Time{0} + core::minutes(5));
  EXPECT_EQ(meter.find_rate(Time{0} + core::minutes(5)), (100LL << 20) * 8 / 300);
}

TEST(LineMeter, TheDelayIsHalfOfTheShortestRoundTripOfTheWindow) {
  LineMeter meter;
  EXPECT_EQ(meter.find_delay(Time{0}), std::nullopt);
  meter.note_round_trip(core::milliseconds(40), Time{0});
  const Time later = Time{0} + core::seconds(30);
  meter.note_round_trip(core::milliseconds(90), later);
  EXPECT_EQ(meter.find_delay(later), core::milliseconds(20));
  EXPECT_EQ(meter.find_delay(Time{0} + limits::line_rate_window), core::milliseconds(45));
  EXPECT_EQ(meter.find_rate(later), std::nullopt);
}

// Against a bucket that counts in millionths of a byte.
TEST(Pacer, BookingsKeepToTheLineAndGoInOrder) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE(seed);
    core::Random random(seed);
    __extension__ using Wide = __int128;
    const std::int64_t rate = 1 + random.between(0, 10'000'000);
    const std::int64_t burst = 1 + random.between(0, 1'000'000);
    Pacer pacer(rate, {burst}, Time{0});
    Wide bucket = Wide{burst} * 1'000'000;
    Time now{0};
    Time last{0};
    for (int i = 0; i < 100; ++i) {
      const core::Duration pause = core::microseconds(random.between(0, 50'000));
      now = now + pause;
      bucket = std::min(bucket + Wide{rate} * pause.count, Wide{burst} * 1'000'000);
      const std::int64_t wanted = random.between(0, 2 * burst);
      const Wide wait = bucket >= 0 ? 0 : (-bucket + rate - 1) / rate;
      bucket -= Wide{wanted} * 1'000'000;
      const Time when = pacer.book(wanted, now);
      ASSERT_EQ(when, now + core::microseconds(static_cast<std::int64_t>(wait)));
      ASSERT_GE(when, last);
      last = when;
      if (bucket >= 1'000'000) continue;
      ASSERT_EQ(pacer.take(1, now), 0);
    }
  }
}

TEST(Pacer, AnotherRateHoldsFromNowOnAndKeepsWhatHasGathered) {
  Pacer pacer(100, core::Bytes{1'000}, Time{0});
  EXPECT_EQ(pacer.take(5'000, Time{0}), 1'000);
  const Time later = Time{0} + core::seconds(1);
  pacer.set_rate(10, later);
  EXPECT_EQ(pacer.get_ready_time(110, later), later + core::seconds(1));
  EXPECT_EQ(pacer.take(5'000, later + core::seconds(1)), 110);
}

}  // namespace
}  // namespace intertie::transfer
