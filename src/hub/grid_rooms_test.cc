// What a beacon says of room and waiting, and what the reader asks for then.
#include <memory>
#include <optional>
#include <string>

#include <gtest/gtest.h>

#include "two_hubs.h"

namespace intertie::hub {
namespace {

constexpr core::Duration kLimit = core::minutes(10);

// The owner's beta has one node of two cores; gamma two nodes of four.
class RoomsTest : public testing::Test {
 protected:
  RoomsTest() {
    topology::Pool pool = TestWorld::make_pool(4);
    pool.region = "42";
    pool.nodes = {{"n0", true}, {"n1", true}};
    gamma = grid.owner.join("gamma", pool);
    grid.owner.measure(*gamma);
    grid.announce();
  }

  // Whether home has asked for it.
  bool is_asked(std::int64_t cpus) {
    const std::uint64_t next = state().next_offer;
    last = grid.home.submit(TestWorld::make_document(cpus)).value().job;
    return state().next_offer != next;
  }
  std::uint64_t count_asked() const { return state().next_offer; }
  const State& state() const { return grid.home.machine().state(); }

  Beacon make_beacon() { return std::get<Beacon>(grid.owner.must(MakeBeacon{0, false, true})); }
  void tell(Beacon beacon) { grid.home.must(AcceptBeacon{0, std::move(beacon)}); }
  static void forget_rooms(Beacon& beacon) {
    for (BeaconPool& pool : beacon.pools) {
      pool.free_nodes.reset();
      pool.queue.reset();
    }
  }

  mutable TwoHubs grid;
  std::unique_ptr<TestWorld::TestSite> gamma;
  std::uint64_t last = 0;
};

TEST_F(RoomsTest, CoresThatLieScatteredAreNoRoomForATask) {
  ASSERT_TRUE(is_asked(3));
  ASSERT_TRUE(is_asked(3));  // One and one are left, and two at beta.
  ASSERT_TRUE(is_asked(2));
  EXPECT_FALSE(is_asked(2));
  grid.exchange();
  const Beacon beacon = make_beacon();
  std::size_t told = 0;
  for (const BeaconPool& pool : beacon.pools) {
    if (pool.nodes == 1) {
      EXPECT_FALSE(pool.free_nodes.has_value());
      continue;
    }
    ASSERT_TRUE(pool.free_nodes.has_value());
    ASSERT_EQ(pool.free_nodes->size(), 1u);
    EXPECT_EQ(pool.free_nodes->front().nodes, 2u);
    EXPECT_EQ(pool.free_nodes->front().cpus, core::MilliCpus{1'000});
    ++told;
  }
  EXPECT_EQ(told, 1u);
  const std::uint64_t asked = count_asked();
  tell(beacon);
  EXPECT_EQ(count_asked(), asked);
  EXPECT_EQ(grid.home.machine().state().find_job(last)->phase, JobPhase::waiting);
  EXPECT_TRUE(is_asked(1));
}

// What is not about room is no better with news of less room, or of as much.
TEST_F(RoomsTest, ARefusalStandsUntilThereIsMoreRoom) {
  const std::string account = "peer 22R00000000001XX";
  grid.owner.must(SetCreditLimit{account, core::Money{100}});
  ASSERT_TRUE(grid.owner.submit(TestWorld::make_document(3)).has_value());
  tell(make_beacon());
  ASSERT_TRUE(is_asked(4));
  grid.exchange();
  ASSERT_EQ(state().find_job(last)->phase, JobPhase::waiting);
  grid.owner.must(SetCreditLimit{account, core::Money{1'000'000'000}});
  const std::uint64_t asked = count_asked();
  for (const bool is_full : {false, true}) {
    ASSERT_TRUE(grid.owner.submit(TestWorld::make_document(1)).has_value());
    const auto beacon = std::get<Beacon>(grid.owner.must(MakeBeacon{0, is_full, true}));
    ASSERT_FALSE(beacon.pools.empty());
    tell(beacon);
    EXPECT_EQ(count_asked(), asked);
  }
  std::optional<execution::StartAttempt> start;
  for (const auto& message : grid.owner.read_rows(*gamma)) {
    const auto* one = std::get_if<execution::StartAttempt>(&message);
    if (one != nullptr && one->slots.front().cpus == core::MilliCpus{3'000}) start = *one;
  }
  ASSERT_TRUE(start.has_value());
  grid.owner.run(*gamma, *start, core::seconds(1));
  grid.home.advance(core::seconds(1));
  tell(make_beacon());
  EXPECT_EQ(count_asked(), asked + 1);
}

// An older peer says sums only: it is asked by them, as ever, also where no node has room.
TEST_F(RoomsTest, AnOlderPeerIsAskedBySums) {
  for (const std::int64_t cpus : {2, 3, 3}) {
    ASSERT_TRUE(grid.owner.submit(TestWorld::make_document(cpus)).has_value());
  }
  Beacon beacon = make_beacon();
  forget_rooms(beacon);
  tell(beacon);
  ASSERT_TRUE(is_asked(2));
  grid.exchange();
  EXPECT_EQ(state().find_job(last)->phase, JobPhase::waiting);
}

// By the time limits, and for home by what waits at the owner's, too.
TEST_F(RoomsTest, WhoFindsNoRoomIsToldHowLong) {
  ASSERT_TRUE(is_asked(4));
  grid.exchange();
  grid.advance(core::seconds(5));  // Sites and beacons are not silent for long.
  ASSERT_TRUE(grid.owner.submit(TestWorld::make_document(4)).has_value());
  ASSERT_TRUE(grid.owner.submit(TestWorld::make_document(4)).has_value());  // It waits.
  grid.announce();
  grid.home.advance(core::seconds(6));
  std::optional<core::Duration> wait;
  for (const auto& verdict :
       grid.home.machine().explain_pools(state().shapes[0], core::kNever, grid.home.now)) {
    if (verdict.reason == core::Reason::busy) wait = verdict.candidate->time.wait;
  }
  // The first has ten minutes and runs for eleven seconds; forty core minutes wait for ten cores.
  const core::Duration left = kLimit + core::limits::stop_grace - core::seconds(11);
  ASSERT_TRUE(wait.has_value());
  EXPECT_EQ(*wait, left + core::minutes(4));
  // The owner's own: until the first is over.
  wait.reset();
  for (const auto& verdict :
       grid.owner.machine().explain_pools(state().shapes[0], core::kNever, grid.owner.now)) {
    if (verdict.reason == core::Reason::busy) wait = verdict.candidate->time.wait;
  }
  EXPECT_EQ(wait, kLimit + core::limits::stop_grace - core::seconds(5));
}

// The owner's pool is cheap and full, home has a dear one: ten minutes cost 0.6 more.
class PricedWait : public testing::Test {
 protected:
  PricedWait() {
    topology::Pool dear = TestWorld::make_pool(2);
    dear.price.per_cpu_hour = core::Money{7'200'000};
    site = grid.home.join("dear", dear);
    grid.home.measure(*site);
    grid.announce();
    fill = grid.home.submit(TestWorld::make_document(2)).value().job;
    grid.exchange();
    EXPECT_EQ(state().find_job(fill)->phase, JobPhase::placed);
    grid.announce();
  }
  JobPhase submit(std::int64_t per_hour_of_delay) {
    JobDocument document = TestWorld::make_document(1);
    document.price.per_hour_of_delay = core::Money{per_hour_of_delay};
    job = grid.home.submit(document).value().job;
    return state().find_job(job)->phase;
  }
  const State& state() const { return grid.home.machine().state(); }

  mutable TwoHubs grid;
  std::unique_ptr<TestWorld::TestSite> site;
  std::uint64_t fill = 0;
  std::uint64_t job = 0;
};

TEST_F(PricedWait, ItIsWorthWaitingForWhatIsCheaperWithTheWait) {
  EXPECT_EQ(submit(1'000'000), JobPhase::waiting);
  // It ends: the job that waited for it goes there.
  grid.owner.run(*grid.site, grid.read_start(), core::seconds(1));
  grid.home.advance(core::seconds(1));
  grid.exchange();
  grid.announce();
  EXPECT_NE(state().find_job(job)->offer, 0u);
}

TEST_F(PricedWait, WhoIsInAHurryPaysMore) { EXPECT_EQ(submit(10'000'000), JobPhase::placed); }

// Nobody said what waiting is worth, so nobody is made to wait.
TEST_F(PricedWait, WithoutAPriceOfDelayNobodyWaits) { EXPECT_EQ(submit(0), JobPhase::placed); }

}  // namespace
}  // namespace intertie::hub
