// Who may submit what: budget, numbers of jobs, dates; who is served first; which sites are left
// out.
#include <gtest/gtest.h>

#include "test_world.h"

namespace intertie::hub {
namespace {

// One job of a core for ten minutes, at one micro a cpu-ms.
constexpr core::Money kPrice{600'000};

const Job& find_job(TestWorld& world, std::uint64_t number) {
  return *world.machine().state().find_job(number);
}

class Admission : public testing::Test {
 protected:
  Admission() { world.create_hub(); }

  void set_balance(core::Money balance) {
    static std::uint64_t id = 1'000;
    world.must(Deposit{{1, ++id}, "ada", balance - world.balance("ada")});
  }
  std::optional<execution::StartAttempt> find_start(TestWorld::TestSite& site) {
    for (const execution::HubMessage& message : world.read_rows(site)) {
      if (const auto* start = std::get_if<execution::StartAttempt>(&message)) return *start;
    }
    return std::nullopt;
  }
  execution::StartAttempt must_read_start(TestWorld::TestSite& site) {
    const auto start = find_start(site);
    EXPECT_TRUE(start.has_value()) << "nothing was started";
    return start.value_or(execution::StartAttempt{});
  }
  bool has_started(TestWorld::TestSite& site) { return find_start(site).has_value(); }

  TestWorld world;
};

TEST_F(Admission, AJobThatItsAccountCanNeverCoverIsRefusedWithBothSums) {
  auto site = world.join("alpha", TestWorld::make_pool(4));
  world.measure(*site);
  set_balance(kPrice - core::Money{1});
  const auto refused = world.submit(TestWorld::make_document());
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().reason, core::Reason::budget_exceeded);
  EXPECT_NE(refused.error().detail.find("0.6"), std::string::npos) << refused.error().detail;
  EXPECT_NE(refused.error().detail.find("0.599999"), std::string::npos) << refused.error().detail;
  EXPECT_FALSE(has_started(*site));
  set_balance(kPrice);
  EXPECT_TRUE(world.submit(TestWorld::make_document()).has_value());
  EXPECT_TRUE(has_started(*site));
}

TEST_F(Admission, CreditCountsAndTheCheapestPlaceDecides) {
  auto site = world.join("alpha", TestWorld::make_pool(1));
  world.measure(*site);
  set_balance(core::Money{200'000});
  EXPECT_FALSE(world.submit(TestWorld::make_document()).has_value());
  // A cheaper pool joins: what is known of the cheapest price is thrown away.
  topology::Pool cheap = TestWorld::make_pool(1);
  cheap.price.per_cpu_hour = core::Money{1'200'000};
  auto other = world.join("beta", cheap);
  world.measure(*other);
  EXPECT_TRUE(world.submit(TestWorld::make_document()).has_value());
  EXPECT_TRUE(has_started(*other));
  // Twice as long costs twice as much; a credit of the difference makes it possible.
  JobDocument longer = TestWorld::make_document();
  longer.timeout = core::minutes(20);
  EXPECT_EQ(world.submit(longer).error().reason, core::Reason::budget_exceeded);
  world.must(SetCreditLimit{"ada", core::Money{200'000}});
  EXPECT_TRUE(world.submit(longer).has_value());
}

TEST_F(Admission, AFreePoolIsTheCheapestWhereverItStands) {
  topology::Pool gift = TestWorld::make_pool(1);
  gift.price = {};
  auto first = world.join("alpha", gift);
  world.measure(*first);
  auto site = world.join("beta", TestWorld::make_pool(1));
  world.measure(*site);
  set_balance(core::Money{1});
  EXPECT_TRUE(world.submit(TestWorld::make_document()).has_value());
}

TEST_F(Admission, MoneyHeldForOtherJobsMayComeBackSoTheJobWaits) {
  auto site = world.join("alpha", TestWorld::make_pool(4));
  world.measure(*site);
  set_balance(kPrice + core::Money{1});
  ASSERT_TRUE(world.submit(TestWorld::make_document()).has_value());
  const execution::StartAttempt first = must_read_start(*site);
  const auto second = world.submit(TestWorld::make_document());
  ASSERT_TRUE(second.has_value());
  EXPECT_FALSE(has_started(*site));
  EXPECT_TRUE(find_job(world, second->job).is_out_of_money);
}

TEST_F(Admission, AnUnmeasuredPoolMayTurnOutToBeCheap) {
  auto site = world.join("alpha", TestWorld::make_pool(1));
  set_balance(core::Money{1});
  EXPECT_TRUE(world.submit(TestWorld::make_document()).has_value());
}

TEST_F(Admission, NobodyHasMoreJobsThanAllowedAndAnEndMakesRoom) {
  auto site = world.join("alpha", TestWorld::make_pool(1));
  world.measure(*site);
  world.must(CreatePrincipal{"bea", Role::user, 2, core::Money{100'000'000}});
  const std::uint32_t bea = world.machine().state().principal_handles.at("bea");
  const auto submit = [&] {
    auto submission = prepare_submission(TestWorld::make_document(), std::nullopt);
    return std::get<Submitted>(world.must(SubmitJobs{bea, {std::move(*submission)}})).jobs.front();
  };
  EXPECT_TRUE(submit().has_value());
  EXPECT_TRUE(submit().has_value());
  const auto third = submit();
  ASSERT_FALSE(third.has_value());
  EXPECT_EQ(third.error().reason, core::Reason::too_many_jobs);
  world.run(*site, must_read_start(*site), core::seconds(1));
  EXPECT_TRUE(submit().has_value());
  EXPECT_TRUE(world.submit(TestWorld::make_document()).has_value());  // Ada has her own limit.
}

TEST_F(Admission, AJobDoesNotStartBeforeItsTime) {
  auto site = world.join("alpha", TestWorld::make_pool(1));
  world.measure(*site);
  JobDocument later = TestWorld::make_document();
  later.when.start_after = world.now + core::minutes(1);
  ASSERT_TRUE(world.submit(later).has_value());
  for (int second = 0; second < 59; ++second) {
    world.advance(core::seconds(1));
    world.beat(*site);
    ASSERT_FALSE(has_started(*site)) << second;
  }
  world.advance(core::seconds(2));
  world.beat(*site);
  EXPECT_TRUE(has_started(*site));
}

// Both accounts wait with one job each when a core comes free: whoever has used less is served.
TEST_F(Admission, WhoeverHasUsedLessIsServedFirst) {
  auto site = world.join("alpha", TestWorld::make_pool(1));
  world.measure(*site);
  world.must(CreatePrincipal{"bea", Role::user, 0, core::Money{100'000'000}});
  const std::uint32_t bea = world.machine().state().principal_handles.at("bea");
  ASSERT_TRUE(world.submit(TestWorld::make_document()).has_value());
  const execution::StartAttempt used = must_read_start(*site);
  const auto second_of_ada = world.submit(TestWorld::make_document());
  auto submission = prepare_submission(TestWorld::make_document(), std::nullopt);
  const auto first_of_bea =
      std::get<Submitted>(world.must(SubmitJobs{bea, {std::move(*submission)}})).jobs.front();
  world.run(*site, used, core::minutes(1));  // Ada is charged a minute; Bea nothing so far.
  EXPECT_EQ(must_read_start(*site).job, first_of_bea->job);
  EXPECT_LT(second_of_ada->job, first_of_bea->job);  // By age alone it would be the other's turn.
}

TEST_F(Admission, ASiteWhereAttemptsFailInARowGetsNoJobsForAWhile) {
  auto site = world.join("alpha", TestWorld::make_pool(1));
  world.measure(*site);
  const auto fail = [&](const execution::StartAttempt& start) {
    execution::AttemptEnded ended{start.job, start.attempt, world.now, {}, "", {}, {}};
    ended.failure = core::Reason::start_failed;
    world.say(*site, ended);
  };
  for (std::uint32_t i = 0; i < core::limits::breaker_faults; ++i) {
    ASSERT_EQ(world.machine().state().sites[site->handle].status, topology::PoolStatus::active);
    ASSERT_TRUE(world.submit(TestWorld::make_document()).has_value());
    fail(must_read_start(*site));
    const auto jobs = world.machine().state().jobs.size();
    ASSERT_GE(jobs, 1u);
    for (std::uint64_t number = 1; number < world.machine().state().next_job; ++number) {
      if (world.machine().state().find_job(number) != nullptr) world.must(CancelJob{number, 0});
    }
  }
  EXPECT_EQ(world.machine().state().sites[site->handle].status, topology::PoolStatus::failing);
  const auto job = world.submit(TestWorld::make_document());
  ASSERT_TRUE(job.has_value());
  EXPECT_FALSE(has_started(*site));
  for (core::Duration waited; waited <= core::limits::breaker_open + core::seconds(2);
       waited += core::seconds(1)) {
    world.advance(core::seconds(1));
    world.beat(*site);
  }
  EXPECT_EQ(world.machine().state().sites[site->handle].status, topology::PoolStatus::active);
  EXPECT_EQ(must_read_start(*site).job, job->job);
}

}  // namespace
}  // namespace intertie::hub
