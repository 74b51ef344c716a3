// Usage records: their rules, and that intervals add up to the whole.
#include "intertie/execution/usage_record.h"

#include <functional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "intertie/core/random.h"

namespace intertie::execution {
namespace {

UsageRecord make_record() {
  UsageRecord record;
  record.site = "site";
  record.pool = "pool";
  record.key = {1, 1, 0};
  record.from = {1'000};
  record.to = {2'000};
  record.reserved = {{1'000}, {1 << 20}, 1};
  return record;
}

UsageRecord make_next(const UsageRecord& record) {
  UsageRecord next = record;
  next.number = record.number + 1;
  next.from = record.to;
  next.to = record.to + core::microseconds(500);
  return next;
}

}  // namespace

TEST(UsageRecord, SumOfIntervalsIsTheLastReading) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE(seed);
    core::Random random(seed);
    Measured reading;
    Measured sum;
    std::int64_t peak = 0;
    for (int step = 0; step < 20; ++step) {
      Measured next = reading;
      next.cpu_user.count += random.between(0, 1'000);
      next.cpu_system.count += random.between(0, 1'000);
      next.bytes_written.count += random.between(0, 1'000);
      next.memory_peak.count = random.between(0, 1'000);
      peak = std::max(peak, next.memory_peak.count);
      const Measured use = compute_use_between(reading, next);
      EXPECT_EQ(use.memory_peak.count, std::max(reading.memory_peak.count, next.memory_peak.count));
      sum.cpu_user += use.cpu_user;
      sum.cpu_system += use.cpu_system;
      sum.bytes_written += use.bytes_written;
      reading = next;
    }
    EXPECT_EQ(sum.cpu_user, reading.cpu_user);
    EXPECT_EQ(sum.cpu_system, reading.cpu_system);
    EXPECT_EQ(sum.bytes_written, reading.bytes_written);
  }
}

TEST(UsageRecord, ALowerReadingIsNoUse) {
  Measured before;
  before.cpu_user.count = 10;
  EXPECT_EQ(compute_use_between(before, {}).cpu_user.count, 0);
}

TEST(UsageRecord, EachRuleOfOneRecordIsKept) {
  EXPECT_TRUE(check(make_record()));
  const std::vector<std::pair<std::function<void(UsageRecord&)>, std::string>> cases = {
      {[](auto& r) { r.number = 0; }, "number"},
      {[](auto& r) { r.to = {999}; }, "to"},
      {[](auto& r) { r.reserved.cpus.count = -1; }, "reserved.cpus"},
      {[](auto& r) { r.reserved.memory.count = -1; }, "reserved.memory"},
      {[](auto& r) { r.reserved.devices = -1; }, "reserved.devices"},
      {[](auto& r) { r.measured.cpu_user.count = -1; }, "measured.cpu_user"},
      {[](auto& r) { r.measured.cpu_system.count = -1; }, "measured.cpu_system"},
      {[](auto& r) { r.measured.memory_peak.count = -1; }, "measured.memory_peak"},
      {[](auto& r) { r.measured.bytes_written.count = -1; }, "measured.bytes_written"},
  };
  for (const auto& [spoil, field] : cases) {
    UsageRecord record = make_record();
    spoil(record);
    const auto result = check(record);
    ASSERT_FALSE(result) << field;
    EXPECT_TRUE(result.error().detail.starts_with(field + ":")) << result.error().detail;
  }
}

TEST(UsageRecord, EachRuleOfSuccessionIsKept) {
  const UsageRecord first = make_record();
  EXPECT_TRUE(check_follows(first, make_next(first)));
  const std::vector<std::pair<std::function<void(UsageRecord&, UsageRecord&)>, std::string>> cases =
      {
          {[](auto&, auto& n) { n.site = "other"; }, "site"},
          {[](auto&, auto& n) { n.pool = "other"; }, "pool"},
          {[](auto&, auto& n) { n.key.attempt = 2; }, "key"},
          {[](auto&, auto& n) { n.reserved.devices = 2; }, "reserved"},
          {[](auto& p, auto&) { p.is_last = true; }, "number"},
          {[](auto&, auto& n) { n.number = 1; }, "number"},
          {[](auto&, auto& n) { n.number = 3; }, "number"},
          {[](auto&, auto& n) { n.number = 0; }, "number"},
          {[](auto&, auto& n) { n.from = {2'001}; }, "from"},
          {[](auto&, auto& n) { n.from = {1'999}; }, "from"},
          {[](auto&, auto& n) { n.to = {1'000}; }, "to"},
      };
  for (const auto& [spoil, field] : cases) {
    UsageRecord previous = make_record();
    UsageRecord next = make_next(previous);
    spoil(previous, next);
    const auto result = check_follows(previous, next);
    ASSERT_FALSE(result) << field;
    EXPECT_TRUE(result.error().detail.starts_with(field + ":")) << result.error().detail;
  }
}

}  // namespace intertie::execution
