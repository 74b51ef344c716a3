// What passes between a hub and one of the version before.
#include "dialect.h"

#include <gtest/gtest.h>

#include "intertie/codec/cbor.h"

namespace intertie::simulation {
namespace {

std::string encode(const hub::PeerMessage& message) { return codec::to_cbor(message); }

hub::ReserveRequest make_request() {
  hub::ReserveRequest request;
  request.offer = 7;
  request.pool = "520000000000123X";
  request.requirements.cpus = {2'000};
  request.requirements.scratch = {1 << 20};
  request.requirements.data_regions = {{"52"}};
  request.price.per_cpu_hour = core::Money{9};
  return request;
}

TEST(Dialect, LaterFieldsAreLost) {
  hub::ReserveRequest expected = make_request();
  expected.requirements.scratch = {};
  expected.requirements.data_regions.reset();
  EXPECT_EQ(translate_payload(encode(make_request())), encode(expected));
  EXPECT_EQ(translate_payload(encode(hub::Commit{7, 2})), encode(hub::Commit{7, 2}));
}

TEST(Dialect, APaddedHubReadsTwiceTheProcessorsAndAllElseAsItIs) {
  hub::ReserveRequest expected = make_request();
  expected.requirements.cpus = {4'000};
  EXPECT_EQ(pad_payload(encode(make_request())), encode(expected));
  EXPECT_EQ(pad_payload(encode(hub::Commit{7, 2})), encode(hub::Commit{7, 2}));
  EXPECT_EQ(pad_payload("nothing"), "nothing");
}

// Read by today's hub: it is acknowledged and changes nothing.
TEST(Dialect, LaterKindsBecomeUnknown) {
  const std::string moved = encode(hub::OfferMoved{7});
  EXPECT_TRUE(codec::from_cbor<hub::PeerMessage>(moved));
  EXPECT_FALSE(codec::from_cbor<hub::PeerMessage>(translate_payload(moved)));
}

TEST(Dialect, ABeaconTellsOfPoolsAlone) {
  hub::Beacon beacon;
  beacon.number = 3;
  beacon.is_full = true;
  beacon.pools.resize(1);
  beacon.pools[0].pool.identifier = "52P";
  beacon.pools[0].pool.takes_secrets = true;
  beacon.pools[0].pool.scratch = {5};
  beacon.pools[0].free_cpus = {1'000};
  beacon.pools[0].free_scratch = {4};
  beacon.lines = {"a line"};
  beacon.measured.resize(2);
  hub::Beacon expected = beacon;
  expected.pools[0].pool.takes_secrets = false;
  expected.pools[0].pool.scratch = {};
  expected.pools[0].free_scratch = {};
  expected.lines.clear();
  expected.measured.clear();
  EXPECT_EQ(codec::to_cbor(translate_beacon(beacon)), codec::to_cbor(expected));
}

// Hashes of both sides fit what each has seen, also when a crash takes back what was not sent.
TEST(Dialect, HellosFitWhatEachSideHasSeen) {
  engine::Outbox outbox;
  engine::Inbox inbox;
  Dialect dialect;
  const auto push = [&](const hub::PeerMessage& message, std::uint64_t index) {
    outbox.push(encode(message), index, 0);
  };
  push(make_request(), 10);
  push(hub::Commit{7, 1}, 11);
  dialect.learn(outbox, 11);
  inbox.accept(1, dialect.get_payload(1));
  inbox.accept(2, dialect.get_payload(2));
  const std::string sent = crypto::to_text(outbox.last_hash());
  EXPECT_NE(crypto::to_text(inbox.hash), sent);
  EXPECT_EQ(dialect.to_receiver(2, sent), crypto::to_text(inbox.hash));
  EXPECT_EQ(dialect.to_sender(2, crypto::to_text(inbox.hash)), sent);
  EXPECT_EQ(dialect.to_sender(1, crypto::to_text(inbox.hash)), crypto::to_text(inbox.hash));

  const engine::Outbox durable = outbox;
  push(hub::Withdraw{7}, 12);
  dialect.learn(outbox, 11);
  EXPECT_THROW(dialect.get_payload(3), std::out_of_range);
  dialect.learn(outbox, 12);
  outbox = durable;
  outbox.push(encode(hub::Withdraw{8}), 12, 0);
  dialect.learn(outbox, 12);
  inbox.accept(3, dialect.get_payload(3));
  EXPECT_EQ(dialect.to_sender(3, crypto::to_text(inbox.hash)), crypto::to_text(outbox.last_hash()));
}

}  // namespace
}  // namespace intertie::simulation
