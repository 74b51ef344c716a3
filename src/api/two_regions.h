// For tests: a home hub with users, another region's hub with a site, and what passes between them.
#pragma once

#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "intertie/api/peer_views.h"
#include "intertie/identity/signed_record.h"

#include "fake_backend.h"

namespace intertie::api {

/// Nothing passes between the two by itself, except what the owner's hub asks of home.
class TwoRegions {
 public:
  /// `is_used_before`: somebody has asked home's hub something before it knows the other.
  explicit TwoRegions(bool is_used_before = false) {
    if (is_used_before) {
      EXPECT_EQ(home.call("ada", "GET", "/v1/jobs").status, 200);
    }
    introduce(home, owner, owner_tls);
    introduce(owner, home, home_tls);
    open(home, owner);
    open(owner, home);
    site = owner.join("beta", 4, 1, crypto::to_text(site_box.public_key()));
    owner.measure(site);
    owner.submit("ada");  // So the two hubs' numbers of a job differ.
    owner.run(site, core::seconds(1));
    announce(true);
    owner.backend.answer_peer = [this](std::uint32_t, const PeerQuestion& call) {
      return read_answer(send(home, owner_tls, call));
    };
  }

  static void introduce(ApiWorld& at, ApiWorld& other, const crypto::KeyPair& tls) {
    hub::AddPeer add;
    const hub::HubCreated& facts = other.backend.machine().state().facts;
    add.peer = {facts.id,
                facts.region,
                "hub " + facts.region,
                "127.0.0.1:1",
                facts.sign_key,
                crypto::to_text(tls.public_key()),
                0};
    add.credit_max = core::Money{1'000'000'000};
    at.must(std::move(add));
  }

  static void open(ApiWorld& from, ApiWorld& to) {
    const hub::PeerState& peer = from.backend.machine().state().peers[0];
    to.must(hub::OpenPeerChannel{
        0,
        {"inc " + from.hub_id, peer.outbox.last_number(), crypto::to_text(peer.outbox.last_hash()),
         peer.inbox.received, crypto::to_text(peer.inbox.hash)}});
  }

  static bool deliver(ApiWorld& from, ApiWorld& to) {
    hub::AcceptPeerRows rows;
    rows.incarnation = "inc " + from.hub_id;
    const engine::Outbox& outbox = from.backend.machine().state().peers[0].outbox;
    for (const engine::ChannelRow* row :
         outbox.find_rows(outbox.acknowledged(), UINT64_MAX, 1000)) {
      if (rows.payloads.empty()) rows.first = row->number;
      rows.payloads.push_back(row->payload);
      std::string body;
      if (row->attachment != 0) body = from.backend.reader().read_body(row->attachment)->bytes;
      rows.attachments.push_back(std::move(body));
    }
    if (rows.payloads.empty()) return false;
    const auto accepted = std::get<hub::RowsAccepted>(to.must(std::move(rows)));
    from.must(hub::AcknowledgePeerRows{0, accepted.received});
    return true;
  }
  void exchange() {
    for (int round = 0; round < 20; ++round) {
      const bool is_any = deliver(home, owner);
      if (!deliver(owner, home) && !is_any) return;
    }
    FAIL() << "the two hubs do not come to rest";
  }
  void announce(bool is_full) {
    auto beacon = std::get<hub::Beacon>(owner.must(hub::MakeBeacon{0, is_full, false}));
    home.must(hub::AcceptBeacon{0, std::move(beacon)});
  }

  /// As the hub with this TLS key asks.
  static Response send(ApiWorld& to, const crypto::KeyPair& tls, const PeerQuestion& call) {
    ApiWorld::Site caller;
    caller.certificate_der = ApiWorld::make_certificate(tls);
    return to.send_site(caller, call.method, call.target, call.body);
  }
  static core::Result<std::string> read_answer(const Response& response) {
    if (response.status / 100 == 2) return response.body;
    return core::Error{*core::find_reason(ApiWorld::read_code(response)), response.body};
  }

  /// The record of a site as its hub has it in force.
  std::string read_record(const ApiWorld::Site& of) {
    return owner.get<RecordView>("ada", "/v1/ids/" + of.identifier).record;
  }

  ApiWorld home;
  ApiWorld owner{"42R0000000000000", "42", 19};
  crypto::KeyPair home_tls = make_test_key(61);
  crypto::KeyPair owner_tls = make_test_key(62);
  crypto::SealKeyPair site_box = crypto::SealKeyPair::from_seed(crypto::ByteString(32, 5));
  ApiWorld::Site site;
};

}  // namespace intertie::api
