// Two sides of a clearing account, compared.
#include "clearing.h"

#include <gtest/gtest.h>

#include "fake_backend.h"

namespace intertie::api {
namespace {

ClearingView make_side(std::int64_t balance, std::uint64_t received, std::uint64_t sent) {
  ClearingView view;
  view.balance_micros = core::Money{balance};
  view.rows_received = received;
  view.rows_sent = sent;
  return view;
}

MirrorState compare(const ClearingView& ours, const ClearingView& theirs,
                    PeerClearingView* result = nullptr) {
  PeerClearingView view;
  compare_clearing(view, ours, theirs);
  if (result != nullptr) *result = view;
  return view.state;
}

TEST(Clearing, MirrorsWhenBothHaveAllRowsAndTheSumIsZero) {
  EXPECT_EQ(compare(make_side(0, 0, 0), make_side(0, 0, 0)), MirrorState::mirrors);
  EXPECT_EQ(compare(make_side(700, 3, 5), make_side(-700, 5, 3)), MirrorState::mirrors);
  EXPECT_EQ(compare(make_side(700, 3, 5), make_side(-699, 5, 3)), MirrorState::differs);
  EXPECT_EQ(compare(make_side(700, 3, 5), make_side(700, 5, 3)), MirrorState::differs);
}

TEST(Clearing, RowsUnderWayAreNoDifference) {
  PeerClearingView view;
  EXPECT_EQ(compare(make_side(-700, 3, 5), make_side(0, 4, 3), &view), MirrorState::catching_up);
  EXPECT_EQ(view.rows_to_send, 1u);
  EXPECT_EQ(view.rows_to_come, 0u);
  EXPECT_EQ(compare(make_side(0, 3, 5), make_side(-700, 5, 9), &view), MirrorState::catching_up);
  EXPECT_EQ(view.rows_to_come, 6u);
  EXPECT_EQ(view.difference_micros->count, -700);
  // Even if the sum is zero by chance: it may not be, once they are in.
  EXPECT_EQ(compare(make_side(700, 3, 5), make_side(-700, 4, 3)), MirrorState::catching_up);
}

TEST(Clearing, WhatIsDisputedExplainsADifferenceOfJustThat) {
  // We have charged 900, of which they have posted 700 and dispute 200.
  ClearingView ours = make_side(-900, 3, 5);
  ours.contested_micros = core::Money{200};
  ClearingView theirs = make_side(700, 5, 3);
  theirs.disputed_micros = core::Money{200};
  EXPECT_EQ(compare(ours, theirs), MirrorState::disputed);
  EXPECT_EQ(compare(theirs, ours), MirrorState::disputed);
  ours.balance_micros = core::Money{-901};
  EXPECT_EQ(compare(ours, theirs), MirrorState::differs);
  ours.balance_micros = core::Money{-900};
  ours.contested_micros = core::Money{100};
  EXPECT_EQ(compare(ours, theirs), MirrorState::differs);
}

TEST(Clearing, RowsThatNobodySentMeanARestoredBackup) {
  PeerClearingView view;
  EXPECT_EQ(compare(make_side(0, 3, 4), make_side(0, 5, 3), &view), MirrorState::differs);
  EXPECT_FALSE(view.detail.empty());
  EXPECT_EQ(compare(make_side(0, 4, 5), make_side(0, 5, 3)), MirrorState::differs);
}

class ClearingWorld : public ApiWorld {
 public:
  void add_peer(const std::string& id, const std::string& region, std::uint8_t seed) {
    hub::AddPeer add;
    const std::string key = crypto::to_text(make_test_key(seed).public_key());
    add.peer = {id, region, "hub " + region, "127.0.0.1:1", key, key, 0};
    must(std::move(add));
  }
};

TEST(Clearing, AsksAllPeersAndSaysWhichCannotBeReached) {
  ClearingWorld world;
  EXPECT_TRUE(world.get<PeerClearingList>("root", "/v1/peers/clearing").is_mirrored);
  world.add_peer("42R0000000000000", "42", 31);
  world.add_peer("52R0000000000000", "52", 32);
  world.backend.answer_peer = [](std::uint32_t peer,
                                 const PeerQuestion& question) -> core::Result<std::string> {
    EXPECT_EQ(question.target, "/peer/v1/clearing");
    if (peer == 1) return core::Error{core::Reason::timed_out, "10 s"};
    return codec::to_json(make_side(0, 0, 0));
  };
  const auto list = world.get<PeerClearingList>("root", "/v1/peers/clearing");
  EXPECT_FALSE(list.is_mirrored);
  ASSERT_EQ(list.peers.size(), 2u);
  EXPECT_EQ(list.peers[0].state, MirrorState::mirrors);
  EXPECT_EQ(list.peers[1].state, MirrorState::unreachable);
  EXPECT_NE(list.peers[1].detail.find("10 s"), std::string::npos);
  EXPECT_EQ(world.call("ada", "GET", "/v1/peers/clearing").status, 403);
}

TEST(Peers, AreReconciledWithWhatTheySaidLast) {
  ClearingWorld world;
  world.add_peer("42R0000000000000", "42", 31);
  const auto open = [&](std::uint64_t received) {
    const std::string zero = crypto::to_text(crypto::Digest{});
    ApiWorld::Site peer;
    peer.certificate_der = ApiWorld::make_certificate(make_test_key(31));
    return world.send_site(peer, "POST", "/peer/v1/open",
                           codec::to_json(engine::ChannelHello{"inc42", 0, zero, received, zero}));
  };
  EXPECT_FALSE(world.get<PeerList>("root", "/v1/peers").peers[0].channel.has_value());
  // It has seen seven rows of a hub that remembers none.
  EXPECT_EQ(ApiWorld::read_code(open(7)), "channel_diverged");
  // So that it hears what this hub remembers, and can reconcile, too.
  EXPECT_EQ(world.backend.greeted, std::vector<std::uint32_t>{0});
  const auto view = world.get<PeerList>("root", "/v1/peers").peers[0];
  ASSERT_TRUE(view.channel.has_value());
  EXPECT_EQ(view.channel->hello.received, 7u);
  EXPECT_NE(view.channel->refusal.find("channel_diverged"), std::string::npos);
  const std::string target = "/v1/peers/42R0000000000000:reconcile";
  const std::string body = codec::to_json(view.channel->hello);
  EXPECT_EQ(world.call("ada", "POST", target, body).status, 403);
  EXPECT_EQ(world.call("root", "POST", target, body).status, 200);
  EXPECT_EQ(open(7).status, 200);
  EXPECT_EQ(world.backend.greeted.size(), 1u);
  EXPECT_TRUE(world.get<PeerList>("root", "/v1/peers").peers[0].channel->refusal.empty());
}

TEST(Peers, AreRenamedAndMovedByOperatorsAlone) {
  ClearingWorld world;
  world.add_peer("42R0000000000000", "42", 31);
  const std::string target = "/v1/peers/42R0000000000000:change";
  EXPECT_EQ(world.call("ada", "POST", target, R"({"name":"x"})").status, 403);
  const auto moved = ApiWorld::read<PeerView>(
      world.call("root", "POST", target, R"({"address":"hub.example:7301"})"));
  EXPECT_EQ(moved.address, "hub.example:7301");
  EXPECT_EQ(moved.name, "hub 42");
  for (const char* address : {"", "hub.example", ":1", "a:0", "a:65536", "a/b:1", "a b:1"}) {
    const Response refused =
        world.call("root", "POST", target, R"({"address":")" + std::string(address) + R"("})");
    EXPECT_EQ(ApiWorld::read_code(refused), "bad_field") << address;
  }
  EXPECT_EQ(world.call("root", "POST", "/v1/peers/52R0:change", "{}").status, 404);
  EXPECT_EQ(world.get<PeerList>("root", "/v1/peers").peers[0].address, "hub.example:7301");
}

}  // namespace
}  // namespace intertie::api
