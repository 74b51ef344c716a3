// Debts that were paid between two hubs, and adjustments, as rows tell them.
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "intertie/core/limits.h"

#include "contests.h"
#include "two_hubs.h"

namespace intertie::hub {
namespace {

class Clearing : public testing::Test, protected TwoHubs {
 protected:
  // Home owes 10,000.
  Clearing() {
    announce();
    EXPECT_TRUE(home.submit(TestWorld::make_document()).has_value());
    exchange();
    owner.run(*site, read_start(), core::seconds(10));
    exchange();
  }
  static const PeerState& peer(TestWorld& at) { return at.machine().state().peers[0]; }
  core::Result<Reply> settle(TestWorld& at, std::int64_t amount, std::uint64_t key) {
    return at.ask(SettlePeer{0, {5, key}, core::Money{amount}, "by bank", 2});
  }
};

TEST_F(Clearing, IsBookedByThePayerFirstAndThenByWhoWasPaid) {
  ASSERT_TRUE(settle(owner, 4'000, 1).has_value());
  EXPECT_EQ(clearing(owner).count, -10'000);
  TwoHubs::deliver(owner, home);
  EXPECT_EQ(clearing(home).count, 6'000);
  EXPECT_EQ(clearing(owner).count, -10'000);
  exchange();
  EXPECT_EQ(clearing(owner).count, -6'000);
  EXPECT_EQ(home.balance("bank").count, -1'000'000'000 + 4'000);
  expect_sound();
}

TEST_F(Clearing, WhatIsSaidToBePaidIsNotOwedTwice) {
  ASSERT_TRUE(settle(owner, 7'000, 1).has_value());
  EXPECT_EQ(settle(owner, 3'001, 2).error().reason, core::Reason::out_of_range);
  ASSERT_TRUE(settle(owner, 3'000, 3).has_value());
  ASSERT_TRUE(settle(owner, 3'000, 3).has_value());  // A repeat.
  EXPECT_EQ(settle(owner, 2'000, 3).error().reason, core::Reason::idempotency_conflict);
  exchange();
  EXPECT_EQ(clearing(owner).count, 0);
  ASSERT_TRUE(settle(owner, 3'000, 3).has_value());  // Still one.
  EXPECT_EQ(settle(owner, 1, 4).error().reason, core::Reason::denied);
  EXPECT_EQ(settle(home, 1, 5).error().reason, core::Reason::denied);
  EXPECT_EQ(
      owner.ask(SettlePeer{0, {std::uint64_t{1} << 63, 1}, core::Money{1}, "", 2}).error().reason,
      core::Reason::out_of_range);
  EXPECT_EQ(owner.ask(SettlePeer{9, {5, 9}, core::Money{1}, "", 2}).error().reason,
            core::Reason::not_found);
  expect_sound();
}

TEST_F(Clearing, AForgedPaymentTakesNothingThatIsNotOwed) {
  const auto send = [&](std::int64_t amount) {
    const auto number = peer(home).inbox.received + 1;
    home.must(AcceptPeerRows{
        0,
        "inc42",
        number,
        {codec::to_cbor(PeerMessage{ClearingPaid{number, core::Money{amount}, "x"}})},
        {""}});
    const auto answer =
        codec::from_cbor<PeerMessage>(peer(home).outbox.rows().back().payload).value();
    return std::get<ClearingAnswered>(answer).is_accepted;
  };
  EXPECT_FALSE(send(10'001));
  EXPECT_FALSE(send(-5));
  EXPECT_FALSE(send(0));
  EXPECT_EQ(clearing(home).count, 10'000);
  EXPECT_TRUE(send(10'000));
  EXPECT_EQ(clearing(home).count, 0);
  EXPECT_FALSE(send(1));
}

TEST_F(Clearing, SoManyMayWait) {
  for (std::size_t i = 0; i < core::limits::payments_unanswered_per_peer_max; ++i) {
    ASSERT_TRUE(settle(owner, 1, 100 + i).has_value());
  }
  EXPECT_EQ(settle(owner, 1, 99).error().reason, core::Reason::overloaded);
}

TEST_F(Clearing, AnAdjustmentTakesFromAnAccountThatHasIt) {
  const auto adjust = [&](TestWorld& at, std::int64_t amount, const std::string& account) {
    return at.ask(AdjustPeer{0, core::Money{amount}, "because", account, 2});
  };
  EXPECT_EQ(adjust(home, 0, "").error().reason, core::Reason::out_of_range);
  EXPECT_EQ(adjust(home, 5, "nobody").error().reason, core::Reason::unknown_account);
  EXPECT_EQ(adjust(home, 5, "peer 42R00000000001XX").error().reason, core::Reason::bad_field);
  EXPECT_EQ(adjust(home, 5, "fees").error().reason, core::Reason::insufficient_funds);
  ASSERT_TRUE(adjust(home, 500, "ada").has_value());
  // Spent before the other one agrees: nothing is booked, and the proposal is over.
  exchange();
  home.must(Deposit{{1, 9}, "ada", core::Money{-home.balance("ada").count}});
  owner.must(DecideAdjustment{0, true, 2});
  exchange();
  EXPECT_EQ(clearing(home).count, 10'000);
  EXPECT_FALSE(peer(home).adjustment.has_value());
  EXPECT_FALSE(peer(home).refused.empty());
  ASSERT_TRUE(adjust(home, 500, "").has_value());
  exchange();
  owner.must(DecideAdjustment{0, true, 2});
  exchange();
  EXPECT_EQ(clearing(home).count, 10'500);
  EXPECT_EQ(home.balance(std::string(kLossesAccount)).count, -500);
  EXPECT_EQ(clearing(owner).count, -10'000);
}

TEST_F(Clearing, AReconciliationGivesUpWhatWasReceivedAndNotAnswered) {
  for (const bool is_received : {false, true}) {
    ASSERT_TRUE(settle(owner, 1'000, is_received ? 2 : 1).has_value());
    owner.must(AdjustPeer{0, core::Money{5}, "because", "", 2});
    if (is_received) TwoHubs::deliver(owner, home);
    const auto of_home = TwoHubs::make_hello(home);
    const auto of_owner = TwoHubs::make_hello(owner);
    home.must(ReconcilePeer{0, of_owner});
    owner.must(ReconcilePeer{0, of_home});
    EXPECT_FALSE(peer(home).asked.has_value());
    EXPECT_EQ(peer(owner).adjustment.has_value(), !is_received);
    EXPECT_EQ(peer(owner).payments.size(), is_received ? 0u : 1u);
    exchange();
    if (!is_received) {
      // Nothing was lost: it arrives, and is booked once.
      EXPECT_EQ(clearing(owner).count, -9'000);
      EXPECT_EQ(clearing(home).count, 9'000);
      owner.must(AdjustPeer{0, core::Money{5}, "instead", "", 2});
    } else {
      EXPECT_EQ(clearing(home).count + clearing(owner).count, -1'000);  // To be adjusted.
    }
  }
}

TEST_F(Clearing, ReplayAndSnapshotKnowIt) {
  ASSERT_TRUE(settle(owner, 1'000, 1).has_value());
  owner.must(AdjustPeer{0, core::Money{5}, "because", "", 2});
  for (int round = 0; round < 3; ++round) {
    for (TestWorld* at : {&home, &owner}) {
      const std::string before = at->machine().encode_state();
      HubMachine restored;
      ASSERT_TRUE(restored.decode_state(before).has_value());
      EXPECT_EQ(restored.encode_state(), before);
      at->restart();
      EXPECT_EQ(at->machine().encode_state(), before);
    }
    exchange();
    if (round == 1) home.must(DecideAdjustment{0, false, 2});
  }
  EXPECT_FALSE(peer(owner).adjustment.has_value());
}

}  // namespace
}  // namespace intertie::hub
