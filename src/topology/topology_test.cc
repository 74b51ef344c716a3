// Descriptions, capability lookups and snapshots.
#include <algorithm>
#include <map>
#include <optional>

#include <gtest/gtest.h>

#include "intertie/core/limits.h"
#include "intertie/core/random.h"
#include "intertie/topology/snapshot.h"

namespace intertie::topology {
namespace {

using core::Money;
using core::Precision;
using core::Reason;
using core::Time;

Pool make_pool(std::uint32_t handle, std::uint32_t site) {
  Pool pool;
  pool.handle = {handle};
  pool.site = {site};
  pool.name = "pool" + std::to_string(handle);
  pool.cpus_per_node = {8'000};
  pool.memory_per_node = {1LL << 30};
  pool.nodes = {{"a"}, {"b"}};
  return pool;
}

Site make_site(std::uint32_t handle) {
  Site site;
  site.handle = {handle};
  site.name = "site" + std::to_string(handle);
  return site;
}

TEST(Capability, RatesOfOtherPrecisionsNeverStandIn) {
  const std::vector<core::Rate> rates = {{Precision::fp64, 5}, {Precision::bf16, 9}};
  EXPECT_EQ(find_rate(rates, Precision::fp64), 5);
  EXPECT_EQ(find_rate(rates, Precision::bf16), 9);
  EXPECT_EQ(find_rate(rates, Precision::fp32), std::nullopt);
}

TEST(Capability, CountsFromMeasurementUntilExpiry) {
  Capability capability;
  capability.measured_at = Time{10};
  capability.expires = Time{20};
  EXPECT_FALSE(is_valid_at(capability, Time{9}));
  EXPECT_TRUE(is_valid_at(capability, Time{10}));
  EXPECT_TRUE(is_valid_at(capability, Time{19}));
  EXPECT_FALSE(is_valid_at(capability, Time{20}));
}

// One wrong field at a time; each must be named by its reason.
TEST(CheckPool, NamesWhatIsWrong) {
  struct Case {
    const char* what;
    void (*spoil)(Pool&);
    std::optional<Reason> reason;
  };
  const Case cases[] = {
      {"good", [](Pool&) {}, std::nullopt},
      {"no name", [](Pool& p) { p.name.clear(); }, Reason::bad_field},
      {"no cpus", [](Pool& p) { p.cpus_per_node = {0}; }, Reason::out_of_range},
      {"cpus", [](Pool& p) { p.cpus_per_node = {1'000'000'001}; }, Reason::out_of_range},
      {"memory", [](Pool& p) { p.memory_per_node = {-1}; }, Reason::out_of_range},
      {"memory high", [](Pool& p) { p.memory_per_node = {(1LL << 46) + 1}; }, Reason::out_of_range},
      {"no nodes", [](Pool& p) { p.nodes.clear(); }, Reason::out_of_range},
      {"node name", [](Pool& p) { p.nodes[1].name.clear(); }, Reason::bad_field},
      {"name", [](Pool& p) { p.name = std::string("a\0b", 3); }, Reason::bad_field},
      {"node's zero", [](Pool& p) { p.nodes[1].name += '\0'; }, Reason::bad_field},
      {"software", [](Pool& p) { p.software = {"a\nb"}; }, Reason::bad_field},
      {"node twice", [](Pool& p) { p.nodes[1].name = "a"; }, Reason::duplicate_field},
      {"64 cards",
       [](Pool& p) {
         p.devices_per_node = {{"gpu", "", 32, {}}, {"npu", "", 32, {}}};
       },
       std::nullopt},
      {"65 cards",
       [](Pool& p) {
         p.devices_per_node = {{"gpu", "", 32, {}}, {"npu", "", 33, {}}};
       },
       Reason::out_of_range},
      {"no cards",
       [](Pool& p) {
         p.devices_per_node = {{"gpu", "", 0, {}}};
       },
       Reason::out_of_range},
      {"huge cards",
       [](Pool& p) {
         p.devices_per_node = {{"gpu", "", INT64_MAX, {}}};
       },
       Reason::out_of_range},
      {"no kind",
       [](Pool& p) {
         p.devices_per_node = {{"", "", 1, {}}};
       },
       Reason::bad_field},
      {"card memory",
       [](Pool& p) {
         p.devices_per_node = {{"gpu", "", 1, {-1}}};
       },
       Reason::out_of_range},
      {"9 groups",
       [](Pool& p) {
         p.devices_per_node.assign(9, {"gpu", "", 1, {}});
       },
       Reason::out_of_range},
      {"8 groups",
       [](Pool& p) {
         p.devices_per_node.assign(8, {"gpu", "", 1, {}});
       },
       std::nullopt},
      {"software",
       [](Pool& p) {
         p.software = {"a", "b"};
       },
       std::nullopt},
      {"software unsorted",
       [](Pool& p) {
         p.software = {"b", "a"};
       },
       Reason::bad_field},
      {"software twice",
       [](Pool& p) {
         p.software = {"a", "a"};
       },
       Reason::bad_field},
      {"software empty",
       [](Pool& p) {
         p.software = {"", "a"};
       },
       Reason::bad_field},
      {"price", [](Pool& p) { p.price.per_gib_hour = {-1}; }, Reason::out_of_range},
      {"price cpu", [](Pool& p) { p.price.per_cpu_hour = {-1}; }, Reason::out_of_range},
      {"price device", [](Pool& p) { p.price.per_device_hour = {-1}; }, Reason::out_of_range},
      {"minimum", [](Pool& p) { p.price.minimum = {-1}; }, Reason::out_of_range},
      {"latency", [](Pool& p) { p.user_line.latency_ms = -1; }, Reason::out_of_range},
      {"bandwidth", [](Pool& p) { p.user_line.bandwidth_bits_per_second = -1; },
       Reason::out_of_range},
      {"line price", [](Pool& p) { p.user_line.price_per_gigabyte = {-1}; }, Reason::out_of_range},
      {"rate",
       [](Pool& p) {
         p.capability.emplace().rates_per_cpu = {{Precision::fp64, 0}};
       },
       Reason::out_of_range},
      {"rate twice",
       [](Pool& p) {
         p.capability.emplace().rates_per_device = {{Precision::fp64, 1}, {Precision::fp64, 2}};
       },
       Reason::duplicate_field},
      {"disk", [](Pool& p) { p.capability.emplace().disk_write_bytes_per_second = -1; },
       Reason::out_of_range},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.what);
    Pool pool = make_pool(0, 0);
    c.spoil(pool);
    const auto checked = check_pool(pool);
    ASSERT_EQ(checked.has_value(), !c.reason.has_value());
    if (c.reason) {
      EXPECT_EQ(checked.error().reason, *c.reason);
    }
  }
}

TEST(CheckPool, TakesAtMostTheLimits) {
  Pool pool = make_pool(0, 0);
  pool.nodes.clear();
  for (std::size_t i = 0; i < core::limits::nodes_per_pool_max; ++i) {
    pool.nodes.push_back({std::to_string(i)});
  }
  EXPECT_TRUE(check_pool(pool));
  pool.nodes.push_back({"one more"});
  EXPECT_EQ(check_pool(pool).error().reason, Reason::out_of_range);
  pool = make_pool(0, 0);
  for (int i = 0; i < 1'025; ++i) pool.software.push_back("s" + std::to_string(10'000 + i));
  EXPECT_EQ(check_pool(pool).error().reason, Reason::out_of_range);
  pool.software.pop_back();
  EXPECT_TRUE(check_pool(pool));
}

TEST(CountDevices, SumsOverGroups) {
  Pool pool = make_pool(0, 0);
  EXPECT_EQ(count_devices_per_node(pool), 0);
  pool.devices_per_node = {{"gpu", "x", 8, {}}, {"npu", "y", 3, {}}};
  EXPECT_EQ(count_devices_per_node(pool), 11);
}

TEST(Snapshot, OldVersionsStayAsTheyWere) {
  const auto empty = Snapshot::make_empty(7);
  const auto one = empty->with_site(make_site(0))->with_pool(make_pool(0, 0));
  const auto two = one->with_pool_status({0}, PoolStatus::drained);
  const auto three = two->without_pool({0});
  EXPECT_EQ(empty->version(), 7u);
  EXPECT_EQ(three->version(), 11u);
  EXPECT_EQ(empty->find_pool({0}), nullptr);
  EXPECT_EQ(one->find_pool({0})->status, PoolStatus::active);
  EXPECT_EQ(two->find_pool({0})->status, PoolStatus::drained);
  EXPECT_EQ(three->find_pool({0}), nullptr);
  EXPECT_EQ(three->pool_count(), 1u);
  EXPECT_EQ(three->site_count(), 1u);
  EXPECT_EQ(one->find_site({0})->name, "site0");
  EXPECT_EQ(two->find_pool({0})->nodes.size(), 2u);
}

// Oracle: a std::map copied at every step.
TEST(Snapshot, EveryVersionEqualsAPlainCopy) {
  core::Random random(11);
  auto snapshot = Snapshot::make_empty()->with_site(make_site(0));
  std::map<std::uint32_t, std::string> plain;
  std::vector<std::pair<Snapshot::Pointer, std::map<std::uint32_t, std::string>>> history;
  for (int step = 0; step < 600; ++step) {
    const auto handle = static_cast<std::uint32_t>(random.below(300));
    if (plain.contains(handle) && random.chance(1, 3)) {
      snapshot = snapshot->without_pool({handle});
      plain.erase(handle);
    } else {
      Pool pool = make_pool(handle, 0);
      pool.name = "version " + std::to_string(step);
      plain[handle] = pool.name;
      snapshot = snapshot->with_pool(std::move(pool));
    }
    history.emplace_back(snapshot, plain);
  }
  for (const auto& [version, expected] : history) {
    for (std::uint32_t handle = 0; handle < 310; ++handle) {
      const Pool* pool = version->find_pool({handle});
      const auto found = expected.find(handle);
      ASSERT_EQ(pool != nullptr, found != expected.end());
      if (pool != nullptr) {
        ASSERT_EQ(pool->name, found->second);
      }
    }
  }
}

// Unchanged rows are shared, not copied: the address proves it.
TEST(Snapshot, SharesWhatDidNotChange) {
  auto snapshot = Snapshot::make_empty()->with_site(make_site(0));
  for (std::uint32_t i = 0; i < 200; ++i) snapshot = snapshot->with_pool(make_pool(i, 0));
  const auto changed = snapshot->with_pool_status({5}, PoolStatus::lost);
  for (std::uint32_t i = 0; i < 200; ++i) {
    EXPECT_EQ(snapshot->find_pool({i}) == changed->find_pool({i}), i != 5);
  }
}

}  // namespace
}  // namespace intertie::topology
