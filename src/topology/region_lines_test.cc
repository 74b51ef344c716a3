// Which figures of a line count.
#include "intertie/topology/region_lines.h"

#include <functional>

#include <gtest/gtest.h>

#include "intertie/core/limits.h"

namespace intertie::topology {
namespace {

using core::Money;
using core::Time;
namespace limits = core::limits;

const RegionLines::Ends kEnds{"42", "22"};

RegionLine make_line() { return {"id", "hub", "42", "22", 8'000'000, 20, Money{7}}; }

TEST(RegionLines, MeasuredWhileFreshElseRegisteredElseAssumed) {
  RegionLines lines;
  const Time start{1'000'000'000};
  const LineTerms assumed{limits::line_assumed_bits_per_second, limits::line_assumed_latency_ms,
                          Money{}};
  EXPECT_EQ(lines.get_terms(kEnds, start), assumed);
  lines.put(make_line());
  EXPECT_EQ(lines.get_terms(kEnds, start), (LineTerms{8'000'000, 20, Money{7}}));
  EXPECT_EQ(lines.get_terms({"22", "42"}, start), assumed);  // The way back is another line.
  lines.set_rate(kEnds, 3'000'000, start);
  lines.set_delay(kEnds, core::microseconds(30'001));
  EXPECT_EQ(lines.get_terms(kEnds, start), (LineTerms{3'000'000, 31, Money{7}}));
  const Time stale = start + limits::line_rate_fresh;
  EXPECT_EQ(lines.get_terms(kEnds, stale - core::microseconds(1)).bits_per_second, 3'000'000);
  EXPECT_EQ(lines.get_terms(kEnds, stale).bits_per_second, 8'000'000);
  lines.forget_measured_into("42");
  EXPECT_EQ(lines.get_terms(kEnds, stale).latency_ms, 31);
  lines.forget_measured_into("22");
  EXPECT_EQ(lines.get_terms(kEnds, start), (LineTerms{8'000'000, 20, Money{7}}));
}

TEST(RegionLines, NoLineIsFasterThanItsSenderLetsItBe) {
  RegionLines lines;
  lines.set_rate(kEnds, 900'000'000, Time{0});
  EXPECT_EQ(lines.get_terms(kEnds, Time{1}).bits_per_second, 900'000'000);
  lines.put(make_line());
  EXPECT_EQ(lines.get_terms(kEnds, Time{1}).bits_per_second, 8'000'000);
}

TEST(RegionLines, AnotherBandwidthForgetsWhatWasMeasured) {
  RegionLines lines;
  lines.set_rate(kEnds, 3'000'000, Time{0});
  EXPECT_FALSE(lines.find(kEnds)->registered.has_value());
  lines.put(make_line());
  EXPECT_EQ(lines.get_terms(kEnds, Time{1}).bits_per_second, 3'000'000);
  RegionLine line = make_line();
  line.price_per_gigabyte = Money{8};
  lines.put(line);
  EXPECT_EQ(lines.get_terms(kEnds, Time{1}).bits_per_second, 3'000'000);
  line.bandwidth_bits_per_second = 16'000'000;
  lines.put(line);
  EXPECT_EQ(lines.get_terms(kEnds, Time{1}).bits_per_second, 16'000'000);
}

TEST(RegionLines, OnlyMeasuredOnesGoWithTheirMeasurement) {
  RegionLines lines;
  lines.set_delay(kEnds, core::milliseconds(1));
  lines.set_delay({"42", "52"}, core::milliseconds(1));
  lines.forget_measured_into("22");
  EXPECT_EQ(lines.find(kEnds), nullptr);
  EXPECT_NE(lines.find({"42", "52"}), nullptr);
}

TEST(CheckLine, NamesWhatIsWrong) {
  EXPECT_TRUE(check_line(make_line()).has_value());
  const std::function<void(RegionLine&)> bad[] = {
      [](RegionLine& line) { line.from = "422"; },
      [](RegionLine& line) { line.to = ""; },
      [](RegionLine& line) { line.to = line.from; },
      [](RegionLine& line) { line.bandwidth_bits_per_second = 0; },
      [](RegionLine& line) {
        line.bandwidth_bits_per_second = limits::line_bits_per_second_max + 1;
      },
      [](RegionLine& line) { line.latency_ms = -1; },
      [](RegionLine& line) { line.latency_ms = limits::line_latency_ms_max + 1; },
      [](RegionLine& line) { line.price_per_gigabyte = Money{-1}; },
      [](RegionLine& line) { line.price_per_gigabyte = Money{limits::line_price_micros_max + 1}; },
  };
  for (const auto& spoil : bad) {
    RegionLine line = make_line();
    spoil(line);
    EXPECT_FALSE(check_line(line).has_value()) << &spoil - bad;
  }
}

}  // namespace
}  // namespace intertie::topology
