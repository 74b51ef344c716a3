// The class rule as a table around its thresholds.
#include "intertie/measurement/class_rule.h"

#include <functional>

#include <gtest/gtest.h>

#include "intertie/measurement/capability.h"

#include "statement_samples.h"

namespace intertie::measurement {
namespace {

using core::ComputeClass;
using core::Precision;
using core::Reason;

constexpr std::int64_t giga = 1'000'000'000;

void set_rate(Statement& statement, Measure what, std::int64_t median) {
  std::erase_if(statement.figures, [what](const Figure& figure) { return figure.what == what; });
  if (median > 0) statement.figures.push_back(make_sample_figure(what, median));
}

/// A small old machine: FP64 and FP32 alone.
Statement make_plain(std::int64_t fp64) {
  Statement statement = make_sample_statement();
  set_rate(statement, Measure::bf16, 0);
  set_rate(statement, Measure::int8, 0);
  set_rate(statement, Measure::fp64, fp64);
  return statement;
}

void add_devices(Statement& statement, std::vector<Figure> figures) {
  statement.devices.push_back({"npu", "x", 2, {}, std::move(figures)});
}

struct Case {
  const char* name;
  std::string expected;  // Initials of the classes it qualifies for.
  PoolFacts pool;
  std::function<Statement()> make;
};

TEST(ClassRule, Table) {
  const PoolFacts one;
  const std::vector<Case> cases = {
      {"modern processor", "bis", one, [] { return make_sample_statement(); }},
      {"old processor", "b", one, [] { return make_plain(5 * giga); }},
      {"FP64 at the threshold", "bs", one, [] { return make_plain(10 * giga); }},
      {"FP64 below the threshold", "b", one, [] { return make_plain(10 * giga - 1); }},
      {"INT8 exactly twice FP64", "bis", one,
       [] {
         Statement s = make_plain(20 * giga);
         set_rate(s, Measure::int8, 40 * giga);
         return s;
       }},
      {"INT8 below twice FP64", "bs", one,
       [] {
         Statement s = make_plain(20 * giga);
         set_rate(s, Measure::int8, 40 * giga - 1);
         return s;
       }},
      {"INT8 many times FP64 but slow", "b", one,
       [] {
         Statement s = make_plain(1 * giga);
         set_rate(s, Measure::int8, 12 * giga);
         return s;
       }},
      {"memory too slow to feed it", "bi", one,
       [] {
         Statement s = make_sample_statement();
         set_rate(s, Measure::memory_triad, 1'100'000'000);
         return s;
       }},
      {"memory just fast enough", "bis", one,
       [] {
         Statement s = make_sample_statement();
         set_rate(s, Measure::memory_triad, 1'200'000'000);
         return s;
       }},
      {"NPU beside an old processor", "bi", one,
       [] {
         Statement s = make_plain(5 * giga);
         add_devices(s, {make_device_figure(Measure::fp16, 25 * giga)});
         return s;
       }},
      {"NPUs just too slow together", "b", one,
       [] {
         Statement s = make_plain(5 * giga);
         add_devices(s, {make_device_figure(Measure::fp16, 25 * giga - 1)});
         return s;
       }},
      {"FP64 card", "bis", one,
       [] {
         Statement s = make_plain(5 * giga);
         add_devices(s, {make_device_figure(Measure::fp64, 1000 * giga),
                         make_device_figure(Measure::bf16, 4000 * giga)});
         return s;
       }},
      {"several nodes without fabric", "bi", {2, 0}, [] { return make_sample_statement(); }},
      {"several nodes with slow fabric",
       "bi",
       {2, 25 * giga - 1},
       [] { return make_sample_statement(); }},
      {"several nodes with fabric", "bis", {2, 25 * giga}, [] { return make_sample_statement(); }},
      {"imported figures", "", one,
       [] {
         Statement s = make_sample_statement();
         for (Figure& figure : s.figures) figure.source = Source::imported;
         return s;
       }},
      {"nothing measured", "", one,
       [] {
         Statement s = make_sample_statement();
         s.figures.clear();
         return s;
       }},
  };
  for (const Case& one_case : cases) {
    SCOPED_TRACE(one_case.name);
    const std::vector<ClassFinding> findings = judge_classes(one_case.make(), one_case.pool);
    ASSERT_EQ(findings.size(), 3u);
    std::string got;
    for (const ClassFinding& finding : findings) {
      EXPECT_FALSE(finding.because.empty());
      if (finding.qualifies) got += core::compute_class_name(finding.compute_class).front();
    }
    EXPECT_EQ(got, one_case.expected);
  }
}

TEST(ClassRule, ABusyMachineKeepsItsClass) {
  Statement statement = make_sample_statement();
  const auto idle = judge_classes(statement, {});
  for (Figure& figure : statement.figures) {
    figure.wall_clock = {figure.wall_clock.low / 5, figure.wall_clock.low / 9,
                         figure.wall_clock.high};
  }
  EXPECT_EQ(judge_classes(statement, {}), idle);
}

TEST(ClassRule, TheOperatorChoosesAmongWhatIsBacked) {
  const Statement modern = make_sample_statement();
  for (const ComputeClass wish :
       {ComputeClass::basic, ComputeClass::intelligent, ComputeClass::super}) {
    EXPECT_EQ(*choose_class(modern, {}, wish), wish);
  }
  const auto refused = choose_class(make_plain(5 * giga), {}, ComputeClass::super);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, Reason::class_missing);
}

TEST(ClassRule, WithoutAWishOnlyDevicesLiftAPool) {
  EXPECT_EQ(*choose_class(make_sample_statement(), {}, std::nullopt), ComputeClass::basic);
  Statement npu = make_sample_statement();
  add_devices(npu, {make_device_figure(Measure::bf16, 100 * giga)});
  EXPECT_EQ(*choose_class(npu, {}, std::nullopt), ComputeClass::intelligent);
  Statement card = make_sample_statement();
  add_devices(card, {make_device_figure(Measure::fp64, 2000 * giga)});
  EXPECT_EQ(*choose_class(card, {}, std::nullopt), ComputeClass::super);
}

TEST(ClassRule, NothingMeasuredIsUnmeasured) {
  Statement empty = make_sample_statement();
  empty.figures.clear();
  EXPECT_EQ(choose_class(empty, {}, std::nullopt).error().reason, Reason::unmeasured);
  EXPECT_EQ(choose_class(empty, {}, ComputeClass::basic).error().reason, Reason::unmeasured);
}

TEST(Claim, IsBoundByThePeakOfAllProcessors) {
  const Statement statement = make_sample_statement();
  // 4 processors x 44 GFLOP/s peak, and five percent: 184.8.
  EXPECT_TRUE(check_claim(statement, {Precision::fp64, 176 * giga}));
  EXPECT_TRUE(check_claim(statement, {Precision::fp64, 184'800'000'000}));
  const auto refused = check_claim(statement, {Precision::fp64, 184'800'000'001});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, Reason::claim_above_measured);
}

TEST(Claim, OfAPrecisionThatWasNotMeasuredIsRefused) {
  EXPECT_FALSE(check_claim(make_sample_statement(), {Precision::fp8, 1}));
  EXPECT_TRUE(check_claim(make_sample_statement(), {Precision::fp8, 0}));
}

TEST(Claim, CountsDevicesBesideProcessors) {
  Statement statement = make_sample_statement();
  add_devices(statement, {make_device_figure(Measure::fp64, 1000 * giga)});
  // 2 devices x 1020 (highest repeat) + 176, and five percent.
  EXPECT_TRUE(check_claim(statement, {Precision::fp64, 2'326'800'000'000}));
  EXPECT_FALSE(check_claim(statement, {Precision::fp64, 2'326'800'000'001}));
}

TEST(Capability, TakesMeasuredMedians) {
  Statement statement = make_sample_statement();
  add_devices(statement, {make_device_figure(Measure::fp16, 7 * giga)});
  statement.figures[3].source = Source::imported;
  const topology::Capability capability = compute_capability(statement);
  const std::vector<core::Rate> cpu = {
      {Precision::fp64, 40 * giga}, {Precision::fp32, 80 * giga}, {Precision::bf16, 160 * giga}};
  EXPECT_EQ(capability.rates_per_cpu, cpu);
  EXPECT_EQ(capability.rates_per_device, (std::vector<core::Rate>{{Precision::fp16, 7 * giga}}));
  EXPECT_EQ(capability.memory_bytes_per_second, 40 * giga);
  EXPECT_EQ(capability.disk_write_bytes_per_second, giga);
  EXPECT_EQ(capability.disk_read_bytes_per_second, 2 * giga);
  EXPECT_EQ(capability.measured_at, statement.ended);
  EXPECT_EQ(capability.expires, statement.expires);
}

TEST(Capability, ContendedMemoryCountsItsBestRepeat) {
  Statement statement = make_sample_statement();
  Figure& triad = statement.figures[4];
  triad.contended = true;
  triad.cpu_per_wall_permille = 400;
  triad.wall_clock = {11 * giga, 9 * giga, 23 * giga};
  EXPECT_EQ(compute_capability(statement).memory_bytes_per_second, 23 * giga);
}

}  // namespace
}  // namespace intertie::measurement
