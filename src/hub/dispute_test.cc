// Usage records that were not accepted: what can still be paid for them, to whom, and how often.
#include "intertie/hub/dispute.h"

#include <string>

#include <gtest/gtest.h>

#include "intertie/core/limits.h"
#include "intertie/core/random.h"
#include "intertie/ledger/totals.h"

#include "test_world.h"

namespace intertie::hub {
namespace {

constexpr std::int64_t kDisputeDeposit = 1'000'000'000;

// A job at a pool of 1 micro a cpu-millisecond, with a hold of 600,000 micros.
class Dispute : public testing::Test {
 protected:
  Dispute() {
    world.create_hub();
    site = world.join("alpha", TestWorld::make_pool(1));
    world.measure(*site);
    begin(TestWorld::make_document());
  }

  void begin(const JobDocument& document) {
    ASSERT_TRUE(world.submit(document).has_value());
    for (const auto& message : world.read_rows(*site)) {
      if (const auto* one = std::get_if<execution::StartAttempt>(&message)) start = *one;
    }
    began = world.now;
    world.say(*site, execution::AttemptStarted{start.job, start.attempt, began});
  }

  void report(core::Time from, core::Time to, std::uint32_t number, bool is_last = false) {
    world.say(*site,
              execution::UsageReport{start.job, start.attempt,
                                     world.make_usage(*site, start, from, to, number, is_last)});
  }

  void end(std::int32_t exit_code = 0) {
    execution::AttemptEnded ended{start.job, start.attempt,       world.now, {},
                                  "",        {{0, exit_code, 0}}, {}};
    if (exit_code != 0) ended.failure = core::Reason::exited_nonzero;
    world.say(*site, ended);
  }

  const std::map<std::uint64_t, OpenDispute>& open() { return world.machine().state().disputes; }
  core::Result<Reply> resolve(std::uint64_t number, bool is_accepted) {
    return world.ask(ResolveDispute{number, is_accepted, 2});
  }
  std::int64_t spent() { return kDisputeDeposit - world.balance("ada").count; }

  void expect_sound() {
    const auto totals = ledger::compute_totals(ledger::dump_ledger(world.machine().state().ledger));
    EXPECT_EQ(totals.sum.count, 0);
    EXPECT_TRUE(totals.problems.empty());
  }

  TestWorld world;
  std::unique_ptr<TestWorld::TestSite> site;
  execution::StartAttempt start;
  core::Time began;
};

TEST_F(Dispute, IsPaidOnceWhenItsAttemptIsOver) {
  world.advance(core::seconds(10));
  report(began, world.now + core::minutes(1), 1);  // Its clock was ahead.
  ASSERT_EQ(open().size(), 1u);
  const std::uint64_t number = open().begin()->first;
  EXPECT_EQ(compute_payable(open().begin()->second).count, 10'000);  // Until now, not until then.
  EXPECT_EQ(resolve(number, true).error().reason, core::Reason::busy);
  end();
  EXPECT_EQ(spent(), 0);
  ASSERT_TRUE(resolve(number, true).has_value());
  EXPECT_EQ(spent(), 10'000);
  EXPECT_EQ(world.balance("plant").count, 9'900);
  EXPECT_EQ(world.balance("fees").count, 100);
  EXPECT_EQ(resolve(number, true).error().reason, core::Reason::already_final);
  EXPECT_EQ(resolve(number, false).error().reason, core::Reason::already_final);
  EXPECT_EQ(spent(), 10'000);
  expect_sound();
}

TEST_F(Dispute, RejectedCostsNothing) {
  world.advance(core::seconds(10));
  report(began, world.now + core::minutes(1), 1);
  const std::uint64_t number = open().begin()->first;
  ASSERT_TRUE(resolve(number, false).has_value());  // Also while the attempt runs.
  EXPECT_TRUE(open().empty());
  end();
  EXPECT_EQ(spent(), 0);
}

TEST_F(Dispute, WhatWasChargedOtherwiseIsNotPaidAgain) {
  world.advance(core::seconds(10));
  report(began, world.now + core::minutes(1), 1);
  report(began + core::seconds(4), world.now, 2);  // The same time, told again, but for 4 s.
  EXPECT_EQ(spent(), 6'000);
  ASSERT_EQ(open().size(), 1u);
  EXPECT_EQ(compute_payable(open().begin()->second).count, 4'000);
  report(began, world.now, 2);  // Before what was charged: disputed, and nothing of it is left.
  ASSERT_EQ(open().size(), 2u);
  const std::uint64_t first = open().begin()->first;
  const std::uint64_t second = open().rbegin()->first;
  end();
  EXPECT_EQ(resolve(second, true).error().reason, core::Reason::usage_disputed);
  ASSERT_TRUE(resolve(first, true).has_value());
  EXPECT_EQ(spent(), 10'000);
  expect_sound();
}

TEST_F(Dispute, TwoAboutTheSameTimePayItOnce) {
  world.advance(core::seconds(10));
  report(began, world.now + core::minutes(1), 1);
  report(began, world.now + core::minutes(2), 1);
  end();
  const std::uint64_t first = open().begin()->first;
  const std::uint64_t second = open().rbegin()->first;
  ASSERT_TRUE(resolve(first, true).has_value());
  EXPECT_EQ(resolve(second, true).error().reason, core::Reason::usage_disputed);
  EXPECT_EQ(spent(), 10'000);
}

TEST_F(Dispute, WhatCannotBeReadCanOnlyBeRejected) {
  std::string flipped = world.make_usage(*site, start, began, world.now);
  flipped[flipped.size() / 2] ^= 1;
  world.say(*site, execution::UsageReport{start.job, start.attempt, flipped});
  end();
  const std::uint64_t number = open().begin()->first;
  EXPECT_EQ(resolve(number, true).error().reason, core::Reason::usage_disputed);
  EXPECT_TRUE(resolve(number, false).has_value());
}

TEST_F(Dispute, MoreThanWasReservedIsPaidAsReserved) {
  world.advance(core::seconds(10));
  execution::StartAttempt padded = start;
  padded.slots[0].cpus = core::MilliCpus{8000};
  world.say(*site, execution::UsageReport{start.job, start.attempt,
                                          world.make_usage(*site, padded, began, world.now)});
  end();
  ASSERT_TRUE(resolve(open().begin()->first, true).has_value());
  EXPECT_EQ(spent(), 10'000);
}

TEST_F(Dispute, AnAccountWithoutMoneyPaysWhenItHasSome) {
  world.advance(core::seconds(10));
  report(began, world.now + core::minutes(1), 1);
  end();
  world.must(Deposit{{1, 9}, "ada", core::Money{-kDisputeDeposit}});
  const std::uint64_t number = open().begin()->first;
  EXPECT_EQ(resolve(number, true).error().reason, core::Reason::insufficient_funds);
  ASSERT_EQ(open().size(), 1u);
  world.must(Deposit{{1, 10}, "ada", core::Money{10'000}});
  EXPECT_TRUE(resolve(number, true).has_value());
  EXPECT_EQ(world.balance("ada").count, 0);
  expect_sound();
}

TEST_F(Dispute, AJobWithAPriceLimitStaysBelowItOverAllItsAttempts) {
  end();
  JobDocument document = TestWorld::make_document();
  document.retries = 5;
  document.price.max = core::Money{900'000};
  begin(document);
  for (int round = 0; round < 24; ++round) {
    world.beat(*site);
    world.advance(core::seconds(15));
  }
  report(began, world.now + core::minutes(1), 1);  // 360,000, disputed.
  end(1);
  world.advance(core::minutes(2));
  world.beat(*site);
  world.read_rows(*site);
  EXPECT_EQ(world.machine().state().find_job(start.job)->attempt, 2u);  // Holds 600,000.
  ASSERT_TRUE(resolve(open().begin()->first, true).has_value());
  EXPECT_EQ(spent(), 300'000);
}

TEST_F(Dispute, AtMostSoManyOfASiteAreOpen) {
  const std::string noise = "no envelope";
  for (std::size_t i = 0; i < core::limits::disputes_open_per_site_max + 5; ++i) {
    world.say(*site, execution::UsageReport{start.job, start.attempt, noise});
  }
  EXPECT_EQ(open().size(), core::limits::disputes_open_per_site_max);
  ASSERT_TRUE(resolve(open().begin()->first, false).has_value());
  world.say(*site, execution::UsageReport{start.job, start.attempt, noise});
  EXPECT_EQ(open().size(), core::limits::disputes_open_per_site_max);
}

TEST_F(Dispute, ReplayAndSnapshotKnowIt) {
  world.advance(core::seconds(10));
  report(began, world.now + core::minutes(1), 1);
  report(began, world.now + core::minutes(1), 2);
  end();
  ASSERT_TRUE(resolve(open().begin()->first, true).has_value());
  const std::string before = world.machine().encode_state();
  HubMachine restored;
  ASSERT_TRUE(restored.decode_state(before).has_value());
  EXPECT_EQ(restored.encode_state(), before);
  EXPECT_EQ(restored.state().disputes_of_jobs, world.machine().state().disputes_of_jobs);
  EXPECT_EQ(restored.state().disputes_of_sites, world.machine().state().disputes_of_sites);
  world.restart();
  EXPECT_EQ(world.machine().encode_state(), before);
}

// Whatever a site reports and whatever is accepted of it: no moment is paid twice, nothing beyond
// what was reserved from the start to now, and the ledger stays balanced.
TEST_F(Dispute, PropertyNothingIsPaidTwice) {
  end();
  core::Random random(7);
  for (int run = 0; run < 60; ++run) {
    const std::int64_t before = spent();
    begin(TestWorld::make_document());
    std::uint32_t number = 1;
    for (int step = 0; step < 8; ++step) {
      world.advance(core::seconds(static_cast<std::int64_t>(random.below(8))));
      world.beat(*site);
      const auto moment = [&] {
        return began + core::seconds(static_cast<std::int64_t>(random.below(60)) - 5);
      };
      const core::Time one = moment();
      const core::Time other = moment();
      report(std::min(one, other), std::max(one, other), number, random.below(8) == 0);
      number += static_cast<std::uint32_t>(random.below(2));
    }
    const core::Duration length = world.now - began;
    end();
    while (!open().empty()) {
      const std::uint64_t dispute = open().begin()->first;
      if (random.below(4) == 0 || !resolve(dispute, true)) {
        ASSERT_TRUE(resolve(dispute, false).has_value());
      }
    }
    // Settled records may begin up to the clock margin before the start.
    EXPECT_LE(spent() - before, (length + core::limits::clock_margin * 2).count / 1000);
    expect_sound();
  }
}

}  // namespace
}  // namespace intertie::hub
