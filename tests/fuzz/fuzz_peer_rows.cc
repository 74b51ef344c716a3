// What another hub sends: rows of its channel and beacons, to a hub that has jobs for it and cards
// that it may ask for. Whatever comes, a row is taken or refused, and the hub lives.
//
// Input: the row's attachment, newline, the row (CBOR); or "beacon", newline, a beacon (CBOR).
#include <memory>

#include "intertie/codec/json.h"
#include "intertie/ledger/totals.h"

#include "fuzz_target.h"
#include "test_world.h"

namespace intertie::fuzz {
namespace {

constexpr int kInputsPerWorld = 200;

hub::JobDocument make_large_job() {
  hub::JobDocument document = hub::TestWorld::make_document();
  document.need.cpus = core::MilliCpus{8'000};
  return document;
}

// The other hub, which only makes the beacon.
hub::Beacon make_beacon() {
  hub::TestWorld other;
  other.create_hub(10, "52");
  hub::AddPeer add;
  add.peer.id = "22R00000000001XX";
  add.peer.region = "22";
  add.credit_max = core::Money{1'000'000'000};
  other.must(std::move(add));
  const auto site = other.join("beta", hub::TestWorld::make_pool(16));
  other.measure(*site);
  other.beat(*site);
  return std::get<hub::Beacon>(other.must(hub::MakeBeacon{0, true}));
}

struct Scene {
  hub::TestWorld world;
  std::unique_ptr<hub::TestWorld::TestSite> site;

  Scene() {
    world.create_hub(10, "22");
    site = world.join("alpha", hub::TestWorld::make_pool(4));
    world.measure(*site);
    world.beat(*site);
    hub::AddPeer add;
    add.peer.id = "52R00000000001XX";
    add.peer.region = "52";
    add.credit_max = core::Money{1'000'000'000};
    world.must(std::move(add));
    engine::ChannelHello hello;
    hello.incarnation = "other";
    hello.sent_hash = crypto::to_text(crypto::Digest{});
    hello.received_hash = hello.sent_hash;
    world.must(hub::OpenPeerChannel{0, hello});
    world.must(hub::AcceptBeacon{0, make_beacon()});
    (void)world.submit(make_large_job());
    check(get_peer().outbox.last_number() > 0, "the scene has a job offered to the peer");
  }

  const hub::PeerState& get_peer() { return world.machine().state().peers[0]; }
};

}  // namespace

void take_input(std::string_view input) {
  static std::unique_ptr<Scene> scene;
  static int left = 0;
  if (left-- == 0) {
    scene = std::make_unique<Scene>();
    left = kInputsPerWorld;
  }
  const std::string attachment(take_line(input));
  if (attachment == "beacon") {
    if (const auto beacon = codec::from_cbor<hub::Beacon>(input)) {
      (void)scene->world.ask(hub::AcceptBeacon{0, *beacon});
    }
  } else {
    hub::AcceptPeerRows rows;
    rows.incarnation = "other";
    rows.first = scene->get_peer().inbox.received + 1;
    rows.payloads = {std::string(input)};
    rows.attachments = {attachment};
    const std::uint64_t number = rows.first;
    const auto reply = scene->world.ask(std::move(rows));
    check(reply.has_value(), "a row that cannot be used is acknowledged");
    check(std::get<hub::RowsAccepted>(*reply).received == number, "no row blocks the channel");
  }
  const auto totals =
      ledger::compute_totals(ledger::dump_ledger(scene->world.machine().state().ledger));
  check(totals.sum.count == 0 && totals.problems.empty(), "the ledger is sound");
}

std::vector<std::string> make_seeds() {
  Scene scene;
  const core::Time now = scene.world.now;
  const auto& jobs = scene.world.machine().state();
  check(jobs.peers.size() == 1, "the scene has one peer");
  hub::ReserveRequest ask;
  ask.offer = 3;
  ask.pool = "22Palpha";
  ask.requirements = placement::Requirements{};
  ask.time_limit = core::minutes(5);
  ask.price = hub::TestWorld::make_pool(4).price;
  ask.user = "carol";
  const std::vector<hub::PeerMessage> messages = {
      ask,
      hub::ReserveGranted{1, now + core::minutes(1)},
      hub::ReserveRefused{1, core::Reason::busy, "no room"},
      hub::Commit{3, 1},
      hub::Withdraw{3, core::Reason::cancelled_by_user},
      hub::OfferBegan{1, now},
      hub::OfferCharged{1, 1, now, now + core::seconds(1), true, core::Money{1'000}},
      hub::OfferOver{1, {}, 0, now, false},
      hub::ChargeDisputed{3, 1, core::Money{1'000}, "x"}};
  std::vector<std::string> seeds;
  const std::string document = codec::to_json(hub::TestWorld::make_document());
  for (const auto& message : messages) {
    seeds.push_back("\n" + codec::to_cbor(message));
    seeds.push_back(document + "\n" + codec::to_cbor(message));
  }
  seeds.push_back("beacon\n" + codec::to_cbor(make_beacon()));
  return seeds;
}

}  // namespace intertie::fuzz
