// For tests: two hubs and the rows between them.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "intertie/codec/cbor.h"
#include "intertie/ledger/totals.h"

#include "test_world.h"

namespace intertie::hub {

// Home has the user and no site; owner has the site. Nothing passes between them by itself.
class TwoHubs {
 public:
  TwoHubs() {
    home.create_hub(10, "22");
    owner.create_hub(10, "42");
    introduce(home, owner);
    introduce(owner, home);
    EXPECT_TRUE(open(home, owner).has_value());
    EXPECT_TRUE(open(owner, home).has_value());
    site = owner.join("beta", TestWorld::make_pool(2));
    owner.measure(*site);
  }

  static void introduce(TestWorld& at, TestWorld& other,
                        core::Money credit = core::Money{1'000'000'000}) {
    AddPeer add;
    const HubCreated& facts = other.machine().state().facts;
    add.peer.id = facts.id;
    add.peer.region = facts.region;
    add.peer.name = "hub " + facts.region;
    add.credit_max = credit;
    at.must(std::move(add));
  }

  static engine::ChannelHello make_hello(TestWorld& from) {
    const PeerState& peer = from.machine().state().peers[0];
    return {"inc" + from.machine().state().facts.region, peer.outbox.last_number(),
            crypto::to_text(peer.outbox.last_hash()), peer.inbox.received,
            crypto::to_text(peer.inbox.hash)};
  }

  // Opens the channel on which `from` sends.
  static core::Result<Reply> open(TestWorld& from, TestWorld& to) {
    return to.ask(OpenPeerChannel{0, make_hello(from)});
  }

  // Delivers all rows of one side; false if there were none.
  static bool deliver(TestWorld& from, TestWorld& to, bool is_acknowledged = true) {
    AcceptPeerRows rows;
    rows.incarnation = "inc" + from.machine().state().facts.region;
    const auto reader = from.store().open_reader().value();
    const engine::Outbox& outbox = from.machine().state().peers[0].outbox;
    for (const engine::ChannelRow* row :
         outbox.find_rows(outbox.acknowledged(), from.durable(), 1000)) {
      if (rows.payloads.empty()) rows.first = row->number;
      rows.payloads.push_back(row->payload);
      std::string body;
      if (row->attachment != 0) body = reader->read_body(row->attachment)->bytes;
      rows.attachments.push_back(std::move(body));
    }
    if (rows.payloads.empty()) return false;
    const auto accepted = std::get<RowsAccepted>(to.must(std::move(rows)));
    if (is_acknowledged) from.must(AcknowledgePeerRows{0, accepted.received});
    return true;
  }

  void exchange() {
    for (int round = 0; round < 20; ++round) {
      const bool is_any = deliver(home, owner);
      if (!deliver(owner, home) && !is_any) return;
    }
    FAIL() << "the two hubs do not come to rest";
  }

  void announce(bool is_full = true) {
    auto beacon = std::get<Beacon>(owner.must(MakeBeacon{0, is_full}));
    const auto answer = std::get<BeaconAnswer>(home.must(AcceptBeacon{0, std::move(beacon)}));
    EXPECT_FALSE(answer.is_full_wanted);
  }

  void advance(core::Duration duration) {
    home.advance(duration);
    owner.advance(duration);
  }

  execution::StartAttempt read_start() {
    for (const auto& message : owner.read_rows(*site)) {
      if (const auto* start = std::get_if<execution::StartAttempt>(&message)) return *start;
    }
    ADD_FAILURE() << "nothing was started";
    return {};
  }

  core::Money clearing(TestWorld& at) {
    return at.machine()
        .state()
        .ledger.find_account({at.machine().state().peers[0].terms.account})
        ->balance;
  }

  void expect_sound() {
    for (TestWorld* at : {&home, &owner}) {
      const auto totals = ledger::compute_totals(ledger::dump_ledger(at->machine().state().ledger));
      EXPECT_EQ(totals.sum.count, 0);
      EXPECT_TRUE(totals.problems.empty());
    }
    EXPECT_EQ(clearing(home).count, -clearing(owner).count);
  }

  TestWorld home;
  TestWorld owner;
  std::unique_ptr<TestWorld::TestSite> site;
};

}  // namespace intertie::hub
