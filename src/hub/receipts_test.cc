// Receipts of inputs: recorded by the site's hub and by the home, if the site has signed them.
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "intertie/codec/cbor.h"
#include "intertie/hub/peer_messages.h"
#include "intertie/transfer/manifest.h"
#include "intertie/transfer/receipt.h"

#include "state_codec.h"
#include "test_world.h"
#include "two_hubs.h"

namespace intertie::hub {
namespace {

std::vector<InputMoved> list_moved(TestWorld& at) {
  std::vector<InputMoved> found;
  const auto visit = [&](const storage::HeadView& head) {
    const auto event = HubMachine::decode(head.kind, head.version, head.head).value();
    if (const auto* moved = std::get_if<InputMoved>(&event)) found.push_back(*moved);
    return true;
  };
  EXPECT_TRUE(at.store().open_reader().value()->read_heads(1, 100'000, visit).has_value());
  return found;
}

transfer::Receipt make_receipt(const execution::StartAttempt& start, const std::string& site) {
  transfer::Receipt receipt;
  receipt.dataset = "data:" + std::string(64, 'a');
  receipt.size = {1'000};
  receipt.received = {1'200};
  receipt.direct = {700};
  receipt.cuts = 2;
  receipt.source = "22R00000000001XX";
  receipt.destination = site;
  receipt.started = {5'000'000};
  receipt.ended = {6'000'000};
  receipt.job = start.job;
  receipt.attempt = start.attempt;
  receipt.fallback = core::Reason::timed_out;
  return receipt;
}

execution::InputArrived make_arrived(const transfer::Receipt& receipt, const crypto::KeyPair& key) {
  return {receipt.job, receipt.attempt, transfer::sign_receipt(receipt, key)};
}

TEST(Receipts, OfAGuestAreRecordedHereAndAtHome) {
  TwoHubs grid;
  grid.announce();
  const auto job = grid.home.submit(TestWorld::make_document());
  ASSERT_TRUE(job.has_value());
  grid.exchange();
  const auto start = grid.read_start();
  const auto receipt = make_receipt(start, grid.site->identifier);
  grid.owner.say(*grid.site, make_arrived(receipt, grid.site->key));
  grid.exchange();
  const auto here = list_moved(grid.owner);
  ASSERT_EQ(here.size(), 1u);
  EXPECT_EQ(here[0].job, start.job);
  EXPECT_EQ(here[0].offer, 0u);
  const auto there = list_moved(grid.home);
  ASSERT_EQ(there.size(), 1u);
  EXPECT_EQ(there[0].job, job->job);
  EXPECT_NE(there[0].offer, 0u);
  for (const InputMoved& moved : {here[0], there[0]}) {
    EXPECT_EQ(moved.attempt, 1u);
    EXPECT_EQ(transfer::format_dataset(moved.dataset), receipt.dataset);
    EXPECT_EQ(moved.size, receipt.size);
    EXPECT_EQ(moved.received, receipt.received);
    EXPECT_EQ(moved.direct, receipt.direct);
    EXPECT_EQ(moved.cuts, 2u);
    EXPECT_EQ(moved.source, receipt.source);
    EXPECT_EQ(moved.ended - moved.started, core::seconds(1));
    EXPECT_EQ(moved.fallback, core::Reason::timed_out);
  }
  // The job goes on as ever; what comes after its start is no news.
  grid.owner.run(*grid.site, start, core::seconds(10));
  grid.home.advance(core::seconds(10));
  grid.exchange();
  EXPECT_EQ(grid.home.machine().state().counters.succeeded, 1u);
  grid.expect_sound();
}

// The site's bytes came over the line, and nobody else saw them.
TEST(Receipts, OfAStraightPullMeasureTheLine) {
  TwoHubs grid;
  grid.announce();
  ASSERT_TRUE(grid.home.submit(TestWorld::make_document()).has_value());
  grid.exchange();
  const auto start = grid.read_start();
  transfer::Receipt receipt = make_receipt(start, grid.site->identifier);
  receipt.size = receipt.received = receipt.direct = {2 << 20};
  receipt.ended = receipt.started + core::milliseconds(500);
  const auto measure = [&](const auto& change) {
    transfer::Receipt changed = receipt;
    change(changed);
    grid.owner.say(*grid.site, make_arrived(changed, grid.site->key));
    std::int64_t sum = 0;
    for (const auto& [ends, row] : grid.owner.machine().lines().rows()) {
      EXPECT_EQ(ends, (topology::RegionLines::Ends{"22", "42"}));
      sum += row.measured.bits_per_second;
    }
    return sum;
  };
  EXPECT_EQ(measure([](transfer::Receipt& r) { r.direct = {1 << 20}; }), 0);
  EXPECT_EQ(measure([](transfer::Receipt& r) { r.received = r.direct = {(1 << 20) - 1}; }), 0);
  EXPECT_EQ(measure([](transfer::Receipt& r) { r.ended = r.started; }), 0);
  EXPECT_EQ(measure([](transfer::Receipt& r) { r.source = "42S00000000001XX"; }), 0);
  EXPECT_EQ(measure([](transfer::Receipt& r) { r.source = "63S00000000001XX"; }), 0);
  EXPECT_EQ(measure([](transfer::Receipt& r) { r.source = ""; }), 0);
  EXPECT_EQ(measure([](transfer::Receipt&) {}), (4 << 20) * 8);
  EXPECT_EQ(grid.owner.machine().lines().find({"22", "42"})->measured.rate_at, grid.owner.now);
  // Home hears of it with the next beacon.
  const auto beacon = std::get<Beacon>(grid.owner.must(MakeBeacon{0, false, false}));
  ASSERT_EQ(beacon.measured.size(), 1u);
  EXPECT_EQ(beacon.measured[0].bits_per_second, (4 << 20) * 8);
}

TEST(Receipts, ThatTheSiteHasNotSignedOrAreOfSomethingElseChangeNothing) {
  TwoHubs grid;
  grid.announce();
  ASSERT_TRUE(grid.home.submit(TestWorld::make_document()).has_value());
  grid.exchange();
  const auto start = grid.read_start();
  const auto receipt = make_receipt(start, grid.site->identifier);
  const auto say = [&](const execution::InputArrived& message) {
    grid.owner.say(*grid.site, message);
  };
  // Another's key, a flipped signature, another payload under the same signature.
  const auto other = crypto::KeyPair::from_seed(std::vector<std::uint8_t>(32, 7));
  say(make_arrived(receipt, other));
  auto flipped = make_arrived(receipt, grid.site->key);
  const std::size_t at = flipped.envelope.rfind("signature");
  ASSERT_NE(at, std::string::npos);
  flipped.envelope[at + 20] = flipped.envelope[at + 20] == 'A' ? 'B' : 'A';
  say(flipped);
  // Signed, and about another job, attempt or site, or impossible.
  for (const auto change :
       {+[](transfer::Receipt& r) { r.job += 1; }, +[](transfer::Receipt& r) { r.attempt += 1; },
        +[](transfer::Receipt& r) { r.destination = "42Sother"; },
        +[](transfer::Receipt& r) { r.ended = {0}; }}) {
    transfer::Receipt changed = receipt;
    change(changed);
    auto message = make_arrived(changed, grid.site->key);
    message.job = start.job;
    message.attempt = start.attempt;
    say(message);
  }
  // Of an attempt that is none.
  auto stale = make_arrived(receipt, grid.site->key);
  stale.attempt += 1;
  say(stale);
  grid.exchange();
  EXPECT_TRUE(list_moved(grid.owner).empty());
  EXPECT_TRUE(list_moved(grid.home).empty());
  // Too late: the command runs.
  say(make_arrived(receipt, grid.site->key));
  grid.owner.say(*grid.site, execution::AttemptStarted{start.job, start.attempt, grid.owner.now});
  say(make_arrived(receipt, grid.site->key));
  grid.exchange();
  EXPECT_EQ(list_moved(grid.owner).size(), 1u);
  EXPECT_EQ(list_moved(grid.home).size(), 1u);
}

// The owner's word alone is not enough at home.
TEST(Receipts, AForgedOneOfAPeerIsRefusedAtHome) {
  TwoHubs grid;
  grid.announce();
  ASSERT_TRUE(grid.home.submit(TestWorld::make_document()).has_value());
  grid.exchange();
  const auto start = grid.read_start();
  const auto receipt = make_receipt(start, grid.site->identifier);
  const auto other = crypto::KeyPair::from_seed(std::vector<std::uint8_t>(32, 7));
  const std::uint64_t offer = grid.home.machine().state().offers.begin()->first;
  const PeerState& peer = grid.home.machine().state().peers[0];
  AcceptPeerRows rows;
  rows.incarnation = peer.incarnation;
  rows.first = peer.inbox.received + 1;
  rows.payloads = {codec::to_cbor(PeerMessage{OfferMoved{offer}}),
                   codec::to_cbor(PeerMessage{OfferMoved{offer}}),
                   codec::to_cbor(PeerMessage{OfferMoved{offer + 1}})};
  rows.attachments = {transfer::sign_receipt(receipt, other), "no envelope",
                      transfer::sign_receipt(receipt, grid.site->key)};
  const auto answer = std::get<RowsAccepted>(grid.home.must(std::move(rows)));
  EXPECT_EQ(answer.received, grid.home.machine().state().peers[0].inbox.received);
  EXPECT_TRUE(list_moved(grid.home).empty());
}

// Where the copies are is remembered by the hub's log, so a restart changes nothing.
TEST(Copies, AreKnownAfterARestartUntilTheSiteIsLost) {
  TwoHubs grid;
  grid.announce();
  ASSERT_TRUE(grid.home.submit(TestWorld::make_document()).has_value());
  grid.exchange();
  const auto start = grid.read_start();
  const auto receipt = make_receipt(start, grid.site->identifier);
  grid.owner.say(*grid.site, make_arrived(receipt, grid.site->key));
  const DataCopies::Key key{transfer::parse_dataset(receipt.dataset).value(),
                            "22R00000000001XX:ada"};
  const auto count = [&](const State& state) {
    const auto* sites = state.copies.find(key);
    return sites == nullptr ? 0u : sites->size();
  };
  EXPECT_EQ(count(grid.owner.machine().state()), 1u);
  EXPECT_EQ(grid.home.machine().state().copies.list().size(), 0u);
  State copy;
  ASSERT_TRUE(decode_hub_state(grid.owner.machine().encode_state(), copy).has_value());
  EXPECT_EQ(count(copy), 1u);
  grid.owner.restart();
  EXPECT_EQ(count(grid.owner.machine().state()), 1u);
  for (int second = 0; second < 30; ++second) grid.owner.advance(core::seconds(1));
  ASSERT_EQ(grid.owner.machine().state().sites[0].status, topology::PoolStatus::lost);
  EXPECT_EQ(count(grid.owner.machine().state()), 0u);
}

TEST(Copies, TheOldestAreForgottenFirst) {
  DataCopies copies(2);
  const auto key = [](std::uint8_t number) {
    DataCopies::Key made{{}, "ada"};
    made.first.bytes[0] = number;
    return made;
  };
  copies.add(key(3), 7);
  copies.add(key(1), 7);
  copies.add(key(3), 8);
  copies.add(key(2), 9);
  EXPECT_EQ(copies.find(key(3)), nullptr);
  ASSERT_NE(copies.find(key(1)), nullptr);
  ASSERT_EQ(copies.list().size(), 2u);
  EXPECT_EQ(copies.list()[0].dataset, key(1).first);
  copies.add(key(1), 9);
  copies.drop_site(9);
  EXPECT_EQ(copies.find(key(2)), nullptr);
  EXPECT_EQ(*copies.find(key(1)), (std::set<std::uint32_t>{7}));
}

}  // namespace
}  // namespace intertie::hub
