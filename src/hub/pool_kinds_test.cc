// Which pools are alike, and that numbers come back.
#include "pool_kinds.h"

#include <gtest/gtest.h>

namespace intertie::hub {
namespace {

topology::Pool make_pool(std::uint32_t handle, std::int64_t cpus) {
  topology::Pool pool;
  pool.handle = {handle};
  pool.site = {handle};
  pool.name = "p" + std::to_string(handle);
  pool.identifier = "52P" + pool.name;
  pool.region = "52";
  pool.cpus_per_node = {cpus};
  pool.nodes.assign(2, {});
  pool.capability.emplace().expires = core::kNever;
  return pool;
}

TEST(PoolKinds, OnlyNamesAndPlacesMayDiffer) {
  PoolKinds kinds;
  const std::uint32_t first = kinds.assign(make_pool(0, 4'000));
  EXPECT_NE(first, 0u);
  EXPECT_EQ(kinds.assign(make_pool(1, 4'000)), first);
  std::uint32_t handle = 2;
  const auto differs = [&](auto change) {
    topology::Pool pool = make_pool(handle++, 4'000);
    change(pool);
    return kinds.assign(pool) != first;
  };
  EXPECT_TRUE(differs([](topology::Pool& pool) { pool.region = "42"; }));
  EXPECT_TRUE(differs([](topology::Pool& pool) { pool.status = topology::PoolStatus::lost; }));
  EXPECT_TRUE(differs([](topology::Pool& pool) { pool.cpus_per_node = {5'000}; }));
  EXPECT_TRUE(differs([](topology::Pool& pool) { pool.nodes.pop_back(); }));
  EXPECT_TRUE(differs([](topology::Pool& pool) { pool.price.per_cpu_hour = core::Money{1}; }));
  EXPECT_TRUE(differs([](topology::Pool& pool) { pool.capability->expires = core::Time{9}; }));
  EXPECT_TRUE(differs([](topology::Pool& pool) { pool.user_line.latency_ms = 1; }));
  EXPECT_FALSE(differs([](topology::Pool&) {}));
}

// A hub whose peers change their prices all day does not collect kinds.
TEST(PoolKinds, NumbersAreUsedAgain) {
  PoolKinds kinds;
  for (std::int64_t price = 1; price <= 1'000; ++price) {
    EXPECT_LE(kinds.assign(make_pool(0, price)), 2u);
    EXPECT_LE(kinds.assign(make_pool(1, price / 2 * 2)), 3u);
  }
  kinds.clear({0});
  kinds.clear({0});
  kinds.clear({1});
  EXPECT_EQ(kinds.assign(make_pool(2, 7)), 1u);
}

}  // namespace
}  // namespace intertie::hub
