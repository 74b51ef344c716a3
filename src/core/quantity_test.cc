#include "intertie/core/quantity.h"

#include <string>

#include <gtest/gtest.h>

#include "intertie/core/random.h"

namespace intertie::core {
namespace {

struct Case {
  std::string text;
  std::int64_t count;
};

TEST(ParseBytes, TakesDecimalAndBinaryUnits) {
  const Case cases[] = {{"0", 0},
                        {"1024", 1024},
                        {"7B", 7},
                        {"32GB", 32'000'000'000},
                        {"32 GB", 32'000'000'000},
                        {" 1.5 GiB ", 1'610'612'736},
                        {"1.5kB", 1'500},
                        {"512MiB", 536'870'912},
                        {"2TB", 2'000'000'000'000},
                        {"1TiB", 1'099'511'627'776},
                        {"0.001kB", 1},
                        {"9223372036854775807", INT64_MAX}};
  for (const auto& [text, count] : cases) {
    const Result<Bytes> bytes = parse_bytes(text);
    ASSERT_TRUE(bytes) << text;
    EXPECT_EQ(bytes->count, count) << text;
  }
}

TEST(ParseBytes, RefusesWhatItWouldHaveToGuessOrRound) {
  for (const char* text : {"", " ", "GB", "-1", "+1", "1e3", "1,5GB", "1.GB", ".5GB", "32gb", "1 2",
                           "1GBx", "0x10", "1 GB 2", "１GB", "nan", "1.2.3"}) {
    const Result<Bytes> bytes = parse_bytes(text);
    ASSERT_FALSE(bytes) << text;
    EXPECT_EQ(bytes.error().reason, Reason::bad_field) << text;
  }
  for (const char* text : {"1.5", "0.0001kB", "9223372036854775808", "10000PB",
                           "0.00000000000000000001", "99999999999999999999999999999999999999"}) {
    const Result<Bytes> bytes = parse_bytes(text);
    ASSERT_FALSE(bytes) << text;
    EXPECT_EQ(bytes.error().reason, Reason::out_of_range) << text;
    EXPECT_EQ(bytes.error().detail.rfind("expected a size such as 32GB", 0), 0u);
  }
}

TEST(ParseMilliCpus, CountsThousandthsOfACore) {
  EXPECT_EQ(parse_milli_cpus("2")->count, 2'000);
  EXPECT_EQ(parse_milli_cpus("0.5")->count, 500);
  EXPECT_EQ(parse_milli_cpus("0.001")->count, 1);
  EXPECT_EQ(parse_milli_cpus("0.0005").error().reason, Reason::out_of_range);
  EXPECT_EQ(parse_milli_cpus("2 cores").error().reason, Reason::bad_field);
}

TEST(ParseDuration, AddsPartsFromTheLargestToTheSmallest) {
  EXPECT_EQ(*parse_duration("90"), seconds(90));
  EXPECT_EQ(*parse_duration("0.25"), milliseconds(250));
  EXPECT_EQ(*parse_duration("10m"), minutes(10));
  EXPECT_EQ(*parse_duration("1h30m"), minutes(90));
  EXPECT_EQ(*parse_duration("1h 30m"), minutes(90));
  EXPECT_EQ(*parse_duration("2d"), hours(48));
  EXPECT_EQ(*parse_duration("250ms"), milliseconds(250));
  EXPECT_EQ(*parse_duration("1.5h"), minutes(90));
  EXPECT_EQ(*parse_duration("7us"), microseconds(7));
  for (const char* text : {"", "m", "30m1h", "1m1m", "5 weeks", "1h30", "-5s", "1H", "s5"}) {
    ASSERT_FALSE(parse_duration(text)) << text;
    EXPECT_EQ(parse_duration(text).error().reason, Reason::bad_field) << text;
  }
  for (const char* text : {"0.5us", "106751992d", "106751991d 86400s", "9223372036854.775808"}) {
    ASSERT_FALSE(parse_duration(text)) << text;
    EXPECT_EQ(parse_duration(text).error().reason, Reason::out_of_range) << text;
  }
}

TEST(ParseMoney, CountsMillionths) {
  EXPECT_EQ(parse_money("0.25")->count, 250'000);
  EXPECT_EQ(parse_money("0.000001")->count, 1);
  EXPECT_EQ(parse_money("9223372036854.775807")->count, INT64_MAX);
  EXPECT_EQ(parse_money("0.0000001").error().reason, Reason::out_of_range);
  EXPECT_EQ(parse_money("1 CNY").error().reason, Reason::bad_field);
}

TEST(ToText, ReadsAsPeopleWriteIt) {
  EXPECT_EQ(to_text(Bytes{0}), "0 B");
  EXPECT_EQ(to_text(Bytes{1023}), "1023 B");
  EXPECT_EQ(to_text(Bytes{1'610'612'736}), "1.5 GiB");
  EXPECT_EQ(to_text(Bytes{(1 << 20) - 1}), "1 MiB");  // Rounds up to a whole further unit.
  EXPECT_EQ(to_text(Bytes{1'034}), "1.01 KiB");
  EXPECT_EQ(to_text(Bytes{-2'048}), "-2 KiB");
  EXPECT_EQ(to_text(Bytes{INT64_MAX}), "8 EiB");
  EXPECT_EQ(to_text(Bytes{INT64_MIN}), "-8 EiB");
  EXPECT_EQ(to_text(MilliCpus{500}), "0.5");
  EXPECT_EQ(to_text(MilliCpus{2'000}), "2");
  EXPECT_EQ(to_text(MilliCpus{-1'234}), "-1.234");
  EXPECT_EQ(to_text(Duration{}), "0s");
  EXPECT_EQ(to_text(minutes(90)), "1h 30m");
  EXPECT_EQ(to_text(milliseconds(250)), "250ms");
  EXPECT_EQ(to_text(hours(24 * 30)), "30d");
  EXPECT_EQ(to_text(seconds(-61)), "-1m 1s");
  EXPECT_EQ(to_text(Money{250'000}), "0.250000");
  EXPECT_EQ(to_text(Money{-1'500'001}), "-1.500001");
  EXPECT_EQ(to_text(Money{INT64_MIN}), "-9223372036854.775808");
}

TEST(ToText, OfExactKindsIsReadBack) {
  Random random(11);
  for (int round = 0; round < 2'000; ++round) {
    const auto count = static_cast<std::int64_t>(random.next() >> (1 + random.below(63)));
    SCOPED_TRACE(count);
    ASSERT_EQ(*parse_duration(to_text(Duration{count})), Duration{count});
    ASSERT_EQ(*parse_milli_cpus(to_text(MilliCpus{count})), MilliCpus{count});
    ASSERT_EQ(*parse_money(to_text(Money{count})), Money{count});
    ASSERT_EQ(*parse_bytes(std::to_string(count)), Bytes{count});
  }
}

TEST(ToText, OfBytesAgreesWithLongDivision) {
  Random random(12);
  for (int round = 0; round < 2'000; ++round) {
    const auto count = static_cast<std::int64_t>(random.next() >> (14 + random.below(50)));
    const std::string text = to_text(Bytes{count});
    const Result<Bytes> shown = parse_bytes(text.substr(0, text.find(' ')) + "TB");
    ASSERT_TRUE(shown) << text;
    const char prefix = text[text.find(' ') + 1];
    const int power = static_cast<int>(std::string_view("BKMGTPE").find(prefix));
    const long double exact = static_cast<long double>(count) /
                              static_cast<long double>(std::uint64_t{1} << (10 * power));
    const long double read = static_cast<long double>(shown->count) / 1e12L;
    EXPECT_LE(exact > read ? exact - read : read - exact, 0.00501L) << count << " " << text;
    EXPECT_LT(read, 1024) << text;
  }
}

TEST(Quantity, Arithmetic) {
  EXPECT_EQ(seconds(2) + seconds(3), seconds(5));
  EXPECT_EQ(seconds(2) - seconds(3), -seconds(1));
  EXPECT_EQ(Bytes{7} * 3, Bytes{21});
  EXPECT_LT(Money{-1}, Money{});
}

TEST(QuantityDeathTest, OverflowStopsTheProcess) {
  EXPECT_DEATH((void)(Money{INT64_MAX} + Money{1}), "");
  EXPECT_DEATH((void)(Money{INT64_MIN} - Money{1}), "");
  EXPECT_DEATH((void)(Money{INT64_MAX} * 2), "");
}

}  // namespace
}  // namespace intertie::core
