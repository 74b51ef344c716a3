// A job of one region that runs in another, told with two hubs and the rows between them.
#include "two_hubs.h"

#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "intertie/codec/cbor.h"
#include "intertie/hub/explanation.h"
#include "intertie/hub/submission.h"
#include "intertie/ledger/totals.h"

#include "test_world.h"

namespace intertie::hub {
namespace {

TEST(TwoHubs, AJobRunsInTheOtherRegionAndBothSettle) {
  TwoHubs grid;
  grid.announce();
  const auto job = grid.home.submit(TestWorld::make_document());
  ASSERT_TRUE(job.has_value()) << core::to_text(job.error());
  EXPECT_EQ(grid.home.machine().state().find_job(job->job)->phase, JobPhase::asked);
  grid.exchange();
  const auto start = grid.read_start();
  EXPECT_EQ(start.attempt, 1u);
  EXPECT_EQ(start.owner, "22R00000000001XX:ada");
  grid.owner.run(*grid.site, start, core::seconds(10));
  grid.home.advance(core::seconds(10));
  grid.exchange();
  EXPECT_EQ(grid.home.balance("ada").count, 1'000'000'000 - 10'000);
  EXPECT_EQ(grid.owner.balance("plant").count, 9'900);
  EXPECT_EQ(grid.owner.balance("fees").count, 100);
  EXPECT_EQ(grid.clearing(grid.home).count, 10'000);
  EXPECT_EQ(grid.home.machine().state().find_job(job->job), nullptr);
  EXPECT_EQ(grid.home.machine().state().counters.succeeded, 1u);
  EXPECT_TRUE(grid.owner.machine().state().jobs.empty());
  EXPECT_EQ(grid.home.machine().state().ledger.hold_count(), 0u);
  EXPECT_EQ(grid.owner.machine().state().ledger.hold_count(), 0u);
  grid.expect_sound();
}

TEST(TwoHubs, NothingStartsWithoutACommit) {
  TwoHubs grid;
  grid.announce();
  ASSERT_TRUE(grid.home.submit(TestWorld::make_document()).has_value());
  TwoHubs::deliver(grid.home, grid.owner);
  EXPECT_TRUE(grid.owner.read_rows(*grid.site).empty());
  EXPECT_EQ(grid.owner.machine().state().guests.size(), 1u);
  for (int second = 0; second < 61; ++second) {
    grid.owner.beat(*grid.site);
    grid.owner.advance(core::seconds(1));
  }
  EXPECT_TRUE(grid.owner.machine().state().guests.empty());
  EXPECT_EQ(grid.owner.machine().state().ledger.hold_count(), 0u);
  EXPECT_TRUE(grid.owner.read_rows(*grid.site).empty());
}

TEST(TwoHubs, ACommitThatCrossesTheExpiryNeverStartsAndTheJobWaitsAgain) {
  TwoHubs grid;
  grid.announce();
  const auto job = grid.home.submit(TestWorld::make_document());
  TwoHubs::deliver(grid.home, grid.owner);
  TwoHubs::deliver(grid.owner, grid.home);  // Home commits; the row is still on its way.
  EXPECT_EQ(grid.home.machine().state().find_job(job->job)->attempt, 1u);
  for (int second = 0; second < 61; ++second) {
    grid.owner.beat(*grid.site);
    grid.owner.advance(core::seconds(1));
  }
  grid.exchange();
  EXPECT_TRUE(grid.owner.read_rows(*grid.site).empty());
  const Job* waiting = grid.home.machine().state().find_job(job->job);
  ASSERT_NE(waiting, nullptr);
  EXPECT_EQ(waiting->phase, JobPhase::waiting);
  EXPECT_EQ(grid.home.machine().state().ledger.hold_count(), 0u);
  grid.expect_sound();
}

TEST(TwoHubs, ASilentPeerIsWithdrawnFromAndItsLateGrantCountsNothing) {
  TwoHubs grid;
  grid.announce();
  const auto job = grid.home.submit(TestWorld::make_document());
  for (int second = 0; second < 11; ++second) grid.home.advance(core::seconds(1));
  EXPECT_EQ(grid.home.machine().state().find_job(job->job)->phase, JobPhase::waiting);
  auto local = grid.home.join("alpha", TestWorld::make_pool(1));
  grid.home.measure(*local);
  const auto rows = grid.home.read_rows(*local);
  ASSERT_EQ(rows.size(), 1u);  // It runs at home now.
  grid.exchange();             // The request, its grant and the withdrawal arrive late.
  EXPECT_TRUE(grid.owner.machine().state().guests.empty());
  EXPECT_TRUE(grid.owner.read_rows(*grid.site).empty());
  EXPECT_EQ(grid.home.machine().state().find_job(job->job)->attempt, 1u);
  grid.home.run(*local, std::get<execution::StartAttempt>(rows[0]), core::seconds(1));
  grid.expect_sound();
}

TEST(TwoHubs, ARefusalSendsTheJobToTheNextBestPlace) {
  TwoHubs grid;
  grid.announce();
  // Taken by a job of the owner's own before the request arrives.
  ASSERT_TRUE(grid.owner.submit(TestWorld::make_document(2)).has_value());
  const auto job = grid.home.submit(TestWorld::make_document(2));
  grid.exchange();
  EXPECT_EQ(grid.home.machine().state().find_job(job->job)->phase, JobPhase::waiting);
  EXPECT_TRUE(grid.home.machine().state().offers.empty());
  grid.owner.run(*grid.site, grid.read_start(), core::seconds(1));
  grid.announce(false);
  grid.exchange();
  EXPECT_EQ(grid.home.machine().state().find_job(job->job)->phase, JobPhase::placed);
}

TEST(TwoHubs, APriceThatRoseIsRefused) {
  TwoHubs grid;
  grid.announce();
  auto dearer = TestWorld::make_pool(2);
  dearer.identifier = "42Pbeta";
  dearer.price.per_cpu_hour = core::Money{7'200'000};
  grid.owner.must(OfferPools{0, {dearer}});
  const auto job = grid.home.submit(TestWorld::make_document());
  grid.exchange();
  EXPECT_EQ(grid.home.machine().state().find_job(job->job)->phase, JobPhase::waiting);
  grid.announce(false);
  grid.exchange();
  EXPECT_EQ(grid.home.machine().state().find_job(job->job)->phase, JobPhase::placed);
}

TEST(TwoHubs, CreditIsCapped) {
  TwoHubs grid;
  const ledger::Account* account =
      grid.owner.machine().state().ledger.find_account("peer 22R00000000001XX");
  ASSERT_NE(account, nullptr);
  grid.owner.must(SetCreditLimit{account->terms.name, core::Money{100}});
  grid.announce();
  const auto job = grid.home.submit(TestWorld::make_document());
  grid.exchange();
  EXPECT_EQ(grid.home.machine().state().find_job(job->job)->phase, JobPhase::waiting);
  EXPECT_TRUE(grid.owner.read_rows(*grid.site).empty());
}

TEST(TwoHubs, CancelsAnAskedJobAtOnceAndStopsARunningOne) {
  TwoHubs grid;
  grid.announce();
  const auto asked = grid.home.submit(TestWorld::make_document());
  grid.home.must(CancelJob{asked->job, 0});
  EXPECT_EQ(grid.home.machine().state().find_job(asked->job), nullptr);
  grid.exchange();
  EXPECT_TRUE(grid.owner.machine().state().guests.empty());
  grid.announce();
  const auto running = grid.home.submit(TestWorld::make_document());
  grid.exchange();
  const auto start = grid.read_start();
  grid.owner.say(*grid.site, execution::AttemptStarted{start.job, start.attempt, grid.owner.now});
  grid.exchange();
  EXPECT_EQ(grid.home.machine().state().find_job(running->job)->phase, JobPhase::running);
  grid.home.must(CancelJob{running->job, 0});
  grid.exchange();
  const auto rows = grid.owner.read_rows(*grid.site);
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_TRUE(std::holds_alternative<execution::StopAttempt>(rows[0]));
  grid.owner.say(*grid.site, execution::AttemptEnded{start.job,
                                                     start.attempt,
                                                     grid.owner.now,
                                                     core::Reason::cancelled_by_user,
                                                     "",
                                                     {{0, 143, 15}},
                                                     {}});
  grid.exchange();
  EXPECT_EQ(grid.home.machine().state().find_job(running->job), nullptr);
  EXPECT_EQ(grid.home.machine().state().counters.cancelled, 2u);
  grid.expect_sound();
}

TEST(TwoHubs, RestartsOfBothSidesChangeNothing) {
  TwoHubs grid;
  grid.announce();
  const auto job = grid.home.submit(TestWorld::make_document());
  grid.home.restart();
  grid.owner.restart();
  grid.exchange();
  grid.home.restart();
  grid.owner.restart();
  const auto start = grid.read_start();
  grid.owner.run(*grid.site, start, core::seconds(10));
  grid.owner.restart();
  grid.exchange();
  grid.home.restart();
  EXPECT_EQ(grid.home.machine().state().find_job(job->job), nullptr);
  EXPECT_EQ(grid.home.balance("ada").count, 1'000'000'000 - 10'000);
  grid.expect_sound();
}

TEST(TwoHubs, SnapshotsKeepOffersAndGuests) {
  TwoHubs grid;
  grid.announce();
  ASSERT_TRUE(grid.home.submit(TestWorld::make_document()).has_value());
  ASSERT_TRUE(TwoHubs::deliver(grid.home, grid.owner));
  for (TestWorld* at : {&grid.home, &grid.owner}) {
    const std::string bytes = at->machine().encode_state();
    HubMachine copy;
    ASSERT_TRUE(copy.decode_state(bytes).has_value());
    EXPECT_EQ(copy.encode_state(), bytes);
    EXPECT_EQ(copy.state().offers.size() + copy.state().guests.size(), 1u);
  }
}

TEST(TwoHubs, AChargeThatDoesNotFollowFromTheRecordIsDisputed) {
  TwoHubs grid;
  grid.announce();
  const auto job = grid.home.submit(TestWorld::make_document());
  grid.exchange();
  const auto start = grid.read_start();
  const core::Time began = grid.owner.now;
  grid.owner.advance(core::seconds(10));
  const std::string envelope = grid.owner.make_usage(*grid.site, start, began, grid.owner.now);
  OfferCharged charged{1, 1, began, grid.owner.now, true, core::Money{20'000}};
  const auto number = grid.home.machine().state().peers[0].inbox.received + 1;
  grid.home.must(
      AcceptPeerRows{0, "inc42", number, {codec::to_cbor(PeerMessage{charged})}, {envelope}});
  EXPECT_EQ(grid.home.balance("ada").count, 1'000'000'000);
  EXPECT_EQ(grid.home.machine().state().peers[0].disputed.count, 20'000);
  EXPECT_NE(grid.home.machine().state().find_job(job->job), nullptr);
}

// The pool's own figures need not change for it to say yes: here the request never arrived.
TEST(TwoHubs, APoolThatDidNotAnswerIsAskedAgainWithoutNewsOfIt) {
  TwoHubs grid;
  grid.announce();
  const auto job = grid.home.submit(TestWorld::make_document());
  for (int second = 0; second < 12; ++second) grid.home.advance(core::seconds(1));
  EXPECT_EQ(grid.home.machine().state().find_job(job->job)->phase, JobPhase::waiting);
  for (int second = 0; second < 16; ++second) {
    grid.announce(false);  // Nothing has changed.
    grid.home.advance(core::seconds(1));
  }
  grid.exchange();
  EXPECT_EQ(grid.home.machine().state().find_job(job->job)->phase, JobPhase::placed);
}

// A restored home hub sends its unacknowledged rows again, the request of a running job among them.
TEST(TwoHubs, ARepeatedRequestDoesNotEndTheAttemptThatRuns) {
  TwoHubs grid;
  grid.announce();
  const auto job = grid.home.submit(TestWorld::make_document());
  std::string request;
  for (const engine::ChannelRow& row : grid.home.machine().state().peers[0].outbox.rows()) {
    request = row.payload;
  }
  grid.exchange();
  ASSERT_EQ(grid.home.machine().state().find_job(job->job)->attempt, 1u);
  const auto number = grid.owner.machine().state().peers[0].inbox.received + 1;
  grid.owner.must(AcceptPeerRows{0, "inc22", number, {request}, {""}});
  TwoHubs::deliver(grid.owner, grid.home);
  EXPECT_NE(grid.home.machine().state().find_job(job->job)->offer, 0u);
  EXPECT_EQ(grid.home.machine().state().find_job(job->job)->phase, JobPhase::placed);
}

// Rows that had not arrived before the two histories were compared still arrive afterwards.
TEST(TwoHubs, ReconciliationLosesNoRowsOnTheirWay) {
  TwoHubs grid;
  grid.announce();
  ASSERT_TRUE(grid.home.submit(TestWorld::make_document()).has_value());
  grid.exchange();
  grid.owner.run(*grid.site, grid.read_start(), core::seconds(10));
  const auto of_home = TwoHubs::make_hello(grid.home);
  const auto of_owner = TwoHubs::make_hello(grid.owner);  // Its charge and end are not delivered.
  grid.home.must(ReconcilePeer{0, of_owner});
  grid.owner.must(ReconcilePeer{0, of_home});
  grid.exchange();
  EXPECT_EQ(grid.clearing(grid.home).count, 10'000);
  EXPECT_EQ(grid.home.machine().state().counters.succeeded, 1u);
  grid.expect_sound();
}

TEST(TwoHubs, ReconciliationGivesUpWhatWasNotCommittedAndAsksAnew) {
  TwoHubs grid;
  grid.announce();
  const auto job = grid.home.submit(TestWorld::make_document());
  const auto of_home = TwoHubs::make_hello(grid.home);
  const auto of_owner = TwoHubs::make_hello(grid.owner);
  grid.home.must(ReconcilePeer{0, of_owner});
  grid.owner.must(ReconcilePeer{0, of_home});
  EXPECT_EQ(grid.home.machine().state().find_offer(1), nullptr);
  EXPECT_EQ(grid.home.machine().state().find_job(job->job)->offer, 2u);
  grid.exchange();
  EXPECT_EQ(grid.owner.machine().state().guests.size(), 1u);
  EXPECT_EQ(grid.owner.machine().state().guests.begin()->second.offer, 2u);
  EXPECT_EQ(grid.read_start().attempt, 1u);
}

TEST(TwoHubs, TheMoneyOfAClosedOfferWakesTheJobThatWaitsForIt) {
  for (const bool is_cancelled : {true, false}) {
    TwoHubs grid;
    auto dear = TestWorld::make_pool(2);
    dear.identifier = "42Pbeta";
    dear.price.per_cpu_hour = core::Money{3'600'000'000};  // A hold is 600 of the 1,000 there are.
    grid.owner.must(OfferPools{0, {dear}});
    grid.announce();
    const auto first = grid.home.submit(TestWorld::make_document());
    const State& state = grid.home.machine().state();
    ASSERT_EQ(state.find_job(first->job)->phase, JobPhase::asked);
    const auto second = grid.home.submit(TestWorld::make_document());
    ASSERT_TRUE(state.find_job(second->job)->is_out_of_money);
    if (is_cancelled) {
      grid.home.must(CancelJob{first->job, 0});
    } else {
      for (int second_passed = 0; second_passed < 11; ++second_passed) {
        grid.home.advance(core::seconds(1));
      }
      EXPECT_EQ(state.find_job(first->job)->phase, JobPhase::waiting);
    }
    EXPECT_FALSE(state.find_job(second->job)->is_out_of_money);
  }
}

TEST(TwoHubs, AMissedBeaconAsksForAFullOneAndSilenceEndsTheOffer) {
  TwoHubs grid;
  grid.announce();
  (void)grid.owner.must(MakeBeacon{0, false});  // Lost on its way.
  auto next = std::get<Beacon>(grid.owner.must(MakeBeacon{0, false}));
  EXPECT_TRUE(std::get<BeaconAnswer>(grid.home.must(AcceptBeacon{0, next})).is_full_wanted);
  for (int second = 0; second < 16; ++second) grid.home.advance(core::seconds(1));
  const auto job = grid.home.submit(TestWorld::make_document());
  ASSERT_TRUE(job.has_value());  // It may wait: the peer may come back.
  EXPECT_EQ(grid.home.machine().state().find_job(job->job)->phase, JobPhase::waiting);
  grid.announce();
  EXPECT_EQ(grid.home.machine().state().find_job(job->job)->phase, JobPhase::asked);
}

TEST(TwoHubs, ASiteThatAJobExcludesByNameIsNotAskedWhereverItIs) {
  TwoHubs grid;
  grid.announce();
  const auto exclude = [](const char* name) {
    JobDocument document = TestWorld::make_document();
    document.where.not_ = {name};
    return document;
  };
  for (const char* name : {"beta", "42/beta"}) {
    const auto job = grid.home.submit(exclude(name));
    ASSERT_TRUE(job.has_value()) << core::to_text(job.error());
    EXPECT_EQ(grid.home.machine().state().find_job(job->job)->phase, JobPhase::waiting) << name;
  }
  // Another site of that region, known or not: beacons pass.
  const auto other = grid.home.submit(exclude("42/alpha"));
  ASSERT_TRUE(other.has_value());
  EXPECT_EQ(grid.home.machine().state().find_job(other->job)->phase, JobPhase::asked);
  // What nobody is called.
  EXPECT_EQ(grid.home.submit(exclude("alpha")).error().reason, core::Reason::bad_field);
  EXPECT_EQ(grid.home.submit(exclude("52/beta")).error().reason, core::Reason::bad_field);
  EXPECT_EQ(grid.home.submit(exclude("42beta")).error().reason, core::Reason::bad_field);
}

TEST(TwoHubs, AnOwnerKeepsToNamesThatItsPeersExclude) {
  TwoHubs grid;
  grid.announce();
  ASSERT_TRUE(grid.home.submit(TestWorld::make_document()).has_value());
  const engine::ChannelRow& row = grid.home.machine().state().peers[0].outbox.rows().front();
  auto request = std::get<ReserveRequest>(*codec::from_cbor<PeerMessage>(row.payload));
  const auto ask = [&](std::uint64_t offer, std::vector<std::string> names) {
    request.offer = offer;
    request.requirements.site_names_excluded = std::move(names);
    grid.owner.must(
        AcceptPeerRows{0, "inc22", offer, {codec::to_cbor(PeerMessage{request})}, {""}});
    return grid.owner.machine().state().guest_jobs.contains({0, offer});
  };
  EXPECT_FALSE(ask(1, {"beta"}));
  EXPECT_FALSE(ask(2, {"42/beta"}));
  EXPECT_TRUE(ask(3, {"22/beta", "alpha"}));
}

TEST(TwoHubs, EveryAnnouncedPoolSaysWhyItDoesNotFit) {
  TwoHubs grid;
  auto local = grid.home.join("alpha", TestWorld::make_pool(1));
  grid.home.measure(*local);
  grid.announce();
  const auto explain = [&](const JobDocument& document) {
    const auto submission = prepare_submission(document, std::nullopt);
    const auto shape = grid.home.machine().resolve_shape(*submission);
    return grid.home.machine().explain_pools(*shape, core::kNever, grid.home.now);
  };
  auto verdicts = explain(TestWorld::make_document());
  ASSERT_EQ(verdicts.size(), 2u);
  EXPECT_EQ(verdicts[0].pool.index & kRemotePools, 0u);
  EXPECT_EQ(verdicts[1].pool.index, kRemotePools);
  EXPECT_EQ(verdicts[1].candidate->pool, verdicts[1].pool);
  EXPECT_FALSE(verdicts[1].reason.has_value());
  JobDocument elsewhere = TestWorld::make_document();
  elsewhere.where.not_ = {"beta"};
  EXPECT_EQ(explain(elsewhere)[1].reason, core::Reason::region_excluded);
  EXPECT_FALSE(explain(elsewhere)[0].reason.has_value());
  JobDocument large = TestWorld::make_document();
  large.need.cpus = core::MilliCpus{10'000'000};
  EXPECT_EQ(explain(large)[1].reason, core::Reason::cpus_too_few);

  const auto pools = grid.home.machine().list_announced_pools();
  ASSERT_EQ(pools.size(), 1u);
  EXPECT_EQ(pools[0].site, "beta");
  EXPECT_EQ(pools[0].heard, grid.home.now);
  EXPECT_TRUE(pools[0].is_heard);
  EXPECT_EQ(pools[0].free.cpus, pools[0].total.cpus);
  for (int second = 0; second < 16; ++second) grid.home.advance(core::seconds(1));
  EXPECT_FALSE(grid.home.machine().list_announced_pools()[0].is_heard);
  EXPECT_EQ(explain(TestWorld::make_document())[1].reason, core::Reason::site_unreachable);
}

TEST(TwoHubs, ARestoredBackupStopsTheChannelUntilReconciled) {
  TwoHubs grid;
  grid.announce();
  const auto job = grid.home.submit(TestWorld::make_document());
  grid.exchange();
  auto hello = TwoHubs::make_hello(grid.owner);
  hello.sent = 0;
  hello.sent_hash = crypto::to_text(crypto::Digest{});
  hello.received = 0;
  hello.received_hash = crypto::to_text(crypto::Digest{});
  EXPECT_EQ(grid.home.ask(OpenPeerChannel{0, hello}).error().reason,
            core::Reason::channel_diverged);
  const SiteGreeting* greeting = grid.home.machine().find_peer_greeting(0);
  ASSERT_NE(greeting, nullptr);
  EXPECT_EQ(greeting->hello.received_hash, hello.received_hash);
  EXPECT_EQ(greeting->refusal->reason, core::Reason::channel_diverged);
  grid.home.must(ReconcilePeer{0, greeting->hello});
  EXPECT_EQ(grid.home.machine().find_peer_greeting(0), nullptr);
  const core::Duration bound = core::minutes(13);
  for (core::Duration waited; waited < bound; waited = waited + core::seconds(1)) {
    EXPECT_EQ(grid.home.machine().state().find_job(job->job)->attempt, 1u);
    if (waited < core::minutes(11)) {
      EXPECT_NE(grid.home.machine().state().find_job(job->job)->offer, 0u);
    }
    grid.home.advance(core::seconds(1));
  }
  EXPECT_EQ(grid.home.machine().state().find_job(job->job)->phase, JobPhase::waiting);
}

}  // namespace
}  // namespace intertie::hub
