// Where in a pool a job gets its cards: no card twice, restarts, snapshots, lost nodes, drained
// sites, and what the explanation and beacons say.
#include "card_places.h"

#include <algorithm>
#include <bit>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "intertie/core/random.h"
#include "intertie/hub/explanation.h"

#include "test_world.h"
#include "two_hubs.h"

namespace intertie::hub {
namespace {

topology::Pool make_card_pool(std::size_t nodes) {
  topology::Pool pool = TestWorld::make_pool(16);
  pool.devices_per_node = {{"gpu", "a", 4, {}}};
  pool.nodes.clear();
  for (std::size_t i = 0; i < nodes; ++i) pool.nodes.push_back({"n" + std::to_string(i), true});
  return pool;
}

JobDocument make_card_job(std::int64_t cards, std::int64_t cores) {
  JobDocument document = TestWorld::make_document(cores);
  if (cards > 0) document.need.devices = DeviceNeed{"gpu", "", static_cast<std::uint32_t>(cards)};
  return document;
}

// Who holds which card; fails if somebody else does.
void check_cards(const State& state) {
  std::map<std::pair<std::uint32_t, std::uint32_t>, std::set<std::uint32_t>> held;
  std::vector<std::vector<placement::TaskAllocation>> live(state.capacities.size());
  for (const auto& [number, reservation] : state.reservations) {
    for (const execution::TaskSlot& slot : reservation.terms.slots) {
      std::uint64_t devices = 0;
      for (const std::uint32_t device : slot.devices) {
        const std::pair node{reservation.terms.pool, slot.node};
        EXPECT_TRUE(held[node].insert(device).second);
        devices |= std::uint64_t{1} << device;
      }
      live[reservation.terms.pool].push_back(
          {slot.node, slot.cpus, slot.memory, devices, slot.scratch});
    }
  }
  for (std::size_t pool = 0; pool < live.size(); ++pool) {
    EXPECT_TRUE(state.capacities[pool].is_consistent_with(live[pool]));
  }
}

using Slots = std::vector<std::pair<std::uint64_t, std::vector<execution::TaskSlot>>>;

Slots list_slots(const State& state) {
  Slots slots;
  for (const auto& [number, reservation] : state.reservations) {
    slots.emplace_back(number, reservation.terms.slots);
  }
  std::ranges::sort(slots, {}, &Slots::value_type::first);
  return slots;
}

// Two hubs get the same commands; one of them is restarted again and again.
class CardWorld {
 public:
  explicit CardWorld(std::size_t nodes) {
    world.create_hub();
    world.must(Deposit{{1, 2}, "ada", core::Money{1'000'000'000'000}});
    site = world.join("alpha", make_card_pool(nodes));
    world.measure(*site);
  }

  const State& state() { return world.machine().state(); }

  void end_one(std::uint64_t which) {
    const Slots slots = list_slots(state());
    if (slots.empty()) return;
    const auto& reservation = *state().find_reservation(slots[which % slots.size()].first);
    const std::uint64_t job = reservation.terms.job;
    const std::uint32_t attempt = reservation.attempt;
    world.say(*site, execution::AttemptStarted{job, attempt, world.now});
    world.say(*site, execution::AttemptEnded{job, attempt, world.now, {}, "", {{0, 0, 0}}, {}});
  }

  TestWorld world;
  std::unique_ptr<TestWorld::TestSite> site;
};

TEST(CardPlaces, ARestartedHubChoosesTheCardsThatTheRunningOneDoes) {
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    core::Random random(seed);
    CardWorld running(5);
    CardWorld restarted(5);
    for (int step = 0; step < 120; ++step) {
      const std::uint64_t what = random.below(10);
      const auto cards = static_cast<std::int64_t>(random.below(5));
      const auto cores = static_cast<std::int64_t>(1 + random.below(6));
      const std::uint64_t which = random.below(100);
      for (CardWorld* one : {&running, &restarted}) {
        if (what < 4) {
          one->end_one(which);
        } else {
          ASSERT_TRUE(one->world.submit(make_card_job(cards, cores)).has_value());
        }
      }
      if (step % 7 == 0) restarted.world.restart();
      ASSERT_EQ(list_slots(running.state()), list_slots(restarted.state())) << seed << " " << step;
    }
    check_cards(running.state());
    EXPECT_GT(running.state().counters.attempts, running.state().reservations.size());
    // A hub that begins with the snapshot of another one.
    HubMachine copy;
    ASSERT_TRUE(copy.decode_state(running.world.machine().encode_state()).has_value());
    CardPlaces fresh;
    CardPlaces other;
    const placement::TaskShape shape{{1'000}, {1 << 20}, {1}};
    EXPECT_EQ(fresh.find_allocation(copy.state(), 0, shape, 1),
              other.find_allocation(running.state(), 0, shape, 1));
  }
}

// Best fit gives the cores of node 0 away, and its last card with them.
TEST(CardPlaces, CoresAreTakenWhereNoCardNeedsThem) {
  CardWorld cards(2);
  ASSERT_TRUE(cards.world.submit(make_card_job(3, 12)).has_value());  // One card, four cores left.
  ASSERT_TRUE(cards.world.submit(make_card_job(2, 2)).has_value());   // Two cards, fourteen.
  ASSERT_TRUE(cards.world.submit(make_card_job(0, 4)).has_value());
  for (int job = 0; job < 3; ++job) {
    ASSERT_TRUE(cards.world.submit(make_card_job(1, 4)).has_value());
  }
  EXPECT_EQ(cards.state().reservations.size(), 6u);
  EXPECT_EQ(cards.state().capacities[0].free().devices[0], 0);
  check_cards(cards.state());
}

TEST(CardPlaces, ALostNodeTakesNothingAndKeepsWhatRunsThere) {
  CardWorld cards(2);
  ASSERT_TRUE(cards.world.submit(make_card_job(1, 1)).has_value());
  topology::Pool pool = make_card_pool(2);
  pool.identifier = "22Palpha";
  pool.nodes[0].is_up = false;
  cards.world.must(OfferPools{cards.site->handle, {pool}});
  for (int job = 0; job < 2; ++job) {
    ASSERT_TRUE(cards.world.submit(make_card_job(3, 1)).has_value());
  }
  Slots slots = list_slots(cards.state());
  ASSERT_EQ(slots.size(), 2u);  // The second waits.
  EXPECT_EQ(slots[0].second[0].node, 0u);
  EXPECT_EQ(slots[1].second[0].node, 1u);
  check_cards(cards.state());
  pool.nodes[0].is_up = true;
  cards.world.must(OfferPools{cards.site->handle, {pool}});
  slots = list_slots(cards.state());
  ASSERT_EQ(slots.size(), 3u);
  EXPECT_EQ(slots[2].second[0].node, 0u);
  EXPECT_EQ(slots[2].second[0].devices, (std::vector<std::uint32_t>{1, 2, 3}));
  check_cards(cards.state());
}

TEST(CardPlaces, ADrainedSiteTakesNothing) {
  CardWorld cards(1);
  cards.world.must(SetSiteDrained{cards.site->handle, true});
  ASSERT_TRUE(cards.world.submit(make_card_job(1, 1)).has_value());
  EXPECT_TRUE(cards.state().reservations.empty());
  cards.world.must(SetSiteDrained{cards.site->handle, false});
  EXPECT_EQ(cards.state().reservations.size(), 1u);
}

TEST(CardPlaces, AGangIsPlacedWholeOrNotAtAll) {
  CardWorld cards(3);
  ASSERT_TRUE(cards.world.submit(make_card_job(1, 1)).has_value());
  JobDocument gang = make_card_job(4, 2);
  gang.tasks = 3;
  ASSERT_TRUE(cards.world.submit(gang).has_value());
  EXPECT_EQ(cards.state().reservations.size(), 1u);
  gang.tasks = 2;
  ASSERT_TRUE(cards.world.submit(gang).has_value());
  EXPECT_EQ(cards.state().reservations.size(), 2u);
  check_cards(cards.state());
}

TEST(CardPlaces, TheRecordSaysWhatTheEngineSaw) {
  CardWorld cards(3);
  ASSERT_TRUE(cards.world.submit(make_card_job(3, 1)).has_value());
  ASSERT_TRUE(cards.world.submit(make_card_job(2, 1)).has_value());
  const auto reader = cards.world.store().open_reader().value();
  const auto body = reader->read_body(cards.world.durable());  // Of AttemptChosen, the last record.
  const auto read = codec::from_json<Explanation>(body->bytes, codec::Boundary::tolerant);
  ASSERT_TRUE(read.has_value() && read->cards.has_value());
  EXPECT_EQ(read->cards->evaluated, 3);
  EXPECT_EQ(read->cards->fitting, 2);
  EXPECT_EQ(read->cards->infeasible,
            (std::vector<placement::MisfitCount>{{placement::NodeMisfit::cards, 1}}));
  ASSERT_EQ(read->cards->best.size(), 2u);
  EXPECT_EQ(read->cards->best[0].node, list_slots(cards.state())[1].second[0].node);
}

TEST(CardPlaces, APoolWithoutCardsAsksNoEngine) {
  TestWorld world;
  world.create_hub();
  auto site = world.join("alpha", TestWorld::make_pool(2));
  world.measure(*site);
  ASSERT_TRUE(world.submit(TestWorld::make_document()).has_value());
  CardPlaces places;
  EXPECT_EQ(places.explain(world.machine().state(), 0, {{1'000}, {1}, {}}, 1), std::nullopt);
}

TEST(CardPlaces, BeaconsCarryTheSummaryAndOlderOnesAreTaken) {
  TwoHubs grid;
  topology::Pool pool = make_card_pool(2);
  pool.region = "42";
  auto site = grid.owner.join("gamma", pool);
  grid.owner.measure(*site);
  Beacon beacon = std::get<Beacon>(grid.owner.must(MakeBeacon{0, true, true}));
  const auto find = [&]() -> std::optional<placement::CardSummary> {
    for (const AnnouncedPool& announced : grid.home.machine().list_announced_pools()) {
      if (!announced.terms->devices_per_node.empty()) return announced.cards;
    }
    ADD_FAILURE() << "the pool was not announced";
    return std::nullopt;
  };
  grid.home.must(AcceptBeacon{0, beacon});
  ASSERT_TRUE(find().has_value());
  EXPECT_EQ(find()->free, 8);
  EXPECT_EQ(find()->whole_nodes, 2);
  for (BeaconPool& row : beacon.pools) row.cards.reset();
  ++beacon.number;
  grid.home.must(AcceptBeacon{0, beacon});
  EXPECT_EQ(find(), std::nullopt);
}

}  // namespace
}  // namespace intertie::hub
