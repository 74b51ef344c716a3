// What is free elsewhere: what a beacon says, and the rows that it has not counted.
#include "grid.h"

#include <gtest/gtest.h>

namespace intertie::hub {
namespace {

constexpr std::uint32_t kPeer = 0;
constexpr const char* kPool = "42S0000000000000/main";

class GridTest : public testing::Test {
 protected:
  // A beacon of a pool with eight processors that names it if `free` is given.
  void hear(std::optional<std::int64_t> free, std::uint64_t received,
            std::optional<std::uint64_t> sent) {
    Beacon beacon;
    beacon.number = ++number_;
    beacon.is_full = number_ == 1;
    beacon.lifetime = core::seconds(15);
    beacon.received = received;
    beacon.sent = sent;
    if (free) {
      BeaconPool news;
      news.site = "beta";
      news.site_identifier = "42S0000000000000";
      news.pool.name = "main";
      news.pool.identifier = kPool;
      news.pool.cpus_per_node = core::MilliCpus{8'000};
      news.pool.memory_per_node = core::Bytes{80};
      news.nodes = 1;
      news.free_cpus = core::MilliCpus{*free * 1'000};
      news.free_memory = core::Bytes{*free * 10};
      beacon.pools.push_back(news);
    }
    ASSERT_TRUE(grid_.accept(kPeer, beacon, {}));
  }

  static placement::Requirements make_need(std::int64_t cpus) {
    placement::Requirements need;
    need.tasks = 1;
    need.cpus = core::MilliCpus{cpus * 1'000};
    need.memory = core::Bytes{cpus * 10};
    return need;
  }

  void ask(std::uint64_t offer, std::uint64_t row, std::int64_t cpus) {
    grid_.note_asked(offer, 0, row, make_need(cpus));
  }
  bool end(std::uint64_t offer, std::uint64_t row, std::int64_t cpus) {
    return grid_.note_over({kPeer, row}, offer, kPool, make_need(cpus));
  }

  std::int64_t free() const {
    const placement::FreeCounts& counts = grid_.get_free(0);
    EXPECT_EQ(counts.memory.count, counts.cpus.count / 100);
    return counts.cpus.count / 1'000;
  }

  Grid grid_;
  std::uint64_t number_ = 0;
};

TEST_F(GridTest, WhatWasAskedIsTakenUntilABeaconHasCountedIt) {
  hear(8, 0, 0);
  ask(1, 1, 3);
  ask(2, 2, 1);
  EXPECT_EQ(free(), 4);
  hear(8, 0, 0);  // Made before it read of either.
  EXPECT_EQ(free(), 4);
  hear(5, 1, 1);  // Made between the two.
  EXPECT_EQ(free(), 4);
  hear(4, 2, 2);
  EXPECT_EQ(free(), 4);
}

TEST_F(GridTest, WhatIsOverIsFreeBeforeTheNextBeacon) {
  hear(8, 0, 0);
  ask(1, 1, 3);
  hear(5, 1, 1);
  EXPECT_TRUE(end(1, 2, 3));
  EXPECT_EQ(free(), 8);
  hear(5, 1, 1);  // On its way since before the end.
  EXPECT_EQ(free(), 8);
  hear(8, 1, 2);
  EXPECT_EQ(free(), 8);
  EXPECT_FALSE(end(2, 2, 3));  // Counted by that beacon.
  EXPECT_EQ(free(), 8);
}

TEST_F(GridTest, AnEndBetweenTwoBeaconsTakesBackWhatWasAsked) {
  hear(8, 0, 0);
  ask(1, 1, 3);
  EXPECT_TRUE(end(1, 4, 3));
  EXPECT_EQ(free(), 8);
  ask(2, 2, 8);
  EXPECT_EQ(free(), 0);
  hear(0, 2, 5);
  EXPECT_EQ(free(), 0);
}

TEST_F(GridTest, ARefusedOfferTookNothing) {
  hear(8, 0, 0);
  ask(1, 1, 3);
  ask(2, 2, 4);
  grid_.note_not_taken(kPeer, 1);
  EXPECT_EQ(free(), 4);
  grid_.note_not_taken(kPeer, 1);
  EXPECT_EQ(free(), 4);
  hear(std::nullopt, 1, 1);
  EXPECT_EQ(free(), 4);
  hear(4, 2, 2);
  EXPECT_EQ(free(), 4);
}

TEST_F(GridTest, NoMoreIsFreeThanThereIs) {
  hear(8, 0, 0);
  ask(1, 1, 3);
  hear(8, 1, 1);  // It ended there; the row that says so comes later.
  EXPECT_TRUE(end(1, 2, 3));
  EXPECT_EQ(free(), 8);
}

// Its beacons do not say up to which row they have counted: only they give back.
TEST_F(GridTest, APeerOfTheVersionBeforeGivesBackByBeacons) {
  hear(8, 0, std::nullopt);
  ask(1, 1, 3);
  hear(5, 1, std::nullopt);
  EXPECT_FALSE(end(1, 2, 3));
  EXPECT_EQ(free(), 5);
  hear(8, 1, std::nullopt);
  EXPECT_EQ(free(), 8);
}

}  // namespace
}  // namespace intertie::hub
