// The decision: against a plain recomputation, and with a cache against without.
#include "intertie/placement/placer.h"

#include <algorithm>
#include <map>
#include <memory>

#include <gtest/gtest.h>

#include "intertie/core/random.h"

namespace intertie::placement {
namespace {

using core::Money;
using core::Reason;
using core::Time;

/// A grid that changes at random, and jobs at random.
struct Grid {
  core::Random random;
  topology::Snapshot::Pointer snapshot = topology::Snapshot::make_empty();
  topology::RegionLines lines;
  std::vector<std::unique_ptr<PoolCapacity>> capacities;
  std::vector<FreeCounts> reported;
  std::vector<PoolView> views;
  Time now{1'000};

  explicit Grid(std::uint64_t seed, std::size_t pools) : random(seed), reported(pools) {
    for (std::uint32_t site = 0; site < 4; ++site) {
      topology::Site row;
      row.handle = {site};
      snapshot = snapshot->with_site(row);
    }
    for (std::uint32_t i = 0; i < pools; ++i) {
      topology::Pool pool = draw_pool(i);
      capacities.push_back(std::make_unique<PoolCapacity>(pool));
      reported[i] = {{20'000}, {40}, {4}, {random.between(0, 12)}};
      views.push_back({{i},
                       random.chance(9, 10) ? capacities[i].get() : nullptr,
                       random.chance(1, 4) ? &reported[i] : nullptr,
                       core::minutes(random.between(0, 60))});
      snapshot = snapshot->with_pool(std::move(pool));
    }
    lines.put({"", "", "r0", "r1", 1'000'000, 1, Money{5}});
  }

  topology::Pool draw_pool(std::uint32_t handle) {
    topology::Pool pool;
    pool.handle = {handle};
    pool.site = {handle % 4};
    pool.name = "p";
    pool.region = random.chance(1, 4) ? "r1" : "r0";
    pool.status = random.chance(1, 10) ? topology::PoolStatus::lost : topology::PoolStatus::active;
    pool.cpus_per_node = {random.between(1, 8) * 1'000};
    pool.memory_per_node = {random.between(1, 8)};
    if (random.chance(1, 3)) pool.scratch = {random.between(1, 12)};
    pool.nodes.assign(3, {"n", true});
    pool.isolation = topology::Isolation::namespace_;
    pool.price.per_cpu_hour = Money{random.between(0, 4) * 1'000};
    if (random.chance(1, 5)) pool.price.minimum = core::hours(2);
    pool.user_line.price_per_gigabyte = Money{random.between(0, 3)};
    if (random.chance(1, 4)) pool.devices_per_node = {{"gpu", "", 2, {}}};
    if (random.chance(9, 10)) {
      pool.capability.emplace();
      pool.capability->rates_per_cpu = {{core::Precision::fp64, random.between(1, 5)}};
      pool.capability->measured_at = random.chance(1, 8) ? Time{3'000} : Time{0};
      pool.capability->expires = Time{random.between(500, 9'000)};
    }
    return pool;
  }

  Requirements draw_requirements() {
    Requirements requirements;
    requirements.tasks = random.between(1, 4);
    requirements.cpus = {random.between(1, 4) * 1'000};
    requirements.memory = {random.between(0, 3)};
    requirements.scratch = {random.between(0, 4)};
    if (random.chance(1, 4)) requirements.devices = {{"gpu", "", 1, {}}};
    if (random.chance(1, 2) && requirements.devices.empty()) {
      requirements.rate = core::Rate{core::Precision::fp64, random.between(1, 6)};
    }
    if (random.chance(1, 3)) requirements.regions = {"r0"};
    return requirements;
  }

  JobPreferences draw_preferences() {
    JobPreferences preferences;
    preferences.time_limit = core::hours(random.between(1, 3));
    if (random.chance(1, 2)) preferences.estimate = core::minutes(random.between(1, 60));
    preferences.price_per_hour_of_delay = Money{random.between(0, 5'000)};
    if (random.chance(1, 4)) preferences.price_max = Money{random.between(0, 30'000)};
    if (random.chance(1, 4)) preferences.deadline = now + core::minutes(random.between(0, 200));
    if (random.chance(1, 3)) {
      preferences.inputs = {{{random.between(0, 9'000'000'000)}, {"r0"}}};
    }
    preferences.output = {random.between(0, 2) * 1'000'000'000};
    return preferences;
  }

  PlacementInput input() const { return {*snapshot, views, now, &lines}; }
};

/// The documented rule, from explain_pools and a sort.
Placement recompute(const std::vector<PoolVerdict>& verdicts) {
  Placement placement;
  std::map<Reason, std::int64_t> counts;
  for (const PoolVerdict& verdict : verdicts) {
    ++placement.pools;
    if (verdict.reason) {
      ++counts[*verdict.reason];
    } else {
      ++placement.fitting;
      placement.candidates.push_back(*verdict.candidate);
    }
  }
  std::ranges::sort(placement.candidates, {}, [](const Candidate& candidate) {
    return std::pair(candidate.cost.total, candidate.pool);
  });
  if (placement.candidates.size() > 8) placement.candidates.resize(8);
  for (const auto& [reason, count] : counts) placement.refused.push_back({reason, count});
  if (!placement.candidates.empty()) {
    placement.chosen = placement.candidates[0].pool;
  } else if (verdicts.empty()) {
    placement.verdict = Reason::no_sites;
  } else {
    placement.verdict = counts[Reason::busy] > 0                  ? Reason::busy
                        : counts[Reason::deadline_impossible] > 0 ? Reason::deadline_impossible
                        : counts[Reason::price_above_limit] > 0   ? Reason::price_above_limit
                        : counts[Reason::data_policy] > 0         ? Reason::data_policy
                                                                  : Reason::unplaceable;
  }
  return placement;
}

TEST(Place, EqualsThePlainRuleWithAndWithoutACache) {
  std::map<std::optional<Reason>, int> verdicts;
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    SCOPED_TRACE(seed);
    Grid grid(seed, 1 + seed);
    PlacementCache cache;
    std::vector<Requirements> sets;
    for (int i = 0; i < 5; ++i) sets.push_back(grid.draw_requirements());
    for (int step = 0; step < 120; ++step) {
      SCOPED_TRACE(step);
      const auto which = static_cast<std::uint32_t>(grid.random.below(sets.size()));
      const Requirements& requirements = sets[which];
      const JobPreferences preferences = grid.draw_preferences();
      const Placement placement = place(requirements, preferences, grid.input());
      ASSERT_EQ(placement, recompute(explain_pools(requirements, preferences, grid.input())));
      ASSERT_EQ(place({which}, requirements, preferences, grid.input(), cache), placement);
      ++verdicts[placement.verdict];
      if (placement.chosen) {
        const std::uint32_t pool = placement.chosen->index;
        const auto shape = find_task_shape(*grid.snapshot->find_pool({pool}), requirements);
        if (grid.views[pool].capacity != nullptr) {
          ASSERT_TRUE(grid.capacities[pool]->reserve(*shape, requirements.tasks).has_value());
        }
      }
      const auto changed = static_cast<std::uint32_t>(grid.random.below(grid.views.size()));
      switch (grid.random.below(8)) {
        case 0:
          grid.now = grid.now + core::Duration{grid.random.between(0, 400)};
          break;
        case 1: {
          topology::Pool pool = grid.draw_pool(changed);
          *grid.capacities[changed] = PoolCapacity(pool);
          grid.snapshot = grid.snapshot->with_pool(std::move(pool));
          break;
        }
        case 2:
          if (grid.snapshot->find_pool({changed}) != nullptr && grid.random.chance(1, 4)) {
            grid.snapshot = grid.snapshot->without_pool({changed});
          }
          break;
        case 3:
          grid.reported[changed].cpus = {grid.random.between(0, 20'000)};
          break;
        default:
          break;
      }
      // A pool that was removed comes back at times: its view has stayed.
    }
  }
  for (const auto verdict : {Reason::busy, Reason::deadline_impossible, Reason::price_above_limit,
                             Reason::unplaceable, Reason::no_sites}) {
    EXPECT_GE(verdicts[verdict], 1) << reason_code(verdict);
  }
  EXPECT_GE(verdicts[std::nullopt], 500);
}

// What is found for one pool of a kind holds for all, whatever is free in each.
TEST(Place, KindsChangeNoResult) {
  int shared = 0;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    SCOPED_TRACE(seed);
    Grid grid(seed, 0);
    grid.reported.resize(40);
    std::vector<topology::Pool> kinds;
    for (std::uint32_t kind = 0; kind < 5; ++kind) kinds.push_back(grid.draw_pool(0));
    for (std::uint32_t handle = 0; handle < 40; ++handle) {
      const auto kind = static_cast<std::uint32_t>(grid.random.below(kinds.size()));
      topology::Pool pool = kinds[kind];
      pool.handle = {handle};
      pool.site = {handle % 4};
      pool.name = "p" + std::to_string(handle);
      grid.snapshot = grid.snapshot->with_pool(std::move(pool));
      const core::Duration wait = core::minutes(grid.random.between(0, 1) * 30);
      grid.views.push_back({{handle}, nullptr, &grid.reported[handle], wait, kind + 1});
    }
    PlacementCache cache;
    for (std::uint32_t step = 0; step < 60; ++step) {
      SCOPED_TRACE(step);
      for (FreeCounts& free : grid.reported) {
        free = {{grid.random.between(0, 20'000)}, {grid.random.between(0, 40)}, {4}};
      }
      Requirements requirements = grid.draw_requirements();
      if (grid.random.chance(1, 4)) requirements.sites_excluded = {{1}, {2}};
      if (grid.random.chance(1, 4)) requirements.latency_max_ms = grid.random.between(0, 60);
      JobPreferences preferences = grid.draw_preferences();
      preferences.user_region = "r0";
      const Placement placement = place(requirements, preferences, grid.input());
      EXPECT_EQ(place({step}, requirements, preferences, grid.input(), cache), placement);
      ASSERT_EQ(placement, recompute(explain_pools(requirements, preferences, grid.input())));
      shared += placement.fitting > 5;
      grid.now = grid.now + core::Duration{grid.random.between(0, 100)};
    }
  }
  EXPECT_GE(shared, 100);
}

TEST(Place, AMeasurementThatExpiresIsNoticedByTheCache) {
  Grid grid(1, 0);
  topology::Pool pool;
  pool.cpus_per_node = {1'000};
  pool.nodes = {{"n", true}};
  pool.isolation = topology::Isolation::namespace_;
  pool.capability.emplace().measured_at = Time{10};
  pool.capability->expires = Time{20};
  const PoolCapacity capacity(pool);
  grid.snapshot = grid.snapshot->with_pool(pool);
  grid.views = {{{0}, &capacity, nullptr, {}}};
  Requirements requirements;
  requirements.cpus = {1'000};
  JobPreferences preferences;
  preferences.time_limit = core::hours(1);
  PlacementCache cache;
  for (const auto& [micros, is_measured] :
       {std::pair{9, false}, {10, true}, {19, true}, {20, false}, {15, true}}) {
    grid.now = Time{micros};
    EXPECT_EQ(place({3}, requirements, preferences, grid.input(), cache).chosen.has_value(),
              is_measured);
  }
}

// No source of capacity: never assume room. Two sources: both must agree.
TEST(Place, EverySourceMustHaveRoom) {
  topology::Pool pool;
  pool.cpus_per_node = {4'000};
  pool.memory_per_node = {8};
  pool.devices_per_node = {{"gpu", "", 2, {}}};
  pool.scratch = {6};
  pool.nodes = {{"n", true}};
  pool.isolation = topology::Isolation::namespace_;
  pool.capability.emplace().expires = core::kNever;
  const auto snapshot = topology::Snapshot::make_empty()->with_site({})->with_pool(pool);
  const PoolCapacity capacity(pool);
  Requirements requirements;
  requirements.tasks = 2;
  requirements.scratch = {3};
  requirements.cpus = {1'000};
  requirements.memory = {2};
  requirements.devices = {{"gpu", "", 1, {}}};
  JobPreferences preferences;
  preferences.time_limit = core::hours(1);
  const auto fits = [&](const PoolCapacity* own, const FreeCounts* reported) {
    const PoolView view{{0}, own, reported, {}};
    return place(requirements, preferences, {*snapshot, {&view, 1}, Time{1}}).chosen.has_value();
  };
  const FreeCounts enough{{2'000}, {4}, {2}, {6}};
  const FreeCounts few_cpus{{1'999}, {4}, {2}, {6}};
  const FreeCounts little_memory{{2'000}, {3}, {2}, {6}};
  const FreeCounts few_devices{{2'000}, {4}, {1}, {6}};
  const FreeCounts little_scratch{{2'000}, {4}, {2}, {5}};
  const FreeCounts more_scratch{{2'000}, {4}, {2}, {6}};
  EXPECT_FALSE(fits(nullptr, nullptr));
  EXPECT_TRUE(fits(&capacity, nullptr));
  EXPECT_TRUE(fits(nullptr, &enough));
  EXPECT_TRUE(fits(&capacity, &enough));
  EXPECT_FALSE(fits(&capacity, &few_cpus));
  EXPECT_FALSE(fits(nullptr, &little_memory));
  EXPECT_FALSE(fits(nullptr, &few_devices));
  EXPECT_FALSE(fits(nullptr, &little_scratch));
  EXPECT_TRUE(fits(nullptr, &more_scratch));
  PoolCapacity full(pool);
  ASSERT_TRUE(full.reserve({{4'000}, {0}, {}}, 1).has_value());
  EXPECT_FALSE(fits(&full, &enough));
}

PoolLoad make_load(core::Time next_end, core::Time last_end) {
  return {2, {{1'000}, {4}, {}, {}}, next_end, last_end, core::minutes(1)};
}

TEST(Wait, UntilTheFirstIsOverForWhatIsNoMoreThanItHasElseUntilAllAre) {
  const Time now = core::Time{} + core::hours(1);
  const PoolLoad load = make_load(now + core::minutes(5), now + core::minutes(50));
  EXPECT_EQ(estimate_wait(load, {{1'000}, {4}, {}, {}}, now), core::minutes(6));
  EXPECT_EQ(estimate_wait(load, {{1'001}, {4}, {}, {}}, now), core::minutes(51));
  EXPECT_EQ(estimate_wait(load, {{1'000}, {5}, {}, {}}, now), core::minutes(51));
  EXPECT_EQ(estimate_wait(load, {{1'000}, {4}, {1}, {}}, now), core::minutes(51));
  EXPECT_EQ(estimate_wait(load, {{1'000}, {4}, {}, {1}}, now), core::minutes(51));
  EXPECT_EQ(estimate_wait(load, {{1'000}, {4}, {}, {}}, now + core::hours(2)), core::minutes(1));
  const FreeCounts total{{8'000}, {10}, {4}, {9}};
  const FreeCounts free{{2'000}, {11}, {1}, {}};
  const FreeCounts mean = compute_mean(total, free, 2);
  EXPECT_EQ(mean.cpus.count, 3'000);
  EXPECT_EQ(mean.memory.count, 0);
  EXPECT_EQ(mean.devices[0], 1);
  EXPECT_EQ(mean.scratch.count, 4);
}

// Against the rule from the verdicts: a busy pool is waited for if it is cheaper with its wait.
TEST(Place, WaitingForRoomIsPricedBesideWhatHasRoom) {
  int awaited = 0;
  int taken = 0;
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    SCOPED_TRACE(seed);
    Grid grid(seed, 12);
    std::vector<PoolLoad> loads;
    for (std::size_t pool = 0; pool < grid.views.size(); ++pool) {
      const core::Duration first = core::minutes(grid.random.between(0, 90));
      loads.push_back(make_load(grid.now + first, grid.now + first + core::minutes(30)));
      if (grid.random.chance(1, 5)) loads.back().running = 0;
    }
    for (PoolView& view : grid.views) {
      if (grid.random.chance(3, 4)) view.load = &loads[view.pool.index];
      if (grid.random.chance(1, 2)) grid.reported[view.pool.index].cpus = {};
    }
    for (int step = 0; step < 20; ++step) {
      const Requirements requirements = grid.draw_requirements();
      JobPreferences preferences = grid.draw_preferences();
      if (grid.random.chance(1, 4)) preferences.price_per_hour_of_delay = {};
      const auto verdicts = explain_pools(requirements, preferences, grid.input());
      Placement expected = recompute(verdicts);
      for (const PoolVerdict& verdict : verdicts) {
        const PoolLoad* load = grid.views[verdict.pool.index].load;
        const bool counts = verdict.reason == Reason::busy && load != nullptr &&
                            load->running > 0 && preferences.price_per_hour_of_delay.count > 0;
        if (!counts) continue;
        const Candidate& one = *verdict.candidate;
        EXPECT_GE(one.time.wait, core::minutes(1));
        const core::Duration until_end = one.time.wait + one.time.move + one.time.run;
        if (preferences.deadline && grid.now + until_end > *preferences.deadline) continue;
        if (preferences.price_max && one.price_max > *preferences.price_max) continue;
        if (!expected.awaited || one.cost.total < expected.awaited->cost.total) {
          expected.awaited = one;
        }
      }
      if (expected.chosen && expected.awaited &&
          expected.awaited->cost.total < expected.candidates[0].cost.total) {
        expected.chosen.reset();
        expected.verdict = Reason::busy;
        ++awaited;
      } else if (expected.chosen && expected.awaited) {
        ++taken;
      }
      ASSERT_EQ(place(requirements, preferences, grid.input()), expected);
    }
  }
  EXPECT_GE(awaited, 20);
  EXPECT_GE(taken, 20);
}

TEST(Place, SumsAreNotEnoughWhereTheNodesAreKnown) {
  topology::Pool pool;
  pool.cpus_per_node = {4'000};
  pool.nodes = {{"a", true}, {"b", true}};
  pool.isolation = topology::Isolation::namespace_;
  pool.capability.emplace().expires = core::kNever;
  const auto snapshot = topology::Snapshot::make_empty()->with_site({})->with_pool(pool);
  const FreeCounts reported{{4'000}, {}, {}, {}};
  JobPreferences preferences;
  preferences.time_limit = core::hours(1);
  const auto fits = [&](std::int64_t cpus, std::int64_t tasks, const NodeRooms& rooms) {
    Requirements requirements;
    requirements.cpus = {cpus};
    requirements.tasks = tasks;
    PoolView view;
    view.reported = &reported;
    view.rooms = &rooms;
    return place(requirements, preferences, {*snapshot, {&view, 1}, Time{1}}).chosen.has_value();
  };
  const NodeRooms scattered({{{2'000}, {}, {}, 2}});
  EXPECT_FALSE(fits(4'000, 1, scattered));
  EXPECT_TRUE(fits(2'000, 2, scattered));
  EXPECT_FALSE(fits(1'500, 3, scattered));
  EXPECT_TRUE(fits(4'000, 1, NodeRooms({{{4'000}, {}, {}, 1}, {{}, {}, {}, 1}})));
  EXPECT_TRUE(fits(4'000, 1, NodeRooms()));
}

// Lines change without a new version of the snapshot.
TEST(Place, TheWayFromTheUsersIsLookedAtAnew) {
  topology::Pool pool;
  pool.region = "b";
  pool.cpus_per_node = {1'000};
  pool.nodes = {{"n", true}};
  pool.isolation = topology::Isolation::namespace_;
  pool.user_line.latency_ms = 3;
  pool.capability.emplace().expires = core::kNever;
  const auto snapshot = topology::Snapshot::make_empty()->with_site({})->with_pool(pool);
  const PoolCapacity capacity(pool);
  const PoolView view{{0}, &capacity, nullptr, {}};
  topology::RegionLines lines;
  const PlacementInput input{*snapshot, {&view, 1}, Time{1}, &lines};
  Requirements requirements;
  requirements.cpus = {1'000};
  requirements.latency_max_ms = 40;
  JobPreferences preferences;
  preferences.time_limit = core::hours(1);
  preferences.user_region = "a";
  PlacementCache cache;
  const auto is_near = [&] {
    const Placement placement = place({0}, requirements, preferences, input, cache);
    const auto verdicts = explain_pools(requirements, preferences, input);
    EXPECT_EQ(placement, place(requirements, preferences, input));
    EXPECT_EQ(placement, recompute(verdicts));
    if (!placement.chosen) {
      EXPECT_EQ(verdicts[0].reason, Reason::latency_too_high);
    }
    return placement.chosen.has_value();
  };
  EXPECT_FALSE(is_near());  // 50 ms are assumed.
  lines.put({"", "", "a", "b", 1'000'000, 37, {}});
  EXPECT_TRUE(is_near());
  lines.put({"", "", "a", "b", 1'000'000, 38, {}});
  EXPECT_FALSE(is_near());
  lines.set_delay({"a", "b"}, core::milliseconds(10));
  EXPECT_TRUE(is_near());
  lines.set_delay({"b", "a"}, core::milliseconds(1'000));
  EXPECT_TRUE(is_near());
  lines.set_delay({"a", "b"}, core::Duration{37'001});
  EXPECT_FALSE(is_near());
  preferences.user_region = "b";
  EXPECT_TRUE(is_near());
}

TEST(Place, TheCacheForgetsOnDemand) {
  topology::Pool pool;
  pool.cpus_per_node = {1'000};
  pool.nodes = {{"n", true}};
  pool.isolation = topology::Isolation::namespace_;
  pool.capability.emplace().expires = core::kNever;
  const auto snapshot = topology::Snapshot::make_empty()->with_site({})->with_pool(pool);
  const PoolCapacity capacity(pool);
  const PoolView view{{0}, &capacity, nullptr, {}};
  const PlacementInput input{*snapshot, {&view, 1}, Time{1}};
  Requirements small;
  small.cpus = {1'000};
  Requirements large;
  large.cpus = {2'000};
  JobPreferences preferences;
  preferences.time_limit = core::hours(1);
  PlacementCache cache;
  EXPECT_TRUE(place({0}, small, preferences, input, cache).chosen.has_value());
  cache.forget({0});
  EXPECT_FALSE(place({0}, large, preferences, input, cache).chosen.has_value());
  cache.clear();
  EXPECT_TRUE(place({0}, small, preferences, input, cache).chosen.has_value());
  cache.forget({7});
}

}  // namespace
}  // namespace intertie::placement
