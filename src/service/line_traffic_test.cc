// Turns on a line, and news of what comes over it. No test waits for a clock.
#include "line_traffic.h"

#include <memory>
#include <optional>
#include <vector>

#include <gtest/gtest.h>

#include "intertie/core/limits.h"

namespace intertie::service {
namespace {

constexpr core::Bytes kSize{4 << 20};

class LineTrafficTest : public testing::Test {
 protected:
  ~LineTrafficTest() override {
    lines.stop();
    workers.stop();
    deadlines.stop();
  }

  void register_line(std::int64_t bits_per_second) {
    hub::LineRegistered event;
    event.line.from = "22";
    event.line.to = "42";
    event.line.bandwidth_bits_per_second = bits_per_second;
    machine.apply(event, {});
    lines.look(machine);
  }

  void reserve(std::uint64_t number, const std::string& key, std::int64_t bits_per_second) {
    hub::LineReserved event;
    event.leg = number;
    event.to = "42";
    event.key = key;
    event.size = kSize;
    event.bits_per_second = bits_per_second;
    machine.apply(event, {});
    lines.look(machine);
  }

  // What came at once; nothing: it waits.
  std::optional<core::Result<std::int64_t>> ask(std::int64_t wanted,
                                                const std::string& region = "42",
                                                const std::string& leg = {}) {
    auto answer = std::make_shared<std::optional<core::Result<std::int64_t>>>();
    answers.push_back(answer);
    lines.wait_turn({region, leg}, wanted,
                    [answer](core::Result<std::int64_t> turn) { *answer = turn; });
    return *answer;
  }

  // An answer from region 42 that takes so long, and one that breaks beside it.
  void fetch(std::int64_t bytes, core::Duration taken) {
    LineTraffic::Fetch whole(lines, "42");
    const LineTraffic::Fetch broken(lines, "42");
    now = now + taken;
    whole.finish(bytes);
  }

  Deadlines deadlines;
  WorkerPool workers{1, 100};
  core::Time now = core::Time{} + core::hours(1);
  LineTraffic lines{deadlines, workers, [this] { return now; }};
  hub::HubMachine machine;
  std::vector<std::shared_ptr<std::optional<core::Result<std::int64_t>>>> answers;
};

TEST_F(LineTrafficTest, NothingIsHeldBackWhereNoLineIsRegistered) {
  register_line(8'000);
  EXPECT_EQ(ask(1 << 30, "52")->value(), 1 << 30);
  EXPECT_EQ(ask(1 << 30, "52")->value(), 1 << 30);
}

// 1,000 bytes a second; an answer has 16 KiB, the burst 64 KiB.
TEST_F(LineTrafficTest, NothingIsHeldBackOnceALineIsRetired) {
  register_line(8'000);
  for (int turn = 0; turn < 5; ++turn) ASSERT_TRUE(ask(1 << 20).has_value()) << turn;
  ASSERT_FALSE(ask(1 << 20).has_value());
  hub::LineRegistered retired = machine.state().lines.front();
  retired.is_retired = true;
  machine.apply(retired, {});
  lines.look(machine);
  EXPECT_TRUE(ask(1 << 20).has_value());
}

TEST_F(LineTrafficTest, TurnsAreGivenInOrderUntilTheWaitIsTooLong) {
  register_line(8'000);
  for (int turn = 0; turn < 5; ++turn) {
    const auto answer = ask(1 << 20);
    ASSERT_TRUE(answer.has_value()) << turn;
    EXPECT_EQ(answer->value(), 16 << 10);
  }
  EXPECT_FALSE(ask(1 << 20).has_value());  // Waits for 16 s.
  const auto refused = ask(1 << 20);       // Would wait for 32 s, and books nothing.
  ASSERT_TRUE(refused.has_value());
  EXPECT_EQ(refused->error().reason, core::Reason::busy);
  lines.stop();
  EXPECT_EQ((*answers[5])->error().reason, core::Reason::stopping);
  EXPECT_EQ(ask(1)->error().reason, core::Reason::stopping);
}

TEST_F(LineTrafficTest, AnAnswerIsAtMostASecondOfTheLine) {
  register_line(8'000'000'000);
  EXPECT_EQ(ask(1 << 30)->value(), 1'000'000'000);
}

TEST_F(LineTrafficTest, WhatHadATurnIsCounted) {
  register_line(8'000'000'000);
  ask(1 << 20);
  ask(1 << 30);
  ask(1 << 10, "52");
  EXPECT_EQ(lines.count_sent("42"), (1 << 20) + 1'000'000'000);
  EXPECT_EQ(lines.count_sent("52"), 1 << 10);
  EXPECT_EQ(lines.count_sent("11"), 0);
}

TEST_F(LineTrafficTest, NewsComesOnceAndOnlyOfWhatChanged) {
  EXPECT_FALSE(lines.take_news("42").has_value());
  fetch(core::limits::line_sample_bytes_min, core::seconds(1));
  auto news = lines.take_news("42");
  ASSERT_TRUE(news.has_value());
  EXPECT_EQ(news->from, "42");
  EXPECT_EQ(news->bits_per_second, core::limits::line_sample_bytes_min * 8);
  EXPECT_FALSE(news->delay.has_value());
  EXPECT_FALSE(lines.take_news("42").has_value());
  lines.note_round_trip("42", core::milliseconds(80));
  news = lines.take_news("42");
  ASSERT_TRUE(news.has_value());
  EXPECT_EQ(news->bits_per_second, 0);
  EXPECT_EQ(news->delay, core::milliseconds(40));
  lines.note_round_trip("42", core::milliseconds(78));
  EXPECT_FALSE(lines.take_news("42").has_value());
  lines.note_round_trip("42", core::milliseconds(20));
  EXPECT_EQ(lines.take_news("42")->delay, core::milliseconds(10));
}

TEST_F(LineTrafficTest, NewsOfARateComesAtMostEveryFiveSeconds) {
  fetch(core::limits::line_sample_bytes_min, core::seconds(1));
  ASSERT_TRUE(lines.take_news("42").has_value());
  fetch(core::limits::line_sample_bytes_min, core::seconds(4));
  EXPECT_FALSE(lines.take_news("42").has_value());
  now = now + core::seconds(1);
  ASSERT_TRUE(lines.take_news("42").has_value());
}

// A first answer within one tick of the clock says nothing of the rate yet.
TEST_F(LineTrafficTest, NoTimeIsNoRate) {
  fetch(core::limits::line_sample_bytes_min, core::Duration{});
  EXPECT_FALSE(lines.take_news("42").has_value());
  fetch(0, core::seconds(1));
  EXPECT_EQ(lines.take_news("42")->bits_per_second, core::limits::line_sample_bytes_min * 8);
}

TEST_F(LineTrafficTest, WhatAnotherHubBringsIsMeasured) {
  now = now + core::seconds(10);
  lines.note_arrival("42", core::limits::line_sample_bytes_min, core::Duration{});
  EXPECT_FALSE(lines.take_news("42").has_value());
  lines.note_arrival("42", core::limits::line_sample_bytes_min, core::seconds(2));
  EXPECT_EQ(lines.take_news("42")->bits_per_second, core::limits::line_sample_bytes_min * 4);
  EXPECT_FALSE(lines.take_news("52").has_value());
}

// A line of 1 MB/s that others have booked for ten seconds.
TEST_F(LineTrafficTest, AReservedTransferHasItsTurnsBetweenThoseOfOthers) {
  register_line(8'000'000);
  reserve(1, "22/7", 4'000'000);
  for (int turn = 0; turn < 10; ++turn) ask(1 << 20);
  const auto reserved = ask(1 << 20, "42", "22/7");
  ASSERT_TRUE(reserved.has_value());
  EXPECT_EQ(reserved->value(), 500'000);  // A second of its rate.
  EXPECT_FALSE(ask(1 << 20, "42", "22/8").has_value());
  machine.apply(hub::LineReleased{1}, {});
  lines.look(machine);
  now = now + core::seconds(1);
  EXPECT_FALSE(ask(1 << 20, "42", "22/7").has_value());
}

TEST_F(LineTrafficTest, WhoeverSendsMuchWishesForAShareOnceInAWhile) {
  register_line(8'000'000);
  const api::LineUse use{"42", "52/9", kSize};
  auto wish = lines.find_wish(use);
  ASSERT_TRUE(wish.has_value());
  const auto& reserve_line = std::get<hub::ReserveLine>(*wish);
  EXPECT_EQ(reserve_line.to, "42");
  EXPECT_EQ(reserve_line.key, "52/9");
  EXPECT_EQ(reserve_line.size, kSize);
  EXPECT_FALSE(lines.find_wish(use).has_value());
  now = now + core::seconds(10);
  EXPECT_TRUE(lines.find_wish(use).has_value());
  EXPECT_FALSE(lines.find_wish({"42", "", kSize}).has_value());
  EXPECT_FALSE(lines.find_wish({"42", "52/9", core::Bytes{1}}).has_value());
  EXPECT_FALSE(lines.find_wish({"52", "52/9", kSize}).has_value());  // No line.
}

TEST_F(LineTrafficTest, AShareIsGivenBackWhenAllHasBeenSent) {
  register_line(80'000'000'000);
  reserve(1, "52/9", 8'000'000'000);
  const api::LineUse use{"42", "52/9", kSize};
  ASSERT_TRUE(ask(kSize.count - 1, "42", "52/9").has_value());
  EXPECT_FALSE(lines.find_wish(use).has_value());
  ASSERT_TRUE(ask(1, "42", "52/9").has_value());
  const auto wish = lines.find_wish(use);
  ASSERT_TRUE(wish.has_value());
  EXPECT_EQ(std::get<hub::ReleaseLine>(*wish).key, "52/9");
  EXPECT_FALSE(lines.find_wish(use).has_value());
}

}  // namespace
}  // namespace intertie::service
