#include "fold_job.h"

#include <gtest/gtest.h>

#include "bill.h"
#include "byte_range.h"
#include "history.h"
#include "route.h"

namespace intertie::api {
namespace {

std::vector<JobEvent> number_events(std::vector<hub::Event> events) {
  std::vector<JobEvent> numbered;
  for (hub::Event& event : events) {
    const auto position = static_cast<std::int64_t>(numbered.size());
    numbered.push_back({static_cast<storage::LogIndex>(position * 10 + 5), core::Time{position},
                        std::move(event)});
  }
  return numbered;
}

TEST(FoldJob, FollowsAJobThroughAFailedAndAGoodAttempt) {
  hub::JobSubmitted submitted;
  submitted.job = 7;
  hub::CapacityReserved reserved;
  reserved.pool = 3;
  hub::AttemptChosen chosen{7, 1, 1, {{}, {}, core::Money{50}}, {}};
  hub::UsageSettled settled;
  settled.post.credits = {{{1}, core::Money{9}}, {{2}, core::Money{1}}};
  hub::AttemptOver over{7, 1, core::Reason::site_lost, 0, core::Time{99}, true};
  auto events = number_events({submitted, reserved, chosen, hub::AttemptBegan{7, 1, {40}}, settled,
                               over, hub::JobRequeued{7, {60}, false}});
  const auto upto = [&](std::size_t count) {
    return fold_job(std::span<const JobEvent>(events).first(count));
  };
  EXPECT_EQ(upto(1).phase, Phase::waiting);
  EXPECT_EQ(upto(2).phase, Phase::waiting);
  EXPECT_EQ(upto(3).phase, Phase::placed);
  EXPECT_EQ(upto(3).current()->held.count, 50);
  EXPECT_EQ(upto(3).current()->reserved.pool, 3u);
  EXPECT_EQ(upto(4).phase, Phase::running);
  EXPECT_EQ(upto(4).current()->began->micros, 40);
  EXPECT_EQ(upto(5).charged.count, 10);
  EXPECT_EQ(upto(7).phase, Phase::waiting);
  EXPECT_EQ(upto(7).reason, core::Reason::site_lost);
  EXPECT_EQ(upto(7).exit_code, std::nullopt);  // Nobody knows how it would have ended.
  EXPECT_EQ(upto(7).current()->over_index, 55u);
  EXPECT_EQ(upto(7).need().pools, 4u);
  chosen.attempt = 2;
  hub::JobEnded ended{7, hub::JobOutcome::failed, core::Reason::exited_nonzero, 3, core::Money{10}};
  for (const hub::Event& event : std::vector<hub::Event>{reserved, chosen, ended}) {
    events.push_back({events.back().index + 1, core::Time{200}, event});
  }
  const JobFacts facts = fold_job(events);
  EXPECT_EQ(facts.phase, Phase::ended);
  EXPECT_EQ(facts.outcome, hub::JobOutcome::failed);
  EXPECT_EQ(facts.exit_code, 3);
  EXPECT_EQ(facts.attempts.size(), 2u);
  EXPECT_EQ(facts.ended->micros, 200);
  EXPECT_EQ(facts.index, events.back().index);
}

TEST(Bill, PricesByHandAndRoundsDownOnce) {
  topology::PriceTable price{core::Money{3'600'000}, core::Money{7'200'000},
                             core::Money{36'000'000}, core::seconds(60)};
  execution::ReservedUse use{core::MilliCpus{500}, core::Bytes{1LL << 29}, 2};
  // An hour: 1.8 + 3.6 + 72 units = 77.4; a second: 21,500 micros.
  EXPECT_EQ(compute_price_until(use, price, core::seconds(100))->count, 2'150'000);
  EXPECT_EQ(compute_price_until(use, price, core::seconds(1))->count, 60 * 21'500);  // Minimum.
  EXPECT_EQ(compute_price_until(use, price, {})->count, 0);
  EXPECT_EQ(compute_price_until(use, price, core::minutes(2) + core::microseconds(1))->count,
            120 * 21'500);
  use.cpus.count = INT64_MAX;
  price.per_cpu_hour.count = INT64_MAX;
  EXPECT_FALSE(compute_price_until(use, price, core::hours(1)).has_value());
}

TEST(Bill, FollowsNumbersAndIntervals) {
  hub::CapacityReserved reserved;
  reserved.job = 7;
  reserved.slots = {{0, 0, core::MilliCpus{1000}, {}, {}}};
  reserved.price.per_cpu_hour = core::Money{3'600'000};
  execution::UsageRecord record;
  record.site = "S";
  record.key = {7, 1, 0};
  record.from = core::Time{0};
  record.to = core::Time{1'000'000};
  record.reserved.cpus = core::MilliCpus{1000};
  AttemptBill bill(reserved, 1, core::Money{6'500}, "S");
  auto wrong = record;
  wrong.reserved.cpus.count = 999;
  EXPECT_FALSE(bill.charge(wrong).has_value());
  wrong = record;
  wrong.site = "T";
  EXPECT_FALSE(bill.charge(wrong).has_value());
  EXPECT_EQ(bill.charge(record)->count, 1000);
  EXPECT_FALSE(bill.charge(record).has_value());  // The same number again.
  record.number = 2;
  EXPECT_FALSE(bill.charge(record).has_value());  // The same interval again.
  record.from = record.to;
  record.to = core::Time{3'000'000};
  EXPECT_EQ(bill.charge(record)->count, 2000);
  record.number = 4;
  record.from = core::Time{5'000'000};
  record.to = core::Time{6'000'000};
  EXPECT_FALSE(bill.charge(record).has_value());  // Number 3 and two seconds are missing.
  bill.note_dispute();
  EXPECT_EQ(bill.charge(record)->count, 1000);
  // Number 3 is accepted later: only for its own time, not for what was charged, and as reserved.
  auto accepted = record;
  accepted.number = 3;
  accepted.from = core::Time{2'000'000};
  accepted.reserved.cpus.count = 9000;
  const auto pay = [&](std::int64_t from, std::int64_t to) {
    return bill.charge_accepted(accepted, core::Time{from}, core::Time{to}, std::nullopt);
  };
  EXPECT_FALSE(pay(2'500'000, 4'000'000).has_value());
  EXPECT_FALSE(pay(1'000'000, 2'000'000).has_value());
  EXPECT_FALSE(pay(4'000'000, 4'000'000).has_value());
  EXPECT_EQ(pay(3'000'000, 4'000'000)->count, 1000);
  EXPECT_FALSE(pay(3'000'000, 4'000'000).has_value());
  EXPECT_EQ(pay(4'000'000, 5'000'000)->count, 1000);
  record.number = 5;
  record.from = record.to;
  record.to = core::Time{9'000'000};
  EXPECT_EQ(bill.charge(record)->count, 500);  // What was held bounds it.
}

TEST(Bill, FollowsAnAttemptInAnotherRegionWhateverItsNumberThere) {
  AttemptTerms terms;
  terms.attempt = 2;
  terms.site = "S";
  terms.amounts.cpus = core::MilliCpus{1000};
  terms.price.per_cpu_hour = core::Money{3'600'000};
  terms.most = core::Money{6'500};
  AttemptBill bill(terms);
  execution::UsageRecord record;
  record.site = "S";
  record.key = {4711, 2, 0};
  record.number = 3;  // Its owner charged nothing for the two before.
  record.from = core::Time{1'000'000};
  record.to = core::Time{2'000'000};
  record.reserved.cpus = core::MilliCpus{1000};
  auto wrong = record;
  wrong.key.attempt = 1;
  EXPECT_FALSE(bill.charge(wrong).has_value());
  wrong = record;
  wrong.site = "T";
  EXPECT_FALSE(bill.charge(wrong).has_value());
  EXPECT_EQ(bill.charge(record)->count, 1000);
  EXPECT_FALSE(bill.charge(record).has_value());
  record.number = 5;
  EXPECT_FALSE(bill.charge(record).has_value());  // The same interval again.
  record.from = core::Time{4'000'000};
  record.to = core::Time{10'000'000};
  EXPECT_EQ(bill.charge(record)->count, 5'500);  // What was held bounds it.
}

TEST(History, SaysOnceThatAJobWaitsAgain) {
  const auto requeue = [](std::uint64_t index, bool uses_retry) {
    return JobEvent{index, core::Time{0}, hub::JobRequeued{1, core::Time{5}, uses_retry}};
  };
  const std::vector<JobEvent> events = {{1, core::Time{0}, hub::JobSubmitted{}},
                                        requeue(2, true),
                                        requeue(3, false),
                                        requeue(4, false),
                                        {5, core::Time{0}, hub::JobCancelRequested{1}},
                                        requeue(6, false),
                                        requeue(7, true)};
  std::vector<std::uint64_t> shown;
  for (const HistoryView& view : make_history(events, Directory{})) shown.push_back(view.index);
  EXPECT_EQ(shown, (std::vector<std::uint64_t>{1, 2, 5, 6, 7}));
}

TEST(History, MarksReceiptsOfWhatTheJobDoesNotName) {
  const auto moved = [](std::uint64_t index, char first) {
    hub::InputMoved event;
    event.dataset.bytes[0] = static_cast<std::uint8_t>(first);
    return JobEvent{index, core::Time{0}, event};
  };
  const std::vector<JobEvent> events = {
      {1, core::Time{0}, hub::JobSubmitted{}}, moved(2, 'a'), moved(3, 'b')};
  crypto::Digest named;
  named.bytes[0] = 'a';
  const auto marks = [&](const JobInputs& inputs) {
    std::vector<bool> shown;
    for (const MoveView& view : list_moves(events, inputs)) shown.push_back(view.is_input);
    const auto history = make_history(events, Directory{}, inputs);
    for (std::size_t i = 0; i < shown.size(); ++i) {
      const bool says = history[i + 1].sentence.find("names no such input") != std::string::npos;
      EXPECT_NE(says, shown[i]) << history[i + 1].sentence;
    }
    return shown;
  };
  EXPECT_EQ(marks(std::set<crypto::Digest>{named}), (std::vector<bool>{true, false}));
  EXPECT_EQ(marks(std::set<crypto::Digest>{}), (std::vector<bool>{false, false}));
  EXPECT_EQ(marks(std::nullopt), (std::vector<bool>{true, true}));
}

TEST(ByteRange, ReadsOneRangeAsTheStandardSays) {
  const auto range = [](std::string_view header) { return *parse_byte_range(header, 10); };
  EXPECT_EQ(range("bytes=0-3"), (ByteRange{0, 4}));
  EXPECT_EQ(range("bytes=8-99"), (ByteRange{8, 2}));
  EXPECT_EQ(range("bytes=8-"), (ByteRange{8, 2}));
  EXPECT_EQ(range("bytes=-3"), (ByteRange{7, 3}));
  EXPECT_EQ(range("bytes=-30"), (ByteRange{0, 10}));
  for (const char* ignored : {"", "bytes=3-1", "items=0-1", "bytes=0-1,3-4", "bytes=x-1"}) {
    EXPECT_FALSE(range(ignored).has_value()) << ignored;
  }
  EXPECT_FALSE(parse_byte_range("bytes=10-", 10).has_value());
  EXPECT_FALSE(parse_byte_range("bytes=-0", 10).has_value());
  EXPECT_FALSE(parse_byte_range("bytes=0-0", 0).has_value());
}

TEST(Route, PatternsMatchWholeSegments) {
  using Texts = std::vector<std::string>;
  EXPECT_EQ(match_pattern("/v1/jobs/{job}", "/v1/jobs/5"), Texts{"5"});
  EXPECT_EQ(match_pattern("/v1/jobs/{job}:cancel", "/v1/jobs/5:cancel"), Texts{"5"});
  EXPECT_EQ(match_pattern("/a/{x}/b/{y}", "/a/1/b/2"), (Texts{"1", "2"}));
  for (const char* path : {"/v1/jobs", "/v1/jobs/5/log", "/v1/jobs//", "/v1/jobs/:cancel"}) {
    EXPECT_FALSE(match_pattern("/v1/jobs/{job}:cancel", path).has_value()) << path;
  }
}

}  // namespace
}  // namespace intertie::api
