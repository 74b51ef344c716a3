// "Why is my job not running?": for each cause the reason that is told, and that the change which
// is offered helps: the same job with it is placed.
#include <gtest/gtest.h>

#include "intertie/core/limits.h"

#include "fake_backend.h"

namespace intertie::api {
namespace {

// A job for the world below: one pool of one node, 4 processors, 16 GiB, no devices, no software.
std::string make_job(const std::string& more, const std::string& need = R"("cpus":1000)",
                     const std::string& timeout = "600000000") {
  return R"({"name":"a","run":["true"],"need":{)" + need + R"(},"timeout":)" + timeout +
         (more.empty() ? "" : "," + more) + "}";
}

struct Cause {
  std::string reason;  // Of the pool.
  std::string job;
  std::string field;    // Of the change; empty: nothing about the job is wrong.
  std::string changed;  // The job after the change.
};

const std::vector<Cause>& list_causes() {
  static const std::string plain = make_job("");
  static const std::vector<Cause> causes = {
      {"class_missing", make_job(R"("class":"super")"), "class", plain},
      {"region_excluded", make_job(R"("where":{"regions":["52"]})"), "where", plain},
      {"region_excluded", make_job(R"("where":{"not":["alpha"]})"), "where", plain},
      {"cpus_too_few", make_job("", R"("cpus":8000)"), "need.cpus", make_job("", R"("cpus":4000)")},
      {"cpus_too_few", make_job(R"("tasks":9)"), "tasks", plain},
      {"memory_too_small", make_job("", R"("cpus":1000,"memory":25769803776)"), "need.memory",
       make_job("", R"("cpus":1000,"memory":12884901888)")},
      {"devices_too_few", make_job("", R"("cpus":1000,"devices":{"kind":"gpu","count":1})"),
       "need.devices", plain},
      {"software_missing", make_job("", R"("cpus":1000,"software":["cuda-12"])"), "need.software",
       plain},
      {"isolation_too_weak", make_job("", R"("cpus":1000,"isolation":"machine")"), "need.isolation",
       plain},
      {"network_refused", make_job("", R"("cpus":1000,"network":"outside")"), "need.network",
       plain},
      {"rate_too_low",
       make_job("", R"("cpus":1000,"rate":{"precision":"FP64","ops_per_second":9000000000000})"),
       "need.rate", plain},
      {"price_above_limit", make_job(R"("price":{"max":1})"), "price.max", plain},
      {"deadline_impossible", make_job(R"("when":{"deadline":"2027-01-15T08:06:40Z"})"), "timeout",
       make_job(R"("when":{"deadline":"2027-01-15T08:06:40Z"})", R"("cpus":1000)", "300000000")},
  };
  return causes;
}

PlanView plan(ApiWorld& world, const std::string& job) {
  return ApiWorld::read<PlanView>(world.call("ada", "POST", "/v1/plan", job));
}

TEST(Explain, EachCauseIsToldAndItsChangeHelps) {
  for (const Cause& cause : list_causes()) {
    SCOPED_TRACE(cause.reason + " " + cause.job);
    ApiWorld world;
    auto site = world.join("alpha", 4);
    world.measure(site);
    const PlanView view = plan(world, cause.job);
    ASSERT_TRUE(view.verdict.has_value());
    ASSERT_EQ(view.counts.size(), 1u);
    EXPECT_EQ(view.counts[0].reason.code, cause.reason);
    EXPECT_EQ(view.counts[0].pools, 1);
    EXPECT_FALSE(view.counts[0].reason.sentence.empty());
    ASSERT_TRUE(view.change.has_value());
    EXPECT_EQ(view.change->field, cause.field);
    EXPECT_EQ(view.change->pools_fitting_now, 1);
    // Not only said: the changed job is placed.
    EXPECT_FALSE(plan(world, cause.changed).verdict.has_value());
    const std::uint64_t job = world.submit("ada", cause.changed);
    EXPECT_EQ(world.get<JobView>("ada", "/v1/jobs/" + std::to_string(job)).phase, Phase::placed);
  }
}

// A site's own words about an end are told, but not more of them than a line or two.
TEST(Explain, WhatASiteSaysOfAFailureIsShownAndBounded) {
  ApiWorld world;
  auto site = world.join("alpha", 4);
  world.measure(site);
  const auto fail_with = [&](const std::string& detail) {
    const std::uint64_t job = world.submit("ada");
    for (const auto& row : world.read_rows(site)) {
      const auto* start = std::get_if<execution::StartAttempt>(&row);
      if (start == nullptr || start->job != job) continue;
      world.say(site, execution::AttemptNotStarted{job, start->attempt, core::Reason::start_failed,
                                                   detail});
    }
    std::string told;
    const auto view = world.get<ExplainView>("ada", "/v1/jobs/" + std::to_string(job) + "/explain");
    for (const HistoryView& event : view.history) {
      if (event.what == "over") told += event.sentence;
    }
    return told;
  };
  EXPECT_NE(fail_with("no such program").find("(no such program)"), std::string::npos);
  std::string many;
  while (many.size() < 1'000) many += "省";  // Three bytes each: the bound is within one.
  const std::string told = fail_with(many);
  EXPECT_NE(told.find("(" + many.substr(0, 255) + "...)"), std::string::npos) << told;
}

// What passes by itself, or is for somebody else to mend: no change of the job is offered.
TEST(Explain, CausesThatAreNotTheJobsAreToldWithoutAChange) {
  ApiWorld world;
  const auto why = [&world](const std::string& job = make_job("")) {
    const PlanView view = plan(world, job);
    EXPECT_FALSE(view.change.has_value());
    EXPECT_TRUE(view.verdict && !view.verdict->fix.empty());
    return view.verdict ? view.verdict->code : "";
  };
  EXPECT_EQ(why(), "no_sites");
  auto site = world.join("alpha", 4);
  EXPECT_EQ(why(), "unmeasured");
  world.measure(site);
  EXPECT_FALSE(plan(world, make_job("")).verdict.has_value());
  world.submit("ada", make_job("", R"("cpus":4000)"));
  EXPECT_EQ(why(), "busy");
  world.call("plant", "POST", "/v1/sites/alpha:drain");
  EXPECT_EQ(why(), "site_drained");
  world.call("plant", "POST", "/v1/sites/alpha:resume");
  // Second by second: a jump of the clock is nobody's silence.
  for (core::Duration silent; silent <= core::limits::site_lost_after; silent += core::seconds(1)) {
    world.backend.advance(core::seconds(1));
  }
  EXPECT_EQ(why(), "site_unreachable");
}

}  // namespace
}  // namespace intertie::api
