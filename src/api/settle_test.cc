// Money between two hubs over their interfaces: charges in dispute, debts that were paid, and
// accounts that a backup tore apart.
#include <string>

#include <gtest/gtest.h>

#include "intertie/api/dispute_views.h"
#include "intertie/api/guest_views.h"

#include "two_regions.h"

namespace intertie::api {
namespace {

class Settle : public testing::Test, protected TwoRegions {
 protected:
  Settle() {
    home.backend.answer_peer = [this](std::uint32_t, const PeerQuestion& call) {
      return read_answer(send(owner, home_tls, call));
    };
  }

  // A job of ada's runs in the other region; `factor`: as many times the processors it asked for
  // are set aside there, for the request was changed on its way.
  void run(std::int64_t factor) {
    announce(true);
    job = home.submit("ada");
    hub::AcceptPeerRows rows;
    rows.incarnation = "inc " + home.hub_id;
    for (const engine::ChannelRow& row : peer(home).outbox.rows()) {
      if (rows.payloads.empty()) rows.first = row.number;
      auto message = codec::from_cbor<hub::PeerMessage>(row.payload).value();
      if (auto* request = std::get_if<hub::ReserveRequest>(&message)) {
        request->requirements.cpus = request->requirements.cpus * factor;
      }
      rows.payloads.push_back(codec::to_cbor(message));
      rows.attachments.emplace_back();
    }
    const auto accepted = std::get<hub::RowsAccepted>(owner.must(std::move(rows)));
    home.must(hub::AcknowledgePeerRows{0, accepted.received});
    exchange();
    owner.run(site, core::seconds(5));  // 5,000 each of two records, times the factor.
    exchange();
  }

  static const hub::PeerState& peer(ApiWorld& at) { return at.backend.machine().state().peers[0]; }
  static std::int64_t clearing(ApiWorld& at) {
    return at.backend.machine()
        .state()
        .ledger.find_account(ledger::AccountHandle{peer(at).terms.account})
        ->balance.count;
  }
  Response act(ApiWorld& at, const std::string& what, const std::string& body,
               const std::string& key = {}) {
    const std::string id = peer(at).terms.id;
    Response response = at.call("root", "POST", "/v1/peers/" + id + ":" + what, body, key);
    exchange();
    return response;
  }
  MirrorState compare(ApiWorld& at) {
    return at.get<PeerClearingList>("root", "/v1/peers/clearing").peers.at(0).state;
  }
  static void expect_sound(ApiWorld& at) {
    EXPECT_TRUE(at.get<LedgerCheckView>("root", "/v1/ledger/check").is_sound);
  }

  std::uint64_t job = 0;
};

TEST_F(Settle, AChargeInDisputeIsListedAtBothHubsAndResolvedByThePayers) {
  run(2);
  EXPECT_EQ(compare(home), MirrorState::disputed);
  const auto list = home.get<DisputeList>("ada", "/v1/disputes");
  ASSERT_EQ(list.disputes.size(), 2u);
  EXPECT_EQ(list.disputes[0].kind, DisputeKind::payer);
  EXPECT_EQ(list.disputes[0].region, "42");
  EXPECT_EQ(list.disputes[0].job, job);
  EXPECT_EQ(list.disputes[0].claimed_micros->count, 10'000);
  EXPECT_EQ(list.disputes[0].payable_micros->count, 5'000);
  EXPECT_TRUE(home.get<DisputeList>("bob", "/v1/disputes").disputes.empty());
  const auto theirs = owner.get<DisputeList>("plant", "/v1/disputes");
  ASSERT_EQ(theirs.disputes.size(), 2u);
  EXPECT_EQ(theirs.disputes[0].kind, DisputeKind::payee);
  EXPECT_EQ(theirs.disputes[0].region, "22");
  EXPECT_EQ(owner.get<DisputeList>("root", "/v1/disputes").disputes.size(), 2u);

  const auto resolve = [](ApiWorld& at, std::uint64_t id, const std::string& verdict) {
    return at.call("root", "POST", "/v1/disputes/" + std::to_string(id) + "/resolve",
                   R"({"verdict":")" + verdict + "\"}");
  };
  EXPECT_EQ(ApiWorld::read_code(resolve(owner, theirs.disputes[0].id, "accept")), "denied");
  const auto accepted = ApiWorld::read<DisputeView>(resolve(home, list.disputes[1].id, "accept"));
  EXPECT_EQ(accepted.state, DisputeState::accepted);
  EXPECT_EQ(accepted.paid_micros.count, 5'000);
  const auto rejected = ApiWorld::read<DisputeView>(resolve(home, list.disputes[0].id, "reject"));
  EXPECT_EQ(rejected.state, DisputeState::rejected);
  exchange();
  EXPECT_EQ(compare(home), MirrorState::mirrors);
  EXPECT_EQ(compare(owner), MirrorState::mirrors);
  EXPECT_EQ(clearing(home), 5'000);
  EXPECT_TRUE(home.get<DisputeList>("root", "/v1/disputes").disputes.empty());
  const auto ended = owner.get<DisputeList>("plant", "/v1/disputes?state=resolved").disputes;
  ASSERT_EQ(ended.size(), 2u);
  EXPECT_EQ(ended[1].state, DisputeState::accepted);
  EXPECT_EQ(ended[1].paid_micros.count, 5'000);
  EXPECT_EQ(ended[1].resolved_by, "region 22");
  EXPECT_EQ(ended[0].state, DisputeState::rejected);

  const auto bill = home.get<JobBillView>("ada", "/v1/jobs/" + std::to_string(job) + "/bill");
  EXPECT_TRUE(bill.agree) << codec::to_json(bill);
  EXPECT_EQ(bill.recomputed_micros.count, 5'000);
  EXPECT_EQ(home.get<JobView>("ada", "/v1/jobs/" + std::to_string(job)).charged_micros.count,
            5'000);
  expect_sound(home);
  expect_sound(owner);
}

TEST_F(Settle, WhoWasPaidSaysSoAndBothBookItOnce) {
  run(1);
  ASSERT_EQ(clearing(home), 10'000);
  const std::string amount = R"({"amount_micros":4000,"memo":"by bank"})";
  EXPECT_EQ(ApiWorld::read_code(act(owner, "settle", amount)), "missing_field");
  EXPECT_EQ(ApiWorld::read_code(act(home, "settle", amount, "k")), "denied");
  EXPECT_EQ(ApiWorld::read_code(act(owner, "settle", R"({"amount_micros":10001})", "k")),
            "out_of_range");
  EXPECT_EQ(ApiWorld::read_code(act(owner, "settle", R"({"amount_micros":0})", "k")),
            "out_of_range");
  for (int repeat = 0; repeat < 2; ++repeat) {
    const Response done = act(owner, "settle", amount, "k1");
    ASSERT_EQ(done.status, 200) << done.body;
    EXPECT_EQ(clearing(owner), -6'000);
    EXPECT_EQ(clearing(home), 6'000);
  }
  EXPECT_EQ(ApiWorld::read_code(act(owner, "settle", R"({"amount_micros":5})", "k1")),
            "idempotency_conflict");
  EXPECT_EQ(compare(home), MirrorState::mirrors);
  EXPECT_TRUE(owner.get<PeerList>("root", "/v1/peers").peers[0].payments.empty());
  EXPECT_EQ(owner.call("plant", "POST", "/v1/peers/" + home.hub_id + ":settle", amount, "k").status,
            403);
  expect_sound(home);
  expect_sound(owner);
}

TEST_F(Settle, APaymentThatThePayerDoesNotOweIsBookedByNobody) {
  run(2);  // All of it is in dispute: the owner counts 20,000, and nothing is owed.
  EXPECT_EQ(ApiWorld::read_code(act(owner, "settle", R"({"amount_micros":1})", "k")),
            "out_of_range");
  // The payer's books say less than the payee's: as if a backup had been put back.
  owner.must(hub::Deposit{{1, 77}, "peer " + home.hub_id, core::Money{-500}});
  const Response asked = act(owner, "settle", R"({"amount_micros":500})", "k2");
  ASSERT_EQ(asked.status, 200) << asked.body;
  const auto view = owner.get<PeerList>("root", "/v1/peers").peers[0];
  EXPECT_TRUE(view.payments.empty());
  EXPECT_NE(view.refused.find("0 micros"), std::string::npos) << view.refused;
  EXPECT_EQ(clearing(owner), -20'500);
  EXPECT_EQ(clearing(home), 0);
}

TEST_F(Settle, AnAdjustmentNeedsBothOperatorsAndBringsTheTwoTogether) {
  run(1);
  EXPECT_EQ(ApiWorld::read_code(act(home, "adjust", R"({"reason":"x"})")), "already_final");
  // What a backup of the home hub would have forgotten.
  home.must(hub::Deposit{{1, 78}, "peer " + owner.hub_id, core::Money{-10'000}});
  EXPECT_EQ(compare(home), MirrorState::differs);
  EXPECT_EQ(ApiWorld::read_code(act(home, "adjust", R"({"reason":""})")), "bad_field");
  EXPECT_EQ(ApiWorld::read_code(act(home, "adjust", R"({"reason":"x","account":"nobody"})")),
            "unknown_account");
  EXPECT_EQ(ApiWorld::read_code(act(owner, "decide", R"({"verdict":"agree"})")), "not_found");
  const std::string reason = R"({"reason":"the backup of Monday"})";
  const auto proposed = ApiWorld::read<PeerView>(act(home, "adjust", reason));
  ASSERT_TRUE(proposed.adjustment.has_value());
  EXPECT_EQ(proposed.adjustment->amount_micros.count, 10'000);
  EXPECT_EQ(proposed.adjustment->account, "losses/peers");
  EXPECT_EQ(clearing(home), 0);  // Nothing before the other one agrees.
  const auto asked = owner.get<PeerList>("root", "/v1/peers").peers[0].asked;
  ASSERT_TRUE(asked.has_value());
  EXPECT_EQ(asked->amount_micros.count, 10'000);
  EXPECT_EQ(asked->text, "the backup of Monday");
  EXPECT_FALSE(owner.get<PeerList>("ada", "/v1/peers").peers[0].asked.has_value());

  EXPECT_EQ(act(owner, "decide", R"({"verdict":"refuse"})").status, 200);
  EXPECT_EQ(clearing(home), 0);
  EXPECT_FALSE(home.get<PeerList>("root", "/v1/peers").peers[0].adjustment.has_value());
  EXPECT_FALSE(home.get<PeerList>("root", "/v1/peers").peers[0].refused.empty());

  // Whoever bears it: here the other side forgives the debt, from an account of its own.
  EXPECT_EQ(act(owner, "adjust", R"({"reason":"forgiven","account":"plant"})").status, 200);
  EXPECT_EQ(act(home, "decide", R"({"verdict":"agree"})").status, 200);
  EXPECT_EQ(clearing(owner), 0);
  EXPECT_EQ(compare(home), MirrorState::mirrors);
  EXPECT_EQ(compare(owner), MirrorState::mirrors);
  EXPECT_EQ(home.call("ada", "POST", "/v1/peers/" + owner.hub_id + ":adjust", reason).status, 403);
  expect_sound(home);
  expect_sound(owner);
}

TEST_F(Settle, AnAnswerThatComesAgainBooksNothing) {
  run(1);
  home.must(hub::Deposit{{1, 78}, "peer " + owner.hub_id, core::Money{-10'000}});
  const auto propose = [&] {
    const std::string id = peer(home).terms.id;
    return home.call("root", "POST", "/v1/peers/" + id + ":adjust", R"({"reason":"x"})");
  };
  ASSERT_EQ(propose().status, 200);
  exchange();
  ASSERT_EQ(act(owner, "decide", R"({"verdict":"agree"})").status, 200);
  EXPECT_EQ(clearing(home), 10'000);
  // Nothing is booked twice, whoever says it again.
  hub::AcceptPeerRows rows;
  rows.incarnation = "inc " + owner.hub_id;
  rows.first = peer(home).inbox.received + 1;
  rows.payloads = {codec::to_cbor(hub::PeerMessage{hub::ClearingAnswered{1, true, ""}})};
  rows.attachments = {""};
  home.must(std::move(rows));
  EXPECT_EQ(clearing(home), 10'000);
}

TEST_F(Settle, GuestsAreSeenByTheOperatorWhereTheyRun) {
  EXPECT_TRUE(owner.get<GuestList>("root", "/v1/guests").guests.empty());
  run(2);
  const std::uint64_t first = job;
  run(1);
  const auto list = owner.get<GuestList>("root", "/v1/guests");
  ASSERT_EQ(list.guests.size(), 2u);
  EXPECT_EQ(list.currency, "CNY");
  EXPECT_EQ(list.guests[0].charged_micros.count, 10'000);  // The newest first.
  EXPECT_EQ(list.guests[0].contested_micros.count, 0);
  const GuestView& old = list.guests[1];
  EXPECT_EQ(old.region, "22");
  EXPECT_EQ(old.user, "ada");
  EXPECT_EQ(old.site, "beta");
  EXPECT_EQ(old.pool, "cpu");
  EXPECT_EQ(old.phase, Phase::ended);
  EXPECT_EQ(old.exit_code, 0);
  EXPECT_FALSE(old.reason.has_value());
  EXPECT_LT(old.reserved, old.ended);
  EXPECT_EQ(old.charged_micros.count, 20'000);
  EXPECT_EQ(old.contested_micros.count, 20'000);
  EXPECT_NE(first, job);
  const auto page = owner.get<GuestList>("root", "/v1/guests?limit=1");
  ASSERT_TRUE(page.next.has_value());
  const auto rest = owner.get<GuestList>("root", "/v1/guests?limit=1&after=" + *page.next);
  ASSERT_EQ(rest.guests.size(), 1u);
  EXPECT_EQ(rest.guests[0].job, old.job);
  EXPECT_FALSE(rest.next.has_value());
  for (const char* verdict : {"reject", "reject"}) {
    const std::uint64_t id = home.get<DisputeList>("root", "/v1/disputes").disputes[0].id;
    home.call("root", "POST", "/v1/disputes/" + std::to_string(id) + "/resolve",
              R"({"verdict":")" + std::string(verdict) + "\"}");
    exchange();
  }
  EXPECT_EQ(owner.get<GuestList>("root", "/v1/guests").guests[1].charged_micros.count, 0);
  // Their home hub has none, and users see nothing of this.
  EXPECT_TRUE(home.get<GuestList>("root", "/v1/guests").guests.empty());
  EXPECT_EQ(owner.call("ada", "GET", "/v1/guests").status, 403);
}

TEST_F(Settle, TheCreditOfAPeerCanBeChanged) {
  EXPECT_EQ(ApiWorld::read_code(act(owner, "change", R"({"credit_micros":-1})")), "out_of_range");
  const auto view = ApiWorld::read<PeerView>(act(owner, "change", R"({"credit_micros":5000})"));
  EXPECT_EQ(view.credit_micros.count, 5'000);
  EXPECT_EQ(view.name, "hub 22");
}

}  // namespace
}  // namespace intertie::api
