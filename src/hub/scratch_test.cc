// Disk space is a leg of a reservation: counted with the cards, given back with them.
#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "state_codec.h"
#include "test_world.h"

namespace intertie::hub {
namespace {

constexpr std::int64_t kGiB = 1LL << 30;

topology::Pool make_pool(std::int64_t gibibytes) {
  topology::Pool pool = TestWorld::make_pool(4);
  pool.scratch = core::Bytes{gibibytes * kGiB};
  return pool;
}

JobDocument make_document(std::int64_t gibibytes) {
  JobDocument document = TestWorld::make_document();
  document.need.scratch = core::Bytes{gibibytes * kGiB};
  return document;
}

class Scratch : public testing::Test {
 protected:
  Scratch() {
    world.create_hub();
    site = world.join("alpha", make_pool(10));
    world.measure(*site);
  }

  core::Bytes free() { return world.machine().state().capacities[0].free().scratch; }
  JobPhase get_phase(std::uint64_t job) { return world.machine().state().find_job(job)->phase; }

  TestWorld world;
  std::unique_ptr<TestWorld::TestSite> site;
};

TEST_F(Scratch, AJobWaitsForDiskSpaceThoughCoresAreFree) {
  const auto first = world.submit(make_document(6));
  const auto second = world.submit(make_document(5));
  const auto third = world.submit(make_document(4));
  ASSERT_TRUE(first.has_value() && second.has_value() && third.has_value());
  EXPECT_EQ(get_phase(first->job), JobPhase::placed);
  EXPECT_EQ(get_phase(second->job), JobPhase::waiting);
  EXPECT_EQ(get_phase(third->job), JobPhase::placed);
  EXPECT_EQ(free().count, 0);
  const auto verdicts =
      world.machine().explain_pools(world.machine().state().shapes.at(1), core::kNever, world.now);
  EXPECT_EQ(verdicts.at(0).reason, core::Reason::busy);
  const auto rows = world.read_rows(*site);
  ASSERT_EQ(rows.size(), 2u);
  const auto start = std::get<execution::StartAttempt>(rows[0]);
  EXPECT_EQ(start.slots.at(0).scratch.count, 6 * kGiB);
  world.run(*site, start, core::seconds(1));
  EXPECT_EQ(get_phase(second->job), JobPhase::placed);
  EXPECT_EQ(free().count, 1 * kGiB);
}

TEST_F(Scratch, WhatIsTakenStaysTakenAfterARestartAndInASnapshot) {
  ASSERT_TRUE(world.submit(make_document(6)).has_value());
  State copy;
  ASSERT_TRUE(decode_hub_state(world.machine().encode_state(), copy).has_value());
  EXPECT_EQ(copy.capacities[0].free().scratch.count, 4 * kGiB);
  world.restart();
  EXPECT_EQ(free().count, 4 * kGiB);
}

TEST_F(Scratch, MoreThanThePoolHasIsRefusedAtOnce) {
  const auto refused = world.submit(make_document(11));
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().reason, core::Reason::unplaceable);
  EXPECT_EQ(refused.error().detail, "1 x scratch_too_small");
  JobDocument gang = make_document(6);
  gang.tasks = 2;
  EXPECT_EQ(world.submit(gang).error().detail, "1 x scratch_too_small");
}

TEST_F(Scratch, APoolCannotBecomeSmallerThanWhatIsTakenOfIt) {
  ASSERT_TRUE(world.submit(make_document(6)).has_value());
  topology::Pool smaller = make_pool(5);
  EXPECT_EQ(world.ask(OfferPools{site->handle, {smaller}}).error().reason, core::Reason::busy);
  world.must(OfferPools{site->handle, {make_pool(7)}});
  EXPECT_EQ(free().count, 1 * kGiB);
  world.must(OfferPools{site->handle, {make_pool(0)}});  // Nobody knows: nothing is counted.
  EXPECT_TRUE(world.submit(make_document(1'000)).has_value());
}

TEST(ScratchOfAJob, IsItsInputsAndADefaultUnlessItSays) {
  JobDocument document = TestWorld::make_document();
  EXPECT_EQ(make_requirements(document).scratch, core::limits::task_scratch_default);
  DataIn input;
  input.size = core::Bytes{1'000};
  document.data.in = {input, input};
  document.data.in[1].content = "0123456789";
  EXPECT_EQ(make_requirements(document).scratch,
            core::limits::task_scratch_default + core::Bytes{2'010});
  document.need.scratch = core::Bytes{7};
  EXPECT_EQ(make_requirements(document).scratch.count, 7);
  document = make_document(-1);
  EXPECT_EQ(prepare_submission(document, {}).error().reason, core::Reason::out_of_range);
}

}  // namespace
}  // namespace intertie::hub
