// What counts as a site's silence: only time in which the hub could have heard it.
#include <gtest/gtest.h>

#include "test_world.h"

namespace intertie::hub {
namespace {

JobDocument make_restartable() {
  JobDocument document = TestWorld::make_document();
  document.on_loss = OnLoss::restart;
  return document;
}

// A clock that is set forward by less than clock_step_max must not end the lease of a task that
// runs well: its next attempt would run beside it.
TEST(HubSilence, AClockStepBelowTheMaximumEndsNoAttempt) {
  TestWorld world;
  world.create_hub();
  auto site = world.join("alpha", TestWorld::make_pool(1));
  auto other = world.join("beta", TestWorld::make_pool(1));
  world.measure(*site);
  world.measure(*other);
  ASSERT_TRUE(world.submit(make_restartable()).has_value());
  ASSERT_EQ(world.read_rows(*site).size(), 1u);
  for (int second = 0; second < 5; ++second) {
    world.advance(core::seconds(1));
    world.beat(*site);
    world.beat(*other);
  }
  world.advance(core::minutes(4));
  world.beat(*other);
  world.advance(core::seconds(1));
  EXPECT_EQ(world.machine().state().sites[site->handle].status, topology::PoolStatus::active);
  EXPECT_TRUE(world.read_rows(*other).empty());
}

// A job that is too large for every pool is refused, also while one of them is away.
TEST(HubSilence, APoolThatIsAwayHidesNoHopelessJob) {
  TestWorld world;
  world.create_hub();
  auto site = world.join("alpha", TestWorld::make_pool(2));
  world.measure(*site);
  for (int second = 0; second < 30; ++second) world.advance(core::seconds(1));
  ASSERT_EQ(world.machine().state().sites[site->handle].status, topology::PoolStatus::lost);
  EXPECT_FALSE(world.submit(TestWorld::make_document(64)).has_value());
  EXPECT_TRUE(world.submit(TestWorld::make_document(2)).has_value());
}

}  // namespace
}  // namespace intertie::hub
