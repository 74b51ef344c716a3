// What a plan says of a pool beside its verdict: rate, data to move, price.
#include "plan_view.h"

#include <gtest/gtest.h>

namespace intertie::api {
namespace {

using core::ComputeClass;
using core::Precision;

constexpr core::Time kPlanNow{1'000'000};

topology::Pool make_pool(ComputeClass compute_class, std::vector<core::Rate> rates) {
  topology::Pool pool;
  pool.region = "52";
  pool.compute_class = compute_class;
  pool.price.per_cpu_hour = {200'000};
  topology::Capability capability;
  capability.rates_per_cpu = std::move(rates);
  capability.expires = core::kNever;
  pool.capability = capability;
  return pool;
}

hub::JobShape make_shape(std::int64_t milli_cpus) {
  hub::JobShape shape;
  shape.requirements.cpus = {milli_cpus};
  return shape;
}

PoolFigures compute(const topology::Pool& pool, const hub::JobShape& shape) {
  return compute_figures(pool, shape, "22", {}, kPlanNow);
}

TEST(PlanFigures, TheRateIsOfOneTaskAtThePrecisionOfTheClass) {
  const std::vector<core::Rate> all = {{Precision::fp64, 100},
                                       {Precision::fp32, 200},
                                       {Precision::bf16, 400},
                                       {Precision::int8, 800}};
  const hub::JobShape shape = make_shape(2'500);
  EXPECT_EQ(compute(make_pool(ComputeClass::basic, all), shape).task_rate,
            (core::Rate{Precision::fp64, 250}));
  EXPECT_EQ(compute(make_pool(ComputeClass::super, all), shape).task_rate,
            (core::Rate{Precision::fp64, 250}));
  EXPECT_EQ(compute(make_pool(ComputeClass::intelligent, all), shape).task_rate,
            (core::Rate{Precision::bf16, 1'000}));
  EXPECT_EQ(compute(make_pool(ComputeClass::intelligent, {all[0], all[3]}), shape).task_rate,
            (core::Rate{Precision::int8, 2'000}));
  // Another precision does not stand in.
  EXPECT_EQ(compute(make_pool(ComputeClass::intelligent, {all[0]}), shape).task_rate, std::nullopt);
  EXPECT_EQ(compute(make_pool(ComputeClass::basic, {all[2]}), shape).task_rate, std::nullopt);
}

TEST(PlanFigures, APrecisionThatTheJobNamesCounts) {
  hub::JobShape shape = make_shape(1'000);
  shape.requirements.rate = core::Rate{Precision::fp32, 7};
  const topology::Pool pool =
      make_pool(ComputeClass::basic, {{Precision::fp64, 100}, {Precision::fp32, 5}});
  EXPECT_EQ(compute(pool, shape).task_rate, (core::Rate{Precision::fp32, 5}));
}

TEST(PlanFigures, ARateThatHasExpiredIsNone) {
  topology::Pool pool = make_pool(ComputeClass::basic, {{Precision::fp64, 100}});
  pool.capability->expires = kPlanNow;
  EXPECT_EQ(compute(pool, make_shape(1'000)).task_rate, std::nullopt);
  pool.capability->expires.micros += 1;
  EXPECT_NE(compute(pool, make_shape(1'000)).task_rate, std::nullopt);
  pool.capability.reset();
  EXPECT_EQ(compute(pool, make_shape(1'000)).task_rate, std::nullopt);
}

TEST(PlanFigures, OnlyInputsWithoutACopyInTheRegionAreMoved) {
  const topology::Pool pool = make_pool(ComputeClass::basic, {});
  hub::JobShape shape = make_shape(1'000);
  shape.inputs = {{{10}, {"52"}}, {{200}, {"22", "52"}}, {{3'000}, {"22", "42"}}, {{40'000}, {}}};
  EXPECT_EQ(compute(pool, shape).moved, core::Bytes{43'000});
  topology::Pool home = pool;
  home.region = "22";
  EXPECT_EQ(compute(home, shape).moved, core::Bytes{10});
  // A record of an older version knows only the sum, which lies at home.
  shape.input = {77};
  shape.inputs.clear();
  EXPECT_EQ(compute(pool, shape).moved, core::Bytes{77});
  EXPECT_EQ(compute(home, shape).moved, core::Bytes{});
}

TEST(PlanFigures, AnHourCostsWhatAllTasksDo) {
  hub::JobShape shape = make_shape(1'500);
  shape.requirements.tasks = 4;
  EXPECT_EQ(compute(make_pool(ComputeClass::basic, {}), shape).per_hour, core::Money{1'200'000});
}

}  // namespace
}  // namespace intertie::api
