// Static feasibility: the order of the reasons, and each bound from both sides.
#include "intertie/placement/feasibility.h"

#include <algorithm>
#include <functional>

#include <gtest/gtest.h>

namespace intertie::placement {
namespace {

using core::Precision;
using core::Reason;
using topology::Pool;

constexpr core::Time kNow{1'000};

/// A pool that offers everything.
Pool make_pool() {
  Pool pool;
  pool.name = "p";
  pool.region = "r1";
  pool.compute_class = core::ComputeClass::intelligent;
  pool.cpus_per_node = {8'000};
  pool.memory_per_node = {64};
  pool.devices_per_node = {{"gpu", "x", 4, {80}}};
  pool.nodes = {{"a", true}, {"b", false}};
  pool.software = {"gcc", "python"};
  pool.isolation = topology::Isolation::container;
  pool.network = topology::Network::gang;
  pool.user_line.latency_ms = 10;
  pool.capability.emplace();
  pool.capability->rates_per_cpu = {{Precision::fp64, 100}};
  pool.capability->rates_per_device = {{Precision::fp64, 1'000}, {Precision::bf16, 50'000}};
  pool.capability->expires = core::Time{2'000};
  return pool;
}

/// Requirements that just fit the pool.
Requirements make_requirements() {
  Requirements requirements;
  requirements.compute_class = core::ComputeClass::intelligent;
  requirements.tasks = 4;
  requirements.cpus = {4'000};
  requirements.memory = {32};
  requirements.devices = {{"gpu", "x", 2, {80}}};
  requirements.rate = core::Rate{Precision::bf16, 100'000};
  requirements.software = {"python"};
  requirements.isolation = topology::Isolation::container;
  requirements.network = topology::Network::gang;
  requirements.regions = {"r0", "r1"};
  requirements.regions_excluded = {"r2"};
  requirements.sites_excluded = {{1}};
  requirements.latency_max_ms = 10;
  return requirements;
}

TEST(Feasibility, WhatJustFitsFits) {
  const auto checked = check_feasibility(make_pool(), make_requirements(), kNow);
  const Fit* fit = std::get_if<Fit>(&checked);
  ASSERT_NE(fit, nullptr);
  EXPECT_EQ(fit->ops_per_second, 100'000);
  EXPECT_EQ(fit->shape.devices[0], 2);
  EXPECT_EQ(find_infeasibility(make_pool(), make_requirements(), kNow), std::nullopt);
}

// In the documented order: a pool with this and every later fault shows this one.
TEST(Feasibility, TheFirstReasonIsTheOneInOrder) {
  struct Fault {
    Reason reason;
    std::function<void(Pool&, Requirements&)> spoil;
  };
  const Fault faults[] = {
      {Reason::region_excluded,
       [](Pool&, Requirements& r) {
         r.regions = {"r0", "r3"};
       }},
      {Reason::region_excluded,
       [](Pool&, Requirements& r) {
         r.regions_excluded = {"r0", "r1"};
       }},
      {Reason::region_excluded, [](Pool&, Requirements& r) { r.sites_excluded = {{0}}; }},
      {Reason::class_missing,
       [](Pool&, Requirements& r) { r.compute_class = core::ComputeClass::super; }},
      {Reason::unmeasured, [](Pool& p, Requirements&) { p.capability->expires = kNow; }},
      {Reason::rate_too_low, [](Pool&, Requirements& r) { ++r.rate->ops_per_second; }},
      {Reason::cpus_too_few, [](Pool&, Requirements& r) { ++r.cpus.count; }},
      {Reason::memory_too_small, [](Pool&, Requirements& r) { ++r.memory.count; }},
      {Reason::devices_too_few, [](Pool&, Requirements& r) { r.devices[0].memory = {81}; }},
      {Reason::software_missing,
       [](Pool&, Requirements& r) {
         r.software = {"gcc", "zsh"};
       }},
      {Reason::isolation_too_weak,
       [](Pool&, Requirements& r) { r.isolation = topology::Isolation::machine; }},
      {Reason::network_refused,
       [](Pool&, Requirements& r) { r.network = topology::Network::outside; }},
      {Reason::secrets_refused, [](Pool&, Requirements& r) { r.has_secrets = true; }},
      {Reason::data_policy,
       [](Pool&, Requirements& r) { r.data_regions = std::vector<std::string>{"elsewhere"}; }},
      {Reason::data_policy,
       [](Pool&, Requirements& r) { r.data_regions = std::vector<std::string>{}; }},
      {Reason::data_policy,
       [](Pool& p, Requirements& r) {
         p.cleared = core::Classification::internal_;
         r.data_classification = core::Classification::confidential;
       }},
      {Reason::latency_too_high, [](Pool&, Requirements& r) { r.latency_max_ms = 9; }},
  };
  Pool pool = make_pool();
  Requirements requirements = make_requirements();
  for (std::size_t i = std::size(faults); i-- > 0;) {
    SCOPED_TRACE(i);
    Pool alone = make_pool();
    Requirements asks = make_requirements();
    faults[i].spoil(alone, asks);
    EXPECT_EQ(find_infeasibility(alone, asks, kNow), faults[i].reason);
    faults[i].spoil(pool, requirements);
    EXPECT_EQ(find_infeasibility(pool, requirements, kNow), faults[i].reason);
  }
  pool.status = topology::PoolStatus::failing;
  EXPECT_EQ(find_infeasibility(pool, requirements, kNow), Reason::site_failing);
  pool.status = topology::PoolStatus::expired;
  EXPECT_EQ(find_infeasibility(pool, requirements, kNow), Reason::record_expired);
  pool.status = topology::PoolStatus::lost;
  EXPECT_EQ(find_infeasibility(pool, requirements, kNow), Reason::site_unreachable);
  pool.status = topology::PoolStatus::drained;
  EXPECT_EQ(find_infeasibility(pool, requirements, kNow), Reason::site_drained);
}

TEST(Feasibility, AGangNeedsRoomOnAllNodesTogether) {
  Requirements requirements = make_requirements();
  requirements.tasks = 5;
  EXPECT_EQ(find_infeasibility(make_pool(), requirements, kNow), Reason::cpus_too_few);
  requirements.cpus = {1};
  EXPECT_EQ(find_infeasibility(make_pool(), requirements, kNow), Reason::memory_too_small);
  requirements.memory = {0};
  EXPECT_EQ(find_infeasibility(make_pool(), requirements, kNow), Reason::devices_too_few);
  requirements.devices[0].count = 1;
  requirements.rate.reset();
  EXPECT_EQ(find_infeasibility(make_pool(), requirements, kNow), std::nullopt);
}

TEST(Feasibility, WithoutAMeasurementNothingRuns) {
  Pool pool = make_pool();
  Requirements requirements = make_requirements();
  requirements.rate.reset();
  pool.capability->measured_at = kNow + core::Duration{1};
  EXPECT_EQ(find_infeasibility(pool, requirements, kNow), Reason::unmeasured);
  pool.capability.reset();
  EXPECT_EQ(find_infeasibility(pool, requirements, kNow), Reason::unmeasured);
}

TEST(Feasibility, WeakIsolationIsForTheOwnSiteOnly) {
  Pool pool = make_pool();
  Requirements requirements = make_requirements();
  requirements.isolation = topology::Isolation::process;
  pool.isolation = topology::Isolation::process;
  EXPECT_EQ(find_infeasibility(pool, requirements, kNow), Reason::isolation_too_weak);
  requirements.own_sites = {{0}};
  EXPECT_EQ(find_infeasibility(pool, requirements, kNow), std::nullopt);
  pool.isolation = topology::Isolation::none;
  EXPECT_EQ(find_infeasibility(pool, requirements, kNow), Reason::isolation_too_weak);
  requirements.isolation = topology::Isolation::none;
  EXPECT_EQ(find_infeasibility(pool, requirements, kNow), std::nullopt);
  requirements.own_sites = {{1}};
  EXPECT_EQ(find_infeasibility(pool, requirements, kNow), Reason::isolation_too_weak);
  pool.isolation = topology::Isolation::namespace_;
  EXPECT_EQ(find_infeasibility(pool, requirements, kNow), std::nullopt);
}

TEST(TaskRate, CountsDevicesOrCpusAtOnePrecision) {
  const topology::Capability capability = *make_pool().capability;
  Requirements requirements;
  requirements.cpus = {2'500};
  EXPECT_EQ(compute_task_rate(capability, requirements), 0);
  requirements.rate = core::Rate{Precision::fp64, 1};
  EXPECT_EQ(compute_task_rate(capability, requirements), 250);
  requirements.devices = {{"gpu", "x", 2, {}}, {"gpu", "y", 1, {}}};
  EXPECT_EQ(compute_task_rate(capability, requirements), 3'000);
  requirements.rate->precision = Precision::fp32;
  EXPECT_EQ(compute_task_rate(capability, requirements), 0);
  topology::Capability fast = capability;
  fast.rates_per_device = {{Precision::fp32, INT64_MAX}};
  EXPECT_EQ(compute_task_rate(fast, requirements), INT64_MAX);
}

TEST(Requirements, EqualNeedsAreEqualValues) {
  Requirements a = make_requirements();
  a.software = {"b", "a", "b"};
  a.regions = {"y", "x"};
  a.regions_excluded = {"w", "w"};
  a.sites_excluded = {{2}, {1}};
  a.own_sites = {{3}, {3}};
  a.devices = {{"npu", "", 1, {}}, {"gpu", "", 1, {}}, {"gpu", "", 1, {}}};
  const Requirements canonical = make_canonical(a);
  EXPECT_EQ(canonical.software, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(canonical.regions, (std::vector<std::string>{"x", "y"}));
  EXPECT_EQ(canonical.regions_excluded.size(), 1u);
  EXPECT_EQ(canonical.sites_excluded[0].index, 1u);
  EXPECT_EQ(canonical.own_sites.size(), 1u);
  ASSERT_EQ(canonical.devices.size(), 3u);
  EXPECT_EQ(canonical.devices[2].kind, "npu");
  EXPECT_EQ(make_canonical(canonical), canonical);
  EXPECT_EQ(hash_value(make_canonical(canonical)), hash_value(canonical));
}

/// One change each; the hash and the check are both tried with them.
const std::function<void(Requirements&)> kChanges[] = {
    [](Requirements& r) { r.compute_class = core::ComputeClass::basic; },
    [](Requirements& r) { r.compute_class.reset(); },
    [](Requirements& r) { r.tasks = 7; },
    [](Requirements& r) { r.cpus = {1}; },
    [](Requirements& r) { r.memory = {1}; },
    [](Requirements& r) { r.devices.clear(); },
    [](Requirements& r) { r.devices[0].kind = "npu"; },
    [](Requirements& r) { r.devices[0].model = "y"; },
    [](Requirements& r) { r.devices[0].count = 3; },
    [](Requirements& r) { r.devices[0].memory = {1}; },
    [](Requirements& r) { r.rate.reset(); },
    [](Requirements& r) { r.rate->precision = Precision::fp8; },
    [](Requirements& r) { r.rate->ops_per_second = 1; },
    [](Requirements& r) {
      r.software = {"pyth", "on"};
    },
    [](Requirements& r) { r.isolation = topology::Isolation::process; },
    [](Requirements& r) { r.network = topology::Network::none; },
    [](Requirements& r) { r.regions.clear(); },
    [](Requirements& r) { r.regions_excluded.clear(); },
    [](Requirements& r) { r.sites_excluded.clear(); },
    [](Requirements& r) { r.latency_max_ms.reset(); },
    [](Requirements& r) { r.own_sites = {{4}}; },
    [](Requirements& r) { r.has_secrets = true; },
    [](Requirements& r) { r.data_regions.emplace(); },
    [](Requirements& r) { r.data_regions = std::vector<std::string>{"r"}; },
    [](Requirements& r) { r.data_classification = core::Classification::secret; },
};

TEST(Requirements, EveryFieldIsHashedAndEachOfTheseIsAccepted) {
  std::vector<std::size_t> hashes = {hash_value(make_requirements())};
  for (const auto& change : kChanges) {
    Requirements requirements = make_requirements();
    change(requirements);
    EXPECT_TRUE(check_requirements(requirements).has_value());
    const std::size_t hash = hash_value(requirements);
    EXPECT_EQ(std::ranges::count(hashes, hash), 0) << hashes.size();
    hashes.push_back(hash);
  }
}

TEST(Requirements, RefusesWhatNoJobMayAsk) {
  const std::function<void(Requirements&)> bad[] = {
      [](Requirements& r) { r.tasks = 0; },
      [](Requirements& r) { r.tasks = 8'193; },
      [](Requirements& r) { r.cpus = {0}; },
      [](Requirements& r) { r.cpus = {1'000'000'001}; },
      [](Requirements& r) { r.memory = {-1}; },
      [](Requirements& r) { r.memory = {(1LL << 46) + 1}; },
      [](Requirements& r) {
        r.devices.assign(5, {"gpu", "", 1, {}});
      },
      [](Requirements& r) { r.devices[0].kind = ""; },
      [](Requirements& r) { r.devices[0].count = 0; },
      [](Requirements& r) { r.devices[0].count = 65; },
      [](Requirements& r) { r.devices[0].memory = {-1}; },
      [](Requirements& r) { r.rate->ops_per_second = 0; },
      [](Requirements& r) { r.latency_max_ms = -1; },
      [](Requirements& r) { r.software = {""}; },
      [](Requirements& r) { r.regions = {""}; },
      [](Requirements& r) { r.regions_excluded = {""}; },
      [](Requirements& r) { r.software.assign(1'025, "x"); },
      [](Requirements& r) { r.own_sites.resize(1'025); },
      [](Requirements& r) { r.sites_excluded.resize(1'025); },
  };
  int number = 0;
  for (const auto& spoil : bad) {
    SCOPED_TRACE(number++);
    Requirements requirements = make_requirements();
    spoil(requirements);
    EXPECT_FALSE(check_requirements(requirements).has_value());
  }
}

TEST(Preferences, RefusesWhatNoJobMayAsk) {
  JobPreferences good;
  good.time_limit = core::hours(1);
  good.estimate = core::hours(1);
  good.price_max = core::Money{};
  good.inputs.resize(1);
  EXPECT_TRUE(check_preferences(good).has_value());
  const std::function<void(JobPreferences&)> bad[] = {
      [](JobPreferences& p) { p.time_limit = {}; },
      [](JobPreferences& p) { p.time_limit = core::hours(720) + core::Duration{1}; },
      [](JobPreferences& p) { p.estimate = core::Duration{}; },
      [](JobPreferences& p) { p.estimate = core::hours(1) + core::Duration{1}; },
      [](JobPreferences& p) { p.price_max = core::Money{-1}; },
      [](JobPreferences& p) { p.price_per_hour_of_delay = core::Money{-1}; },
      [](JobPreferences& p) { p.inputs[0].size = {-1}; },
      [](JobPreferences& p) { p.inputs.resize(1'025); },
      [](JobPreferences& p) { p.output = {-1}; },
  };
  int number = 0;
  for (const auto& spoil : bad) {
    SCOPED_TRACE(number++);
    JobPreferences preferences = good;
    spoil(preferences);
    EXPECT_EQ(check_preferences(preferences).error().reason, Reason::out_of_range);
  }
}

}  // namespace
}  // namespace intertie::placement
