// A hub of another region that falls silent: its guests end by themselves, and home counts them as
// over only then (docs/decisions/0018).
#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "intertie/codec/cbor.h"
#include "intertie/core/limits.h"

#include "two_hubs.h"

namespace intertie::hub {
namespace {

namespace limits = core::limits;

constexpr core::Duration kRestartBound = limits::home_lease + limits::site_lost_after +
                                         limits::restart_lease + limits::stop_grace +
                                         limits::clock_margin;
constexpr core::Duration kTimeLimit = core::minutes(10);  // Of TestWorld::make_document().
constexpr core::Duration kWaitBound = limits::home_lease + limits::site_lost_after + kTimeLimit +
                                      limits::stop_grace + limits::clock_margin;

struct Story {
  explicit Story(OnLoss on_loss) {
    grid.announce();
    JobDocument document = TestWorld::make_document();
    document.on_loss = on_loss;
    job = grid.home.submit(document)->job;
  }

  // Committed, and the site has its order.
  void commit() {
    grid.exchange();
    start = grid.read_start();
  }

  void begin() {
    grid.owner.say(*grid.site, execution::AttemptStarted{start.job, 1, grid.owner.now});
    grid.exchange();
  }

  // The owner's beacon is answered by home.
  void answer() {
    const core::Duration sent = grid.owner.clock.boot;
    const auto beacon = std::get<Beacon>(grid.owner.must(MakeBeacon{0, true}));
    const auto reply = std::get<BeaconAnswer>(grid.home.must(AcceptBeacon{0, beacon}));
    grid.owner.must(NotePeerAnswer{0, reply.rows.value(), sent});
  }

  // A heartbeat of the site that has the attempt.
  execution::HeartbeatAnswer beat() {
    execution::Heartbeat heartbeat;
    heartbeat.running = {{start.job, start.attempt}};
    return std::get<execution::HeartbeatAnswer>(
        grid.owner.must(BeatSite{grid.site->handle, heartbeat, grid.owner.clock}));
  }

  // Of what the site has not read yet.
  std::optional<execution::StopAttempt> find_stop() {
    for (const auto& message : grid.owner.read_rows(*grid.site)) {
      if (const auto* stop = std::get_if<execution::StopAttempt>(&message)) return *stop;
    }
    return std::nullopt;
  }

  const Job* find() { return grid.home.machine().state().find_job(job); }
  bool is_there() { return find() != nullptr && find()->offer != 0; }

  // Seconds until home counts the attempt as over; it hears nothing meanwhile.
  std::int64_t wait_for_the_end(std::int64_t longest = 3'600) {
    for (std::int64_t second = 0; second < longest; ++second) {
      if (!is_there()) return second;
      grid.home.advance(core::seconds(1));
    }
    return longest;
  }

  TwoHubs grid;
  std::uint64_t job = 0;
  execution::StartAttempt start;
};

std::int64_t in_seconds(core::Duration duration) { return duration.count / 1'000'000; }

TEST(HomeLease, AJobOfADeadHubEndsWithinItsBoundAndRunsAgain) {
  for (const OnLoss on_loss : {OnLoss::restart, OnLoss::wait}) {
    for (const bool has_begun : {false, true}) {
      Story story(on_loss);
      story.commit();
      if (has_begun) story.begin();
      auto local = story.grid.home.join("alpha", TestWorld::make_pool(2));
      story.grid.home.measure(*local);
      const auto expected = story.grid.home.machine().find_remote_bound(story.job);
      ASSERT_TRUE(expected.has_value());
      // The site at home must not be lost, too.
      std::int64_t waited = 0;
      for (; story.is_there() && waited < 3'600; ++waited) {
        story.grid.home.beat(*local);
        EXPECT_LT(story.grid.home.now, expected->certain_end + core::seconds(1));
        story.grid.home.advance(core::seconds(1));
      }
      const core::Duration bound = on_loss == OnLoss::restart ? kRestartBound : kWaitBound;
      EXPECT_GE(waited, in_seconds(bound));
      EXPECT_LE(waited, in_seconds(bound) + 3);
      // Its money is free, and attempt 2 follows.
      story.grid.home.beat(*local);
      story.grid.home.advance(core::seconds(2));
      ASSERT_NE(story.find(), nullptr);
      EXPECT_EQ(story.find()->attempt, 2u);
      EXPECT_NE(story.find()->reservation, 0u);
      EXPECT_EQ(story.grid.home.machine().state().ledger.hold_count(), 1u);
      // Late words about attempt 1 change nothing, and the owner is told to stop it.
      story.grid.exchange();
      EXPECT_EQ(story.find()->attempt, 2u);
      EXPECT_TRUE(story.find_stop().has_value());
    }
  }
}

TEST(HomeLease, AWordOfTheOwnerStartsTheBoundAnew) {
  Story story(OnLoss::restart);
  story.commit();
  for (int second = 0; second < 120; ++second) story.grid.home.advance(core::seconds(1));
  story.answer();
  EXPECT_GE(story.wait_for_the_end(), in_seconds(kRestartBound));
}

TEST(HomeLease, ARestartOfHomeStartsTheBoundAnewAndAStepOfItsClockEndsNothing) {
  Story story(OnLoss::restart);
  story.commit();
  for (int second = 0; second < 120; ++second) story.grid.home.advance(core::seconds(1));
  story.grid.home.restart();
  EXPECT_GE(story.wait_for_the_end(100), 100);
  story.grid.home.advance(core::hours(2));  // Above clock_step_max.
  EXPECT_TRUE(story.is_there());
  story.grid.home.advance(core::minutes(4));  // Below it: not observed.
  EXPECT_TRUE(story.is_there());
  EXPECT_LE(story.wait_for_the_end(), in_seconds(kRestartBound) + 3);
}

TEST(HomeLease, ACancelledJobEndsAsCancelledWithinTheBound) {
  Story story(OnLoss::wait);
  story.commit();
  story.grid.home.must(CancelJob{story.job, 0});
  EXPECT_TRUE(story.is_there());
  EXPECT_LE(story.wait_for_the_end(), in_seconds(kWaitBound) + 3);
  EXPECT_EQ(story.find(), nullptr);
  EXPECT_EQ(story.grid.home.machine().state().counters.cancelled, 1u);
  EXPECT_EQ(story.grid.home.machine().state().ledger.hold_count(), 0u);
}

// Home is away: what may be restarted stops, and what has not begun does not begin.
TEST(HomeLease, ASilentHomesGuestGetsNoLeaseAndIsStopped) {
  for (const OnLoss on_loss : {OnLoss::restart, OnLoss::wait}) {
    for (const bool has_begun : {false, true}) {
      Story story(on_loss);
      story.commit();
      if (has_begun) story.begin();
      story.answer();
      const bool is_restart = on_loss == OnLoss::restart;
      for (int second = 0; second <= 60; ++second) {
        const auto answer = story.beat();
        EXPECT_EQ(answer.leases.size(), is_restart ? 1u : 0u) << second;
        EXPECT_FALSE(story.find_stop().has_value()) << second;
        story.grid.owner.advance(core::seconds(1));
      }
      const auto answer = story.beat();
      EXPECT_TRUE(answer.leases.empty());
      const auto stop = story.find_stop();
      const bool is_stopped = is_restart || !has_begun;
      EXPECT_EQ(stop.has_value(), is_stopped);
      if (!stop) continue;
      EXPECT_EQ(stop->reason, core::Reason::lease_lapsed);
      // The answer that forbids the start names the order.
      EXPECT_EQ(answer.rows, story.grid.site->seen);
      // Home hears of it as of a fault that is not the job's.
      story.grid.owner.say(*story.grid.site, execution::AttemptNotStarted{story.start.job, 1,
                                                                          stop->reason, "stopped"});
      story.grid.exchange();
      ASSERT_NE(story.find(), nullptr);
      EXPECT_EQ(story.find()->site_faults, 1u);
      EXPECT_FALSE(story.find()->is_cancel_requested);
    }
  }
}

TEST(HomeLease, AnAnswerCountsOnceTheRowsBeforeItHaveCome) {
  Story story(OnLoss::restart);
  story.commit();
  story.answer();
  story.grid.home.must(CancelJob{story.job, 0});  // Withdraw: not delivered yet.
  for (int second = 0; second <= 60; ++second) {
    story.grid.owner.advance(core::seconds(1));
    story.answer();
  }
  EXPECT_TRUE(story.beat().leases.empty());
  EXPECT_EQ(story.find_stop()->reason, core::Reason::lease_lapsed);
}

TEST(HomeLease, AnAnswerThatWaitedForItsRowsCountsFromWhenItWasAsked) {
  Story story(OnLoss::restart);
  story.commit();
  story.answer();
  story.grid.owner.advance(core::seconds(30));
  ASSERT_TRUE(story.grid.home.submit(TestWorld::make_document()).has_value());  // A row for it.
  story.answer();
  story.grid.owner.advance(core::seconds(20));
  story.grid.exchange();
  story.grid.owner.advance(core::seconds(40));  // 90 after the first one, 60 after the second.
  EXPECT_EQ(story.beat().leases.size(), 1u);
  story.grid.owner.advance(core::seconds(1));
  EXPECT_TRUE(story.beat().leases.empty());
}

// An owner that starts anew does not know whether its home has given the attempt up.
TEST(HomeLease, AfterAStartNothingBeginsBeforeHomeAnswers) {
  for (const bool is_answered : {true, false}) {
    Story story(OnLoss::wait);
    story.commit();
    for (int second = 0; second <= 61; ++second) {
      story.grid.owner.advance(core::seconds(1));
      story.answer();
    }
    story.beat();
    story.grid.owner.restart();
    const auto held = story.beat();
    EXPECT_GT(held.rows, story.grid.site->seen);
    EXPECT_FALSE(story.find_stop().has_value());
    if (is_answered) {
      story.answer();
      story.grid.owner.advance(core::seconds(1));
      EXPECT_EQ(story.beat().rows, story.grid.site->seen);
      EXPECT_FALSE(story.find_stop().has_value());
      continue;
    }
    story.grid.owner.advance(limits::home_answer_max);
    const auto after = story.beat();
    EXPECT_EQ(story.find_stop()->reason, core::Reason::lease_lapsed);
    EXPECT_EQ(after.rows, story.grid.site->seen);
  }
}

TEST(HomeLease, WhatRunsWhenTheOwnerStartsAnewHasTheLeaseOfBefore) {
  Story story(OnLoss::restart);
  story.commit();
  story.begin();
  for (int second = 0; second <= 61; ++second) {
    story.grid.owner.advance(core::seconds(1));
    story.answer();
  }
  story.grid.owner.restart();
  const auto before = story.beat();
  EXPECT_TRUE(before.leases.empty());
  EXPECT_EQ(before.rows, story.grid.site->seen);  // Others may start.
  story.answer();
  EXPECT_EQ(story.beat().leases.size(), 1u);
  EXPECT_FALSE(story.find_stop().has_value());
}

// The owner's log time may go at half its pace; the lease counts on a clock that nothing steps.
TEST(HomeLease, ACommitThatCameTooLateIsRefused) {
  Story story(OnLoss::restart);
  TwoHubs::deliver(story.grid.home, story.grid.owner);
  TwoHubs::deliver(story.grid.owner, story.grid.home);
  story.grid.owner.clock.boot += core::seconds(70);
  story.grid.owner.now = story.grid.owner.now + core::seconds(30);
  story.beat();
  story.grid.exchange();
  EXPECT_TRUE(story.grid.owner.machine().state().guests.empty());
  ASSERT_NE(story.find(), nullptr);
  EXPECT_EQ(story.find()->site_faults, 1u);  // Never started.
}

TEST(HomeLease, ALateChargeIsDisputedAndNotPaid) {
  Story story(OnLoss::restart);
  story.commit();
  EXPECT_LE(story.wait_for_the_end(), in_seconds(kRestartBound) + 3);
  const core::Money before = story.grid.home.balance("ada");
  story.grid.owner.run(*story.grid.site, story.start, core::seconds(10));
  story.grid.exchange();
  EXPECT_EQ(story.grid.home.balance("ada"), before);
  EXPECT_EQ(story.grid.home.machine().state().peers[0].disputed.count, 10'000);
  EXPECT_EQ(story.grid.owner.machine().state().peers[0].contested.count, 10'000);
}

// With a hub of the version before only its word ends an attempt, and it stops nothing by itself.
TEST(HomeLease, TheVersionBeforeKeepsNone) {
  Story old_owner(OnLoss::restart);
  TwoHubs::deliver(old_owner.grid.home, old_owner.grid.owner);
  const ReserveGranted granted{1, old_owner.grid.owner.now + core::minutes(1), false};
  const auto number = old_owner.grid.home.machine().state().peers[0].inbox.received + 1;
  old_owner.grid.home.must(
      AcceptPeerRows{0, "inc42", number, {codec::to_cbor(PeerMessage{granted})}, {""}});
  ASSERT_EQ(old_owner.find()->attempt, 1u);
  EXPECT_FALSE(old_owner.grid.home.machine().find_remote_bound(old_owner.job).has_value());
  EXPECT_EQ(old_owner.wait_for_the_end(7'200), 7'200);

  Story old_home(OnLoss::restart);
  TwoHubs::deliver(old_home.grid.home, old_home.grid.owner);
  const auto commit = old_home.grid.owner.machine().state().peers[0].inbox.received + 1;
  old_home.grid.owner.must(
      AcceptPeerRows{0, "inc22", commit, {codec::to_cbor(PeerMessage{Commit{1, 1, {}}})}, {"{}"}});
  old_home.start = old_home.grid.read_start();
  for (int second = 0; second < 600; ++second) {
    EXPECT_EQ(old_home.beat().leases.size(), 1u);
    old_home.grid.owner.advance(core::seconds(1));
  }
  EXPECT_FALSE(old_home.find_stop().has_value());
}

// Nor does a hub without a clock that nothing steps; and what an older log granted is said again,
// when it is read, as it was said then: hashes of rows cover it.
TEST(HomeLease, WithoutAClockNoneIsPromised) {
  TwoHubs grid;
  grid.owner.clock = {};
  grid.owner.beat(*grid.site);
  grid.announce();
  ASSERT_TRUE(grid.home.submit(TestWorld::make_document()).has_value());
  TwoHubs::deliver(grid.home, grid.owner);
  const auto& rows = grid.owner.machine().state().peers[0].outbox.rows();
  ASSERT_EQ(rows.size(), 1u);
  const ReserveGranted granted =
      std::get<ReserveGranted>(codec::from_cbor<PeerMessage>(rows.front().payload).value());
  EXPECT_EQ(rows.front().payload,
            codec::to_cbor(PeerMessage{ReserveGranted{1, granted.expires, false}}));
  grid.exchange();
  EXPECT_EQ(grid.read_start().attempt, 1u);
  EXPECT_FALSE(grid.home.machine().find_remote_bound(1).has_value());
}

TEST(HomeLease, SnapshotsKeepIt) {
  Story story(OnLoss::restart);
  story.commit();
  for (TestWorld* at : {&story.grid.home, &story.grid.owner}) {
    const std::string bytes = at->machine().encode_state();
    HubMachine copy;
    ASSERT_TRUE(copy.decode_state(bytes).has_value());
    EXPECT_EQ(copy.encode_state(), bytes);
    for (const auto& [number, offer] : copy.state().offers) {
      EXPECT_EQ(offer.home_lease, limits::home_lease);
    }
    for (const auto& [number, guest] : copy.state().guests) {
      EXPECT_EQ(guest.home_lease, limits::home_lease);
      EXPECT_EQ(guest.home_heard.boot_id, 1u);
    }
    EXPECT_EQ(copy.state().offers.size() + copy.state().guests.size(), 1u);
  }
}

}  // namespace
}  // namespace intertie::hub
