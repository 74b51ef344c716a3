// The life of a job through the hub, told with hand-driven sites.
#include <string>

#include <gtest/gtest.h>

#include "intertie/ledger/totals.h"

#include "test_world.h"

namespace intertie::hub {
namespace {

execution::StartAttempt read_start(TestWorld& world, TestWorld::TestSite& site) {
  const auto messages = world.read_rows(site);
  EXPECT_EQ(messages.size(), 1u);
  return std::get<execution::StartAttempt>(messages.at(0));
}

void expect_sound(TestWorld& world) {
  const auto totals = ledger::compute_totals(ledger::dump_ledger(world.machine().state().ledger));
  EXPECT_EQ(totals.sum.count, 0);
  EXPECT_TRUE(totals.problems.empty());
}

TEST(Hub, PlacesRunsMetersAndSettlesAJob) {
  TestWorld world;
  world.create_hub();
  auto site = world.join("alpha", TestWorld::make_pool(2));
  world.measure(*site);
  const auto job = world.submit(TestWorld::make_document());
  ASSERT_TRUE(job.has_value()) << core::to_text(job.error());
  const auto start = read_start(world, *site);
  EXPECT_EQ(start.job, job->job);
  EXPECT_EQ(start.attempt, 1u);
  world.run(*site, start, core::seconds(10));
  // 1 cpu for 10 s at 3.6 units an hour: 10,000 micros, 1 % of it the hub's.
  EXPECT_EQ(world.balance("ada").count, 1'000'000'000 - 10'000);
  EXPECT_EQ(world.balance("plant").count, 9'900);
  EXPECT_EQ(world.balance("fees").count, 100);
  EXPECT_EQ(world.machine().state().find_job(job->job), nullptr);
  EXPECT_EQ(world.machine().state().ledger.hold_count(), 0u);
  EXPECT_EQ(world.machine().state().counters.succeeded, 1u);
  expect_sound(world);
  const auto rows = world.read_rows(*site);
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_TRUE(std::holds_alternative<execution::ForgetAttempt>(rows[0]));
}

TEST(Hub, RefusesWhatNoSiteCanEverRunAndCountsTheDemand) {
  TestWorld world;
  world.create_hub();
  EXPECT_EQ(world.submit(TestWorld::make_document()).error().reason, core::Reason::no_sites);
  auto site = world.join("alpha", TestWorld::make_pool(2));
  world.measure(*site);
  const auto refused = world.submit(TestWorld::make_document(64));
  EXPECT_EQ(refused.error().reason, core::Reason::unplaceable);
  EXPECT_EQ(refused.error().detail, "1 x cpus_too_few");
  EXPECT_EQ(world.machine().state().counters.refused, 2u);
}

TEST(Hub, APriceNoPoolWouldTakeIsRefusedAlsoWhileAllAreBusyOrAway) {
  TestWorld world;
  world.create_hub();
  auto site = world.join("alpha", TestWorld::make_pool(1));
  world.measure(*site);
  ASSERT_TRUE(world.submit(TestWorld::make_document()).has_value());
  JobDocument cheap = TestWorld::make_document();
  cheap.price.max = core::Money{1};
  EXPECT_EQ(world.submit(cheap).error().reason, core::Reason::price_above_limit);
  for (int second = 0; second < 30; ++second) world.advance(core::seconds(1));
  ASSERT_EQ(world.machine().state().sites[site->handle].status, topology::PoolStatus::lost);
  EXPECT_EQ(world.submit(cheap).error().reason, core::Reason::price_above_limit);
  EXPECT_TRUE(world.submit(TestWorld::make_document()).has_value());
}

TEST(Hub, AnUnmeasuredPoolIsInfeasibleUntilItsStatementArrives) {
  TestWorld world;
  world.create_hub();
  auto site = world.join("alpha", TestWorld::make_pool(2));
  const auto job = world.submit(TestWorld::make_document());
  ASSERT_TRUE(job.has_value());  // It may wait: a measurement can come.
  EXPECT_TRUE(world.read_rows(*site).empty());
  world.measure(*site, core::minutes(30));
  EXPECT_EQ(read_start(world, *site).job, job->job);
  world.advance(core::minutes(31));  // Expired: the free core is not used.
  ASSERT_TRUE(world.submit(TestWorld::make_document()).has_value());
  EXPECT_TRUE(world.read_rows(*site).empty());
}

TEST(Hub, FreedCapacityWakesTheNextJobInOrderOfPriorityThenAge) {
  TestWorld world;
  world.create_hub();
  auto site = world.join("alpha", TestWorld::make_pool(1));
  world.measure(*site);
  const auto first = world.submit(TestWorld::make_document());
  const auto low = world.submit(TestWorld::make_document());
  JobDocument urgent = TestWorld::make_document();
  urgent.priority = PriorityClass::high;
  const auto high = world.submit(urgent);
  auto start = read_start(world, *site);
  EXPECT_EQ(start.job, first->job);
  world.run(*site, start, core::seconds(1));
  auto rows = world.read_rows(*site);  // Forget the first, start the urgent one.
  ASSERT_EQ(rows.size(), 2u);
  start = std::get<execution::StartAttempt>(rows[1]);
  EXPECT_EQ(start.job, high->job);
  world.run(*site, start, core::seconds(1));
  rows = world.read_rows(*site);
  EXPECT_EQ(std::get<execution::StartAttempt>(rows.at(1)).job, low->job);
}

TEST(Hub, CancelsAWaitingJobAtOnceAndStopsARunningOne) {
  TestWorld world;
  world.create_hub();
  auto site = world.join("alpha", TestWorld::make_pool(1));
  world.measure(*site);
  const auto running = world.submit(TestWorld::make_document());
  const auto waiting = world.submit(TestWorld::make_document());
  const auto start = read_start(world, *site);
  world.must(CancelJob{waiting->job, 0});
  EXPECT_EQ(world.machine().state().find_job(waiting->job), nullptr);
  EXPECT_EQ(world.ask(CancelJob{waiting->job, 0}).error().reason, core::Reason::already_final);
  EXPECT_EQ(world.ask(CancelJob{running->job, 1}).error().reason, core::Reason::not_found);
  world.must(CancelJob{running->job, 0});
  const auto rows = world.read_rows(*site);
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(std::get<execution::StopAttempt>(rows[0]).job, running->job);
  world.run(*site, start, core::seconds(2), 143);
  EXPECT_EQ(world.machine().state().counters.cancelled, 2u);
  EXPECT_EQ(world.balance("plant").count, 1'980);
  expect_sound(world);
}

TEST(Hub, RetriesAFailedJobAsOftenAsAskedAndNoMore) {
  TestWorld world;
  world.create_hub();
  auto site = world.join("alpha", TestWorld::make_pool(1));
  world.measure(*site);
  JobDocument document = TestWorld::make_document();
  document.retries = 1;
  const auto job = world.submit(document);
  world.run(*site, read_start(world, *site), core::seconds(1), 3);
  world.read_rows(*site);
  world.advance(core::seconds(2));
  const auto again = read_start(world, *site);
  EXPECT_EQ(again.job, job->job);
  EXPECT_EQ(again.attempt, 2u);
  world.run(*site, again, core::seconds(1), 3);
  EXPECT_EQ(world.machine().state().counters.failed, 1u);
  expect_sound(world);
}

TEST(Hub, TheSameIdempotencyKeyGivesTheSameJobOrAConflict) {
  TestWorld world;
  world.create_hub();
  auto site = world.join("alpha", TestWorld::make_pool(1));
  world.measure(*site);
  const auto first = world.submit(TestWorld::make_document(), "key-1");
  const auto second = world.submit(TestWorld::make_document(), "key-1");
  EXPECT_EQ(first->job, second->job);
  EXPECT_TRUE(second->is_repeat);
  JobDocument other = TestWorld::make_document();
  other.run = {"false"};
  EXPECT_EQ(world.submit(other, "key-1").error().reason, core::Reason::idempotency_conflict);
  world.run(*site, read_start(world, *site), core::seconds(1));
  EXPECT_EQ(world.submit(TestWorld::make_document(), "key-1")->job, first->job);  // Also when over.
}

TEST(Hub, AJobWithoutMoneyWaitsAndADepositWakesIt) {
  TestWorld world;
  world.create_hub();
  auto site = world.join("alpha", TestWorld::make_pool(2));
  world.measure(*site);
  world.must(Deposit{{1, 2}, "ada", core::Money{-1'000'000'000 + 900'000}});
  ASSERT_TRUE(world.submit(TestWorld::make_document()).has_value());  // Holds 600,000.
  EXPECT_EQ(world.read_rows(*site).size(), 1u);
  const auto job = world.submit(TestWorld::make_document());
  ASSERT_TRUE(job.has_value());
  EXPECT_TRUE(world.read_rows(*site).empty());
  EXPECT_TRUE(world.machine().state().find_job(job->job)->is_out_of_money);
  world.must(Deposit{{1, 3}, "ada", core::Money{10'000'000}});
  EXPECT_EQ(read_start(world, *site).job, job->job);
}

TEST(Hub, DisputesUsageThatDoesNotMatchAndChargesNothingForIt) {
  TestWorld world;
  world.create_hub();
  auto site = world.join("alpha", TestWorld::make_pool(1));
  auto liar = world.join("beta", TestWorld::make_pool(1));
  world.measure(*site);
  ASSERT_TRUE(world.submit(TestWorld::make_document()).has_value());
  const auto start = read_start(world, *site);
  const core::Time began = world.now;
  world.advance(core::seconds(10));
  const auto report = [&](const std::string& envelope) {
    world.say(*site, execution::UsageReport{start.job, start.attempt, envelope});
  };
  auto padded = start;
  padded.slots[0].cpus = core::MilliCpus{64'000};
  report(world.make_usage(*site, padded, began, world.now));
  report(world.make_usage(*site, start, began - core::hours(1), world.now));
  report(world.make_usage(*site, start, began, world.now + core::hours(1)));
  report(world.make_usage(*liar, start, began, world.now));
  std::string flipped = world.make_usage(*site, start, began, world.now);
  flipped[flipped.size() / 2] ^= 1;
  report(flipped);
  EXPECT_EQ(world.machine().state().counters.disputes, 5u);
  EXPECT_EQ(world.balance("plant").count, 0);
  report(world.make_usage(*site, start, began, world.now));
  EXPECT_EQ(world.balance("plant").count, 9'900);
  report(world.make_usage(*site, start, began, world.now));  // Twice is charged once.
  EXPECT_EQ(world.balance("plant").count, 9'900);
  expect_sound(world);
}

// The hub's clock jumps by hours while a job runs, in either direction, at once or over a restart.
TEST(Hub, AStepOfItsClockNeitherDisputesHonestUseNorPaysForMore) {
  for (const core::Duration step : {core::hours(3), -core::hours(3)}) {
    for (const bool restarts : {false, true}) {
      SCOPED_TRACE(core::to_text(step) + (restarts ? " over a restart" : ""));
      TestWorld world;
      world.create_hub();
      auto site = world.join("alpha", TestWorld::make_pool(1));
      world.measure(*site);
      world.now = world.now + step;  // Log time and the site's clock differ from here on.
      world.settle();
      world.beat(*site);
      ASSERT_TRUE(world.submit(TestWorld::make_document()).has_value());
      const auto start = read_start(world, *site);
      const core::Time began{1'700'000'000'000'000};  // The site's clock is its own.
      world.now = world.now - step - step;
      if (restarts) world.restart();
      world.advance(core::minutes(5));
      world.beat(*site);
      const auto report = [&](core::Duration from, core::Duration to, std::uint32_t number,
                              bool is_last) {
        const std::string envelope =
            world.make_usage(*site, start, began + from, began + to, number, is_last);
        world.say(*site, execution::UsageReport{start.job, start.attempt, envelope});
      };
      report({}, core::minutes(6), 1, false);
      EXPECT_EQ(world.machine().state().counters.disputes, 1u) << "more than has passed";
      report({}, core::minutes(4), 2, false);
      EXPECT_EQ(world.machine().state().counters.disputes, 1u) << "honest";
      report(core::minutes(4), core::minutes(6), 3, true);
      EXPECT_EQ(world.machine().state().counters.disputes, 2u) << "more in the sum";
      report(core::minutes(4), core::minutes(5), 4, true);
      EXPECT_EQ(world.machine().state().counters.disputes, 2u) << "honest to the end";
      EXPECT_EQ(world.balance("plant").count, 297'000);  // Five minutes of a core, less the fee.
      expect_sound(world);
    }
  }
}

// Where the hub's machine was started anew, nobody has seen how long it was away but its log.
TEST(Hub, AfterAStartOfItsMachineLogTimeBoundsUse) {
  TestWorld world;
  world.create_hub();
  auto site = world.join("alpha", TestWorld::make_pool(1));
  world.measure(*site);
  ASSERT_TRUE(world.submit(TestWorld::make_document()).has_value());
  const auto start = read_start(world, *site);
  const core::Time began = world.now;
  world.advance(core::minutes(1));
  world.clock = {core::seconds(20), 2};
  world.restart();
  world.advance(core::minutes(1));
  world.beat(*site);
  const auto report = [&](core::Duration length) {
    world.say(*site, execution::UsageReport{start.job, start.attempt,
                                            world.make_usage(*site, start, began, began + length)});
  };
  report(core::minutes(3));
  EXPECT_EQ(world.machine().state().counters.disputes, 1u);
  report(core::minutes(2));
  EXPECT_EQ(world.machine().state().counters.disputes, 1u);
  EXPECT_EQ(world.balance("plant").count, 118'800);
}

TEST(Hub, ALostSiteKeepsItsJobUntilItsLimitHasSurelyPassed) {
  TestWorld world;
  world.create_hub();
  auto site = world.join("alpha", TestWorld::make_pool(1));
  auto other = world.join("beta", TestWorld::make_pool(1));
  world.measure(*site);
  world.measure(*other);
  const auto job = world.submit(TestWorld::make_document());
  const auto start = read_start(world, *site);
  const auto silent_for = [&](core::Duration duration) {
    for (core::Duration passed; passed < duration; passed += core::seconds(1)) {
      world.advance(core::seconds(1));
      world.beat(*other);
    }
  };
  silent_for(core::seconds(30));
  EXPECT_EQ(world.machine().state().sites[site->handle].status, topology::PoolStatus::lost);
  silent_for(core::minutes(9));
  EXPECT_TRUE(world.read_rows(*other).empty());  // It may still run at the lost site.
  silent_for(core::minutes(2));
  const auto again = read_start(world, *other);
  EXPECT_EQ(again.job, job->job);
  EXPECT_EQ(again.attempt, 2u);
  // The old attempt's report is acknowledged and changes nothing.
  world.beat(*site);
  world.say(*site, execution::AttemptEnded{start.job, start.attempt, world.now, {}, "", {}, {}});
  EXPECT_EQ(world.machine().state().find_job(job->job)->attempt, 2u);
  expect_sound(world);
}

TEST(Hub, OnLossRestartGoesElsewhereAfterTheLease) {
  TestWorld world;
  world.create_hub();
  auto site = world.join("alpha", TestWorld::make_pool(1));
  auto other = world.join("beta", TestWorld::make_pool(1));
  world.measure(*site);
  world.measure(*other);
  JobDocument document = TestWorld::make_document();
  document.on_loss = OnLoss::restart;
  const auto job = world.submit(document);
  EXPECT_TRUE(read_start(world, *site).lease.has_value());
  for (int second = 0; second < 80; ++second) {
    world.advance(core::seconds(1));
    world.beat(*other);
  }
  EXPECT_EQ(read_start(world, *other).job, job->job);
}

TEST(Hub, AClockJumpExpiresNothing) {
  TestWorld world;
  world.create_hub();
  auto site = world.join("alpha", TestWorld::make_pool(1));
  world.measure(*site);
  ASSERT_TRUE(world.submit(TestWorld::make_document()).has_value());
  world.advance(core::seconds(1));
  world.advance(core::hours(3));
  EXPECT_EQ(world.machine().state().sites[site->handle].status, topology::PoolStatus::active);
  EXPECT_EQ(world.machine().state().jobs.size(), 1u);
}

TEST(Hub, ReplayAndSnapshotGiveTheSameState) {
  TestWorld world;
  world.create_hub();
  auto site = world.join("alpha", TestWorld::make_pool(2));
  world.measure(*site);
  for (int i = 0; i < 20; ++i) {
    JobDocument document = TestWorld::make_document();
    document.retries = 1;
    ASSERT_TRUE(world.submit(document, "key-" + std::to_string(i)).has_value());
  }
  for (int round = 0; round < 6; ++round) {
    for (const auto& message : world.read_rows(*site)) {
      if (const auto* start = std::get_if<execution::StartAttempt>(&message)) {
        world.run(*site, *start, core::seconds(3), round % 2);
      }
    }
  }
  const std::string before = world.machine().encode_state();
  HubMachine restored;
  ASSERT_TRUE(restored.decode_state(before).has_value());
  EXPECT_EQ(restored.encode_state(), before);
  world.restart();
  EXPECT_EQ(world.machine().encode_state(), before);
  // And it decides alike: the rebuilt hub goes on where the old one stopped.
  EXPECT_TRUE(world.open_channel(*site).has_value());
  EXPECT_FALSE(world.read_rows(*site).empty());
}

TEST(Hub, ASiteThatForgotIsStoppedUntilReconciled) {
  TestWorld world;
  world.create_hub();
  auto site = world.join("alpha", TestWorld::make_pool(1));
  world.measure(*site);
  site->outbox = {};  // A restored backup: it has forgotten what it sent.
  EXPECT_EQ(world.open_channel(*site).error().reason, core::Reason::channel_diverged);
}

TEST(Hub, NothingIsAnsweredBeforeItIsDurable) {
  TestWorld world;
  world.create_hub();
  auto site = world.join("alpha", TestWorld::make_pool(1));
  world.measure(*site);
  world.log().is_held = true;
  const auto before = world.store().last().index;
  EXPECT_TRUE(world.read_rows(*site).empty());
  EXPECT_EQ(world.store().last().index, before);
}

TEST(Hub, ADisputedRecordCostsItsOwnIntervalOnly) {
  TestWorld world;
  world.create_hub();
  auto site = world.join("alpha", TestWorld::make_pool(1));
  world.measure(*site);
  ASSERT_TRUE(world.submit(TestWorld::make_document()).has_value());
  const auto start = read_start(world, *site);
  const core::Time began = world.now;
  world.advance(core::seconds(10));
  const auto report = [&](core::Time from, core::Time to, std::uint32_t number) {
    world.say(*site, execution::UsageReport{start.job, start.attempt,
                                            world.make_usage(*site, start, from, to, number)});
  };
  report(began, world.now + core::minutes(1), 1);  // Its clock was ahead.
  EXPECT_EQ(world.balance("plant").count, 0);
  report(world.now - core::seconds(2), world.now, 2);
  EXPECT_EQ(world.balance("plant").count, 1'980);
  report(world.now - core::seconds(2), world.now, 2);
  report(began, world.now - core::seconds(2), 3);
  EXPECT_EQ(world.balance("plant").count, 1'980);
  EXPECT_EQ(world.machine().state().counters.disputes, 3u);
}

TEST(Hub, NobodyPaysMoreThanTheTimeLimitCosts) {
  TestWorld world;
  world.create_hub(0);
  auto site = world.join("alpha", TestWorld::make_pool(1));
  world.measure(*site);
  ASSERT_TRUE(world.submit(TestWorld::make_document()).has_value());
  const auto start = read_start(world, *site);
  const auto& ledger = world.machine().state().ledger;
  EXPECT_EQ(ledger.find_account("ada")->held.count, 600'000);
  for (int minute = 0; minute < 10; ++minute) {
    world.beat(*site);
    world.advance(core::seconds(15));
    world.beat(*site);
  }
  world.run(*site, start, core::seconds(610), 143);  // The meter was ten seconds late.
  EXPECT_EQ(world.balance("plant").count, 600'000);
  EXPECT_EQ(ledger.find_account("ada")->held.count, 0);
}

TEST(Hub, AnOfferSmallerThanWhatRunsThereIsRefused) {
  TestWorld world;
  world.create_hub();
  auto site = world.join("alpha", TestWorld::make_pool(2));
  world.measure(*site);
  ASSERT_TRUE(world.submit(TestWorld::make_document(2)).has_value());
  EXPECT_EQ(world.ask(OfferPools{site->handle, {TestWorld::make_pool(1)}}).error().reason,
            core::Reason::busy);
  topology::Pool renamed = TestWorld::make_pool(2);
  renamed.name = "other";
  EXPECT_EQ(world.ask(OfferPools{site->handle, {renamed}}).error().reason, core::Reason::bad_field);
  topology::Pool dearer = TestWorld::make_pool(4);
  dearer.price.per_cpu_hour = core::Money{7'200'000};
  world.must(OfferPools{site->handle, {dearer}});
  const std::string state = world.machine().encode_state();
  world.restart();
  EXPECT_EQ(world.machine().encode_state(), state);
}

TEST(Hub, ShapesWithoutJobsAreUsedAgain) {
  TestWorld world;
  world.create_hub();
  auto site = world.join("alpha", TestWorld::make_pool(1));
  world.measure(*site);
  ASSERT_TRUE(world.submit(TestWorld::make_document()).has_value());  // Keeps the only core busy.
  for (int minute = 1; minute <= 20; ++minute) {
    JobDocument document = TestWorld::make_document();
    document.timeout = core::minutes(60 + minute);
    world.must(CancelJob{world.submit(document)->job, 0});
  }
  EXPECT_EQ(world.machine().state().shapes.size(), 2u);
  EXPECT_EQ(world.machine().state().shape_handles.size(), 1u);
  const std::string state = world.machine().encode_state();
  world.restart();
  EXPECT_EQ(world.machine().encode_state(), state);
}

TEST(Hub, AJobNeverCostsMoreThanItsPriceLimitOverAllItsAttempts) {
  TestWorld world;
  world.create_hub();
  auto site = world.join("alpha", TestWorld::make_pool(1));
  world.measure(*site);
  JobDocument document = TestWorld::make_document();  // Up to 600,000 micros an attempt.
  document.retries = 5;
  document.price.max = core::Money{900'000};
  const auto job = world.submit(document);
  ASSERT_TRUE(job.has_value());
  world.run(*site, read_start(world, *site), core::minutes(6), 1);  // 360,000.
  world.read_rows(*site);
  world.advance(core::minutes(2));
  EXPECT_EQ(world.machine().state().find_job(job->job), nullptr);  // Another could cost too much.
  EXPECT_EQ(world.balance("ada").count, 1'000'000'000 - 360'000);
}

TEST(Hub, AnImpossibleDeadlineDoesNotStandInTheWayOfOthers) {
  TestWorld world;
  world.create_hub();
  auto site = world.join("alpha", TestWorld::make_pool(1));
  world.measure(*site);
  ASSERT_TRUE(world.submit(TestWorld::make_document()).has_value());
  auto start = read_start(world, *site);
  JobDocument late = TestWorld::make_document();
  late.when.deadline = world.now + core::minutes(11);
  ASSERT_TRUE(world.submit(late).has_value());
  const auto behind = world.submit(TestWorld::make_document());
  for (int minute = 0; minute < 4; ++minute) {
    world.beat(*site);
    world.advance(core::seconds(15));
    world.beat(*site);
  }
  world.run(*site, start, core::minutes(3));
  world.beat(*site);
  const auto rows = world.read_rows(*site);
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(std::get<execution::StartAttempt>(rows[1]).job, behind->job);
}

TEST(Hub, AReconciledSiteGivesUpWhatItWasRunningAfterItsLimit) {
  TestWorld world;
  world.create_hub();
  auto site = world.join("alpha", TestWorld::make_pool(1));
  world.measure(*site);
  const auto job = world.submit(TestWorld::make_document());
  ASSERT_TRUE(job.has_value());
  read_start(world, *site);
  const std::string zero = crypto::to_text(crypto::Digest{});
  EXPECT_EQ(world.ask(ReconcileSite{site->handle, {"x", UINT64_MAX, zero, 0, zero}}).error().reason,
            core::Reason::out_of_range);
  world.must(ReconcileSite{site->handle, {"restored", 0, zero, 0, zero}});
  for (int second = 0; second < 700; ++second) {
    world.advance(core::seconds(1));
    world.beat(*site);
  }
  EXPECT_EQ(world.machine().state().find_job(job->job)->attempt, 2u);
}

TEST(Hub, AJobAvoidsTheSitesItExcludesByName) {
  TestWorld world;
  world.create_hub();
  auto site = world.join("alpha", TestWorld::make_pool(1));
  auto other = world.join("beta", TestWorld::make_pool(1));
  world.measure(*site);
  world.measure(*other);
  JobDocument document = TestWorld::make_document();
  document.where.not_ = {"alpha"};
  ASSERT_TRUE(world.submit(document).has_value());
  EXPECT_TRUE(world.read_rows(*site).empty());
  EXPECT_EQ(world.read_rows(*other).size(), 1u);
  document.where.not_ = {"gamma"};
  EXPECT_EQ(world.submit(document).error().reason, core::Reason::bad_field);
}

TEST(Submission, RefusesWhatNoSiteCouldKeepItsPromiseOn) {
  const auto refuse = [](auto change) {
    JobDocument document = TestWorld::make_document();
    change(document);
    const auto prepared = prepare_submission(document, std::nullopt);
    return prepared ? std::string() : prepared.error().detail;
  };
  EXPECT_EQ(refuse([](auto&) {}), "");
  EXPECT_EQ(refuse([](auto& d) { d.run.clear(); }), "run: a job needs a command");
  EXPECT_EQ(refuse([](auto& d) {
              d.data.in = {{"", "x", "../up", false, {}, {}, {}, {}}};
            }),
            "data.in[0].to: empty, '.' and '..' parts are not allowed");
  EXPECT_EQ(refuse([](auto& d) {
              d.data.out = {{"a/x", ""}, {"b/x", ""}};
            }),
            "data.out[1].name: x is given twice");
  EXPECT_NE(refuse([](auto& d) { d.tags[std::string(200, 't')] = "v"; }), "");
  EXPECT_NE(refuse([](auto& d) { d.env["LONG"] = std::string(600 << 10, 'x'); }), "");
  EXPECT_NE(refuse([](auto& d) { d.timeout = core::Duration{}; }), "");
  EXPECT_NE(refuse([](auto& d) { d.tasks = 0; }), "");
}

TEST(Submission, OneTextWithSpacesIsALineForTheShell) {
  const auto command = [](std::vector<std::string> run) {
    JobDocument document = TestWorld::make_document();
    document.run = std::move(run);
    return codec::from_json<JobDocument>(prepare_submission(document, std::nullopt)->document,
                                         codec::Boundary::strict)
        ->run;
  };
  EXPECT_EQ(command({"echo a b"}), (std::vector<std::string>{"/bin/sh", "-c", "echo a b"}));
  EXPECT_EQ(command({"echo", "a b"}), (std::vector<std::string>{"echo", "a b"}));
  EXPECT_EQ(command({"true"}), (std::vector<std::string>{"true"}));
}

}  // namespace
}  // namespace intertie::hub
