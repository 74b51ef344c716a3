// The statement's self-consistency: one change at a time must be found.
#include "intertie/measurement/statement.h"

#include <functional>

#include <gtest/gtest.h>

#include "statement_samples.h"

namespace intertie::measurement {
namespace {

using core::Reason;

TEST(Statement, SampleIsConsistent) {
  const auto checked = check_statement(make_sample_statement());
  EXPECT_TRUE(checked) << core::to_text(checked.error());
}

struct Fault {
  const char* name;
  Reason reason;
  const char* where;
  std::function<void(Statement&)> plant;
};

TEST(Statement, EveryContradictionIsNamed) {
  const std::vector<Fault> faults = {
      {"other method", Reason::bad_field, "method", [](auto& s) { s.method = "guess"; }},
      {"other version", Reason::bad_field, "method_version", [](auto& s) { ++s.method_version; }},
      {"no subject", Reason::bad_field, "subject", [](auto& s) { s.subject.clear(); }},
      {"ends first", Reason::bad_field, "ended", [](auto& s) { s.started.micros += 9'000'000; }},
      {"expires at its end", Reason::bad_field, "expires", [](auto& s) { s.expires = s.ended; }},
      {"steal", Reason::bad_field, "steal", [](auto& s) { s.steal_permille = 1001; }},
      {"no cores", Reason::bad_field, "cores", [](auto& s) { s.machine.cores = 0; }},
      {"more usable than there", Reason::bad_field, "usable_cpus",
       [](auto& s) { s.machine.usable_cpus = {4001}; }},
      {"more memory than there", Reason::bad_field, "usable_memory",
       [](auto& s) { ++s.machine.usable_memory.count; }},
      {"unit", Reason::bad_field, "figures[0].unit",
       [](auto& s) { s.figures[0].unit = Unit::bytes_per_second; }},
      {"kernel", Reason::bad_field, "figures[1].kernel", [](auto& s) { s.figures[1].kernel = ""; }},
      {"repeats", Reason::bad_field, "repeats", [](auto& s) { s.figures[0].repeats = 4; }},
      {"low above median", Reason::bad_field, "per_cpu_second",
       [](auto& s) { s.figures[0].per_cpu_second.low = s.figures[0].per_cpu_second.median + 1; }},
      {"median above high", Reason::bad_field, "wall_clock",
       [](auto& s) { ++s.figures[0].wall_clock.median; }},
      {"negative", Reason::bad_field, "per_cpu_second",
       [](auto& s) { s.figures[0].per_cpu_second.low = -1; }},
      {"nothing", Reason::bad_field, "wall_clock",
       [](auto& s) {
         s.figures[0].per_cpu_second = {};
         s.figures[0].wall_clock = {};
       }},
      {"ratio", Reason::bad_field, "cpu_per_wall",
       [](auto& s) { s.figures[0].cpu_per_wall_permille = 1001; }},
      {"contended unmarked", Reason::bad_field, "contended",
       [](auto& s) { s.figures[0].cpu_per_wall_permille = 899; }},
      {"twice", Reason::bad_field, "figures[7].what",
       [](auto& s) { s.figures.push_back(s.figures[2]); }},
      {"above its peak", Reason::claim_above_measured, "figures[0]",
       [](auto& s) { s.figures[0].peak = s.figures[0].per_cpu_second.high * 90 / 100; }},
      {"device above its peak", Reason::claim_above_measured, "devices[0].figures[0]",
       [](auto& s) {
         s.devices.push_back({"nvidia", "", 1, {}, {make_device_figure(Measure::fp16, 1000000)}});
         s.devices[0].figures[0].peak = 900000;
       }},
      {"no device", Reason::bad_field, "devices[0].count",
       [](auto& s) {
         s.devices.push_back({"nvidia", "", 0, {}, {}});
       }},
      {"too many devices", Reason::bad_field, "devices[0].count",
       [](auto& s) {
         s.devices.push_back({"nvidia", "", 65, {}, {}});
       }},
      {"no kind", Reason::bad_field, "devices[0].kind",
       [](auto& s) {
         s.devices.push_back({"", "", 1, {}, {}});
       }},
  };
  for (const Fault& fault : faults) {
    SCOPED_TRACE(fault.name);
    Statement statement = make_sample_statement();
    fault.plant(statement);
    const auto checked = check_statement(statement);
    ASSERT_FALSE(checked);
    EXPECT_EQ(checked.error().reason, fault.reason);
    EXPECT_NE(checked.error().detail.find(fault.where), std::string::npos)
        << checked.error().detail;
  }
}

TEST(Statement, AFigureMayLieAFewPercentAboveItsPeak) {
  Statement statement = make_sample_statement();
  statement.figures[0].peak = statement.figures[0].per_cpu_second.high * 96 / 100;
  EXPECT_TRUE(check_statement(statement));
}

TEST(Statement, MeasuresAndPrecisionsAreInverse) {
  for (int i = 0; i < core::kPrecisionCount; ++i) {
    const auto precision = static_cast<core::Precision>(i);
    EXPECT_EQ(find_precision(get_measure(precision)), precision);
  }
  EXPECT_EQ(find_precision(Measure::disk_read), std::nullopt);
}

TEST(Statement, ImportedFiguresAreNotFound) {
  Statement statement = make_sample_statement();
  ASSERT_NE(find_figure(statement, Measure::fp64), nullptr);
  statement.figures[0].source = Source::imported;
  EXPECT_EQ(find_figure(statement, Measure::fp64), nullptr);
  EXPECT_EQ(compute_processor_rate(statement, Measure::fp64), 0);
}

TEST(Statement, RatesScaleByThousandthsOfProcessors) {
  EXPECT_EQ(multiply_by_cpus(1001, {1500}), 1501);
  EXPECT_EQ(multiply_by_cpus(58'300'000'000, {500}), 29'150'000'000);
  EXPECT_EQ(multiply_by_cpus(10'000'000'000'000, {1'000'000}), 10'000'000'000'000'000);
  EXPECT_EQ(multiply_by_cpus(INT64_MAX, {1001}), INT64_MAX);
  EXPECT_EQ(multiply_by_cpus(7, {0}), 0);
}

}  // namespace
}  // namespace intertie::measurement
