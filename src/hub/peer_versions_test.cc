// Hubs of neighbouring versions understand each other: messages as version 0.2 wrote them, and as a
// later version may.
#include <string>
#include <variant>

#include <gtest/gtest.h>

#include "intertie/codec/cbor.h"
#include "intertie/crypto/bytes.h"
#include "intertie/hub/peer_messages.h"

#include "test_world.h"

namespace intertie::hub {
namespace {

std::string from_hex(const std::string& hex) {
  return std::string(crypto::as_text(crypto::decode_hex(hex).value()));
}

template <class T>
T read(const std::string& hex) {
  const auto message = codec::from_cbor<PeerMessage>(from_hex(hex));
  if (!message || !std::holds_alternative<T>(*message)) {
    ADD_FAILURE() << hex << " cannot be read";
    return {};
  }
  return std::get<T>(*message);
}

TEST(PeerVersions, AnOlderRequestIsRead) {
  const auto request = read<ReserveRequest>(
      "8200a8000701703532303030303030303030303132335802a500020102021905dc031a001000000981623532031a"
      "11e1a300040105a1001a00030d40061a100000000763616461");
  EXPECT_EQ(request.offer, 7u);
  EXPECT_EQ(request.pool, "520000000000123X");
  EXPECT_EQ(request.requirements.compute_class, core::ComputeClass::super);
  EXPECT_EQ(request.requirements.tasks, 2);
  EXPECT_EQ(request.requirements.cpus.count, 1'500);
  EXPECT_EQ(request.requirements.memory.count, 1 << 20);
  EXPECT_EQ(request.requirements.regions, std::vector<std::string>{"52"});
  EXPECT_EQ(request.time_limit, core::minutes(5));
  EXPECT_EQ(request.on_loss, OnLoss::restart);
  EXPECT_EQ(request.price.per_cpu_hour.count, 200'000);
  EXPECT_EQ(request.input.count, 268'435'456);
  EXPECT_EQ(request.user, "ada");
}

TEST(PeerVersions, OlderAnswersAreRead) {
  const auto granted = read<ReserveGranted>("8201a20007011b0006651728988000");
  EXPECT_EQ(granted.expires.micros, 1'800'000'000'000'000);
  const auto refused = read<ReserveRefused>("8202a2000702676e6f20726f6f6d");
  EXPECT_EQ(refused.reason, core::Reason::busy);
  EXPECT_EQ(refused.detail, "no room");
  EXPECT_EQ(read<Commit>("8203a200070103").attempt, 3u);
  const auto withdraw = read<Withdraw>("8204a20007016f6875625f756e726561636861626c65");
  EXPECT_EQ(withdraw.reason, core::Reason::hub_unreachable);
  EXPECT_EQ(read<OfferBegan>("8205a20007011b0006651728a7c240").at.micros, 1'800'000'001'000'000);
  const auto charged =
      read<OfferCharged>("8206a600070102021b0006651728a7c240031b0006651728b7048004f5051837");
  EXPECT_EQ(charged.record, 2u);
  EXPECT_EQ(charged.to - charged.from, core::seconds(1));
  EXPECT_TRUE(charged.is_last);
  EXPECT_EQ(charged.charge.count, 55);
  const auto over =
      read<OfferOver>("8207a500070169736974655f6c6f7374021889031b0006651728c646c004f5");
  EXPECT_EQ(over.failure, core::Reason::site_lost);
  EXPECT_EQ(over.exit_code, 137);
  EXPECT_TRUE(over.is_site_fault);
  const auto disputed = read<ChargeDisputed>("8208a40007010202183703657477696365");
  EXPECT_EQ(disputed.detail, "twice");
}

TEST(PeerVersions, FieldsOfALaterVersionAreSkipped) {
  const auto commit = read<Commit>("8203a30007010318636174");  // Field 99: a text.
  EXPECT_EQ(commit.offer, 7u);
  EXPECT_EQ(commit.attempt, 3u);
}

TEST(PeerVersions, AMessageOfALaterVersionIsAcknowledgedAndBlocksNothing) {
  TestWorld home;
  home.create_hub(10, "22");
  AddPeer add;
  add.peer.id = "520000000000001X";
  add.peer.region = "52";
  home.must(std::move(add));
  engine::ChannelHello hello;
  hello.incarnation = "later";
  hello.sent_hash = crypto::to_text(crypto::Digest{});
  hello.received_hash = hello.sent_hash;
  home.must(OpenPeerChannel{0, hello});
  AcceptPeerRows rows;
  rows.incarnation = "later";
  rows.first = 1;
  rows.payloads = {from_hex("821863a10007"), from_hex("8202a2000702676e6f20726f6f6d")};
  rows.attachments = {"", ""};
  EXPECT_EQ(std::get<RowsAccepted>(home.must(std::move(rows))).received, 2u);
}

}  // namespace
}  // namespace intertie::hub
