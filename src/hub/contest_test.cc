// Charges between two hubs that the payer did not post: who decides, who pays, what goes back.
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "intertie/core/limits.h"

#include "contests.h"
#include "two_hubs.h"

namespace intertie::hub {
namespace {

constexpr std::int64_t kDeposit = 1'000'000'000;

// Home asks for one processor, and the owner sets two aside and charges for them: on the wire the
// request was changed. Ten seconds cost 20,000 there, and 10,000 are due.
class Contest : public testing::Test, protected TwoHubs {
 protected:
  Contest() { announce(); }

  void ask(const JobDocument& document = TestWorld::make_document()) {
    const auto submitted = home.submit(document);
    ASSERT_TRUE(submitted.has_value());
    job = submitted->job;
    AcceptPeerRows rows;
    rows.incarnation = "inc22";
    for (const engine::ChannelRow& row : home.machine().state().peers[0].outbox.rows()) {
      if (rows.payloads.empty()) rows.first = row.number;
      auto message = codec::from_cbor<PeerMessage>(row.payload).value();
      if (auto* request = std::get_if<ReserveRequest>(&message)) {
        request->requirements.cpus = request->requirements.cpus * 2;
      }
      rows.payloads.push_back(codec::to_cbor(message));
      rows.attachments.emplace_back();
    }
    const auto accepted = std::get<RowsAccepted>(owner.must(std::move(rows)));
    home.must(AcknowledgePeerRows{0, accepted.received});
    exchange();
  }

  void run(std::int32_t exit_code = 0) {
    ask();
    owner.run(*site, read_start(), core::seconds(10), exit_code);
    exchange();
  }

  static const State& state(TestWorld& at) { return at.machine().state(); }
  static const PeerState& peer(TestWorld& at) { return state(at).peers[0]; }
  static std::uint64_t only(TestWorld& at) {
    EXPECT_EQ(state(at).disputes.size(), 1u);
    return state(at).disputes.empty() ? 0 : state(at).disputes.begin()->first;
  }
  core::Result<Reply> resolve(bool is_accepted) {
    auto reply = home.ask(ResolveDispute{only(home), is_accepted, 2});
    exchange();
    return reply;
  }
  void expect_open(std::int64_t charge) {
    EXPECT_EQ(peer(home).disputed.count, charge);
    EXPECT_EQ(peer(owner).contested.count, charge);
    EXPECT_EQ(clearing(home).count + clearing(owner).count, -charge);
  }

  std::uint64_t job = 0;
};

TEST_F(Contest, BothSidesShowItWhileItIsOpen) {
  run();
  expect_open(20'000);
  const OpenDispute& ours = state(home).disputes.at(only(home));
  EXPECT_EQ(ours.side, DisputeSide::payer);
  EXPECT_EQ(ours.job, job);
  EXPECT_EQ(ours.charge.count, 20'000);
  EXPECT_TRUE(ours.is_over);
  EXPECT_EQ(compute_payable(ours).count, 10'000);
  const OpenDispute& theirs = state(owner).disputes.at(only(owner));
  EXPECT_EQ(theirs.side, DisputeSide::payee);
  EXPECT_TRUE(theirs.is_known);
  EXPECT_EQ(theirs.fee.count, 200);
  EXPECT_EQ(compute_payable(theirs).count, 0);
  // Who is to pay decides.
  const auto refused = owner.ask(ResolveDispute{only(owner), true, 2});
  EXPECT_EQ(refused.error().reason, core::Reason::denied);
  EXPECT_NE(refused.error().detail.find("region 22"), std::string::npos);
  EXPECT_EQ(owner.ask(ResolveDispute{only(owner), false, 2}).error().reason, core::Reason::denied);
}

TEST_F(Contest, AcceptedItIsPaidAsFarAsItIsDueAndTheRestGoesBack) {
  run();
  ASSERT_TRUE(resolve(true).has_value());
  EXPECT_EQ(home.balance("ada").count, kDeposit - 10'000);
  EXPECT_EQ(clearing(home).count, 10'000);
  EXPECT_EQ(owner.balance("plant").count, 9'900);
  EXPECT_EQ(owner.balance("fees").count, 100);
  EXPECT_EQ(state(owner).ledger.find_account(kLossesAccount), nullptr);
  expect_open(0);
  EXPECT_TRUE(state(home).disputes.empty());
  EXPECT_TRUE(state(owner).disputes.empty());
  expect_sound();
}

TEST_F(Contest, RejectedItCostsNothingAndAllOfItGoesBack) {
  run();
  ASSERT_TRUE(resolve(false).has_value());
  EXPECT_EQ(home.balance("ada").count, kDeposit);
  EXPECT_EQ(clearing(home).count, 0);
  EXPECT_EQ(owner.balance("plant").count, 0);
  EXPECT_EQ(owner.balance("fees").count, 0);
  expect_open(0);
  EXPECT_TRUE(state(owner).disputes.empty());
  expect_sound();
}

TEST_F(Contest, WhatThePayeeHasSpentIsTheHubsLoss) {
  run();
  owner.must(Deposit{{1, 7}, "plant", core::Money{-19'000}});
  ASSERT_TRUE(resolve(false).has_value());
  EXPECT_EQ(owner.balance("plant").count, 0);
  EXPECT_EQ(owner.balance("fees").count, 0);
  EXPECT_EQ(owner.balance(std::string(kLossesAccount)).count, -19'000);
  expect_open(0);
  expect_sound();
}

TEST_F(Contest, ItWaitsForTheEndOfItsAttempt) {
  ask();
  const auto start = read_start();
  const core::Time began = owner.now;
  owner.say(*site, execution::AttemptStarted{start.job, start.attempt, began});
  advance(core::seconds(10));
  owner.say(*site, execution::UsageReport{start.job, start.attempt,
                                          owner.make_usage(*site, start, began, owner.now)});
  exchange();
  EXPECT_EQ(resolve(true).error().reason, core::Reason::busy);
  owner.say(*site,
            execution::AttemptEnded{start.job, start.attempt, owner.now, {}, "", {{0, 0, 0}}, {}});
  exchange();
  EXPECT_TRUE(resolve(true).has_value());
  EXPECT_EQ(home.ask(ResolveDispute{1, true, 2}).error().reason, core::Reason::already_final);
  expect_sound();
}

TEST_F(Contest, AnAccountWithoutMoneyPaysWhenItHasSome) {
  run();
  home.must(Deposit{{1, 8}, "ada", core::Money{-kDeposit}});
  EXPECT_EQ(resolve(true).error().reason, core::Reason::insufficient_funds);
  expect_open(20'000);
  home.must(Deposit{{1, 9}, "ada", core::Money{10'000}});
  EXPECT_TRUE(resolve(true).has_value());
  EXPECT_EQ(home.balance("ada").count, 0);
  expect_open(0);
  expect_sound();
}

TEST_F(Contest, TheJobsPriceLimitHoldsOverAllItsAttempts) {
  JobDocument document = TestWorld::make_document();
  document.retries = 5;
  document.price.max = core::Money{605'000};
  ask(document);
  owner.run(*site, read_start(), core::seconds(10), 1);
  exchange();
  ASSERT_EQ(compute_payable(state(home).disputes.at(only(home))).count, 10'000);
  for (int second = 0; second < 70; ++second) {
    owner.beat(*site);
    announce(false);
    exchange();
    advance(core::seconds(1));
  }
  ASSERT_NE(state(home).find_job(job)->offer, 0u);  // Holds 600,000 of the 605,000.
  EXPECT_EQ(compute_payable(state(home).disputes.at(only(home))).count, 5'000);
  ASSERT_TRUE(resolve(true).has_value());
  EXPECT_EQ(home.balance("ada").count, kDeposit - 5'000);
  EXPECT_EQ(state(home).find_job(job)->charged.count, 5'000);
}

TEST_F(Contest, WhatNoJobHereIsAboutCanOnlyBeRejected) {
  OfferCharged charged{77, 1, owner.now, owner.now + core::seconds(1), true, core::Money{500}};
  home.must(AcceptPeerRows{0, "inc42", 1, {codec::to_cbor(PeerMessage{charged})}, {""}});
  TwoHubs::deliver(home, owner);
  EXPECT_EQ(state(home).disputes.at(only(home)).job, 0u);
  EXPECT_EQ(home.ask(ResolveDispute{only(home), true, 2}).error().reason,
            core::Reason::usage_disputed);
  // The owner never charged that, so it owes nothing back.
  EXPECT_FALSE(state(owner).disputes.at(only(owner)).is_known);
  EXPECT_EQ(peer(owner).contested.count, 0);
  home.must(ResolveDispute{only(home), false, 2});
  TwoHubs::deliver(home, owner);
  EXPECT_TRUE(state(owner).disputes.empty());
  EXPECT_EQ(clearing(owner).count, 0);
  EXPECT_EQ(peer(home).disputed.count, 0);
}

TEST_F(Contest, APeerGetsNothingBackThatItWasNotCharged) {
  run();
  ASSERT_TRUE(resolve(false).has_value());
  const std::uint64_t next = peer(owner).inbox.received + 1;
  AcceptPeerRows rows;
  rows.incarnation = "inc22";
  rows.first = next;
  const std::uint64_t offer = 1;
  for (const PeerMessage& message :
       {PeerMessage{ChargeDisputed{offer, 1, core::Money{20'000}, "again"}},
        PeerMessage{ChargeResolved{offer, 1, false, core::Money{20'000}, {}}},
        PeerMessage{ChargeResolved{99, 1, false, core::Money{1'000'000}, {}}},
        PeerMessage{ChargeResolved{offer, 1, true, core::Money{20'000}, core::Money{30'000}}}}) {
    rows.payloads.push_back(codec::to_cbor(message));
    rows.attachments.emplace_back();
  }
  owner.must(std::move(rows));
  EXPECT_EQ(clearing(owner).count, 0);
  EXPECT_EQ(peer(owner).contested.count, 0);
  EXPECT_TRUE(state(owner).disputes.empty());
}

TEST_F(Contest, AReconciliationSaysAgainWhatIsOpen) {
  run();
  const auto of_home = TwoHubs::make_hello(home);
  const auto of_owner = TwoHubs::make_hello(owner);
  home.must(ReconcilePeer{0, of_owner});
  owner.must(ReconcilePeer{0, of_home});
  EXPECT_TRUE(state(owner).disputes.empty());
  EXPECT_EQ(peer(owner).contested.count, 0);
  exchange();
  expect_open(20'000);
  ASSERT_TRUE(resolve(true).has_value());
  expect_open(0);
  expect_sound();
}

TEST_F(Contest, AResolutionOnItsWayDuringAReconciliationArrives) {
  run();
  home.must(ResolveDispute{only(home), false, 2});
  const auto of_home = TwoHubs::make_hello(home);
  const auto of_owner = TwoHubs::make_hello(owner);
  home.must(ReconcilePeer{0, of_owner});
  owner.must(ReconcilePeer{0, of_home});
  exchange();
  expect_open(0);
  EXPECT_EQ(clearing(owner).count, 0);
  expect_sound();
}

TEST_F(Contest, SoManyMayBeOpenAndTheRestIsRejectedAtOnce) {
  AcceptPeerRows rows;
  rows.incarnation = "inc42";
  rows.first = 1;
  for (std::size_t i = 0; i < core::limits::disputes_open_per_peer_max + 3; ++i) {
    const OfferCharged charged{1'000 + i, 1, owner.now, owner.now, true, core::Money{7}};
    rows.payloads.push_back(codec::to_cbor(PeerMessage{charged}));
    rows.attachments.emplace_back();
  }
  home.must(std::move(rows));
  const auto most = static_cast<std::int64_t>(core::limits::disputes_open_per_peer_max);
  EXPECT_EQ(state(home).disputes.size(), core::limits::disputes_open_per_peer_max);
  EXPECT_EQ(peer(home).disputed.count, 7 * most);
  const auto& last = peer(home).outbox.rows().back();
  const auto message = codec::from_cbor<PeerMessage>(last.payload);
  ASSERT_TRUE(std::holds_alternative<ChargeResolved>(*message));
  EXPECT_FALSE(std::get<ChargeResolved>(*message).is_accepted);
}

TEST_F(Contest, ReplayAndSnapshotKnowIt) {
  run();
  for (int round = 0; round < 2; ++round) {
    for (TestWorld* at : {&home, &owner}) {
      const std::string before = at->machine().encode_state();
      HubMachine restored;
      ASSERT_TRUE(restored.decode_state(before).has_value());
      EXPECT_EQ(restored.encode_state(), before);
      EXPECT_EQ(restored.state().disputes_of_peers, state(*at).disputes_of_peers);
      EXPECT_EQ(restored.state().disputes_of_jobs, state(*at).disputes_of_jobs);
      at->restart();
      EXPECT_EQ(at->machine().encode_state(), before);
    }
    if (round == 0) {
      ASSERT_TRUE(resolve(true).has_value());
    }
  }
}

}  // namespace
}  // namespace intertie::hub
