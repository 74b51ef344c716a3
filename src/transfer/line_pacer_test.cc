// Turns of a line, against a plain sum of what went.
#include "intertie/transfer/line_pacer.h"

#include <algorithm>
#include <map>
#include <queue>
#include <vector>

#include <gtest/gtest.h>

#include "intertie/core/random.h"

namespace intertie::transfer {
namespace {

using core::Duration;
using core::Time;

constexpr Time kStart{1'000'000'000};

// Somebody who always has something to send: asks again when the last answer went.
struct Sender {
  std::uint64_t leg = 0;
  Time asks_at = kStart;
  std::int64_t sent = 0;
};

struct Sent {
  Time at;
  std::int64_t bytes = 0;
};

// Lets all senders ask until `end`. What they were given, by time; `sent` is what went before
// `end`.
std::vector<Sent> run(LinePacer& pacer, std::vector<Sender>& senders, Time end,
                      std::int64_t piece) {
  std::vector<Sent> all;
  while (true) {
    const auto next = std::ranges::min_element(senders, {}, &Sender::asks_at);
    if (next->asks_at >= end) break;
    const auto turn = pacer.book(next->leg, piece, next->asks_at, core::kNever);
    EXPECT_GT(turn.bytes, 0);
    EXPECT_LE(turn.bytes, piece);
    EXPECT_GE(turn.at, next->asks_at);
    all.push_back({turn.at, turn.bytes});
    if (turn.at < end) next->sent += turn.bytes;
    next->asks_at = turn.at + core::milliseconds(1);
  }
  std::ranges::sort(all, {}, &Sent::at);
  return all;
}

// The most by which any stretch of time has more than the bandwidth carries in it.
std::int64_t find_excess(const std::vector<Sent>& all, std::int64_t bytes_per_second) {
  std::int64_t worst = 0;
  for (std::size_t first = 0; first < all.size(); ++first) {
    std::int64_t sum = 0;
    for (std::size_t last = first; last < all.size(); ++last) {
      sum += all[last].bytes;
      const std::int64_t time = (all[last].at - all[first].at).count;
      worst = std::max(worst, sum - bytes_per_second * time / 1'000'000);
    }
  }
  return worst;
}

TEST(LinePacer, AReservedTransferKeepsItsRateAmongManyOthers) {
  LinePacer pacer(80'000'000, kStart);  // 10 MB/s.
  pacer.put_leg(7, 32'000'000, kStart);
  std::vector<Sender> senders(21);
  senders[0].leg = 7;
  const auto all = run(pacer, senders, kStart + core::seconds(60), 1 << 20);
  EXPECT_GE(senders[0].sent, 4'000'000 * 58);
  for (std::size_t other = 1; other < senders.size(); ++other) {
    EXPECT_GT(senders[other].sent, 6'000'000 * 60 / 20 / 2);
  }
  EXPECT_LE(find_excess(all, 10'000'000), 10'000'000 + 1'000'000);
}

TEST(LinePacer, AReservedTransferThatIsAloneHasTheWholeLine) {
  LinePacer pacer(80'000'000, kStart);
  pacer.put_leg(7, 16'000'000, kStart);
  std::vector<Sender> senders(4);  // Of one transfer.
  for (Sender& sender : senders) sender.leg = 7;
  run(pacer, senders, kStart + core::seconds(20), 2 << 20);
  std::int64_t sent = 0;
  for (const Sender& sender : senders) sent += sender.sent;
  EXPECT_GE(sent, 10'000'000 * 18);
}

TEST(LinePacer, ALegBeginsWhenWhatWasBookedHasGone) {
  LinePacer pacer(8'000'000, kStart);  // 1 MB/s.
  for (int turn = 0; turn < 4; ++turn) pacer.book(0, 1'000'000, kStart, core::kNever);
  pacer.put_leg(7, 4'000'000, kStart);
  const auto first = pacer.book(7, 1'000'000, kStart, core::kNever);
  EXPECT_GE(first.at, kStart + core::milliseconds(3'900));
  EXPECT_LE(first.at, kStart + core::seconds(4));
  EXPECT_EQ(first.bytes, 500'000);
}

TEST(LinePacer, WhatWasBookedOnALegStillCountsWhenItIsOver) {
  LinePacer pacer(8'000'000, kStart);
  pacer.put_leg(7, 6'000'000, kStart);
  pacer.book(0, 1'000'000, kStart, core::kNever);
  for (int turn = 0; turn < 4; ++turn) pacer.book(7, 1'000'000, kStart, core::kNever);
  pacer.drop_leg(7, kStart);
  const auto next = pacer.book(7, 1'000'000, kStart, core::kNever);
  EXPECT_EQ(next.bytes, 1'000'000);
  EXPECT_GE(next.at, kStart + core::milliseconds(2'500));
}

TEST(LinePacer, ATurnThatComesTooLateIsNotBooked) {
  LinePacer pacer(8'000'000, kStart);
  const Time latest = kStart + core::seconds(2);
  int turns = 0;
  while (pacer.book(0, 1'000'000, kStart, latest).bytes > 0) ++turns;
  EXPECT_EQ(turns, 3);  // At once, after 0.9 s and after 1.9 s.
  EXPECT_EQ(pacer.book(0, 1, kStart, latest).bytes, 0);
  EXPECT_EQ(pacer.book(0, 1, kStart + core::seconds(2), kStart + core::seconds(4)).bytes, 1);
}

// Legs come and go, the bandwidth stays: never more than it carries, whoever sends.
TEST(LinePacer, NeverMoreThanTheLineCarries) {
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    SCOPED_TRACE(seed);
    core::Random random(seed);
    const std::int64_t rate = random.between(1, 50) * 100'000;  // Bytes a second.
    LinePacer pacer(rate * 8, kStart);
    std::map<std::uint64_t, std::int64_t> legs;
    std::vector<Sender> senders(1 + random.below(12));
    for (Sender& sender : senders) sender.leg = random.below(5);
    std::vector<Sent> all;
    Time now = kStart;
    for (int step = 0; step < 30; ++step) {
      const std::uint64_t leg = 1 + random.below(4);
      if (legs.contains(leg)) {
        pacer.drop_leg(leg, now);
        legs.erase(leg);
      } else {
        std::int64_t left = rate * 8 * 8 / 10;
        for (const auto& [other, bits] : legs) left -= bits;
        if (left >= 8) legs[leg] = random.between(8, left);
        if (left >= 8) pacer.put_leg(leg, legs[leg], now);
      }
      now = now + core::milliseconds(random.between(1, 4'000));
      for (const Sent& one : run(pacer, senders, now, random.between(1, 4'000'000))) {
        all.push_back(one);
      }
      for (Sender& sender : senders) sender.asks_at = std::max(sender.asks_at, now);
    }
    std::ranges::sort(all, {}, &Sent::at);
    // Bursts: 50 ms, or 64 KiB and 16 KiB a leg; and an answer of each part.
    const std::int64_t slack = rate / 20 + (64 << 10) + 4 * (16 << 10);
    const std::int64_t answers = rate + 5 * (16 << 10);
    EXPECT_LE(find_excess(all, rate), slack + answers);
  }
}

}  // namespace
}  // namespace intertie::transfer
