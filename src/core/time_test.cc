#include "intertie/core/time.h"

#include <ctime>
#include <string>

#include <gtest/gtest.h>

#include "intertie/core/random.h"

namespace intertie::core {
namespace {

Time at(std::int64_t seconds_since_1970) { return Time{} + seconds(seconds_since_1970); }

// Pairs computed by another implementation of the calendar.
TEST(Rfc3339, KnownPairs) {
  const std::pair<std::int64_t, const char*> pairs[] = {
      {0, "1970-01-01T00:00:00Z"},
      {-1, "1969-12-31T23:59:59Z"},
      {951'782'400, "2000-02-29T00:00:00Z"},
      {4'107'542'399, "2100-02-28T23:59:59Z"},
      {4'107'542'400, "2100-03-01T00:00:00Z"},
      {77'978'699'077, "4441-01-17T05:44:37Z"},
      {134'323'882'393, "6226-07-22T13:33:13Z"},
      {229'588'567'712, "9245-05-16T02:08:32Z"},
      {-33'578'468'523, "0905-12-10T07:37:57Z"},
      {27'633'087'291, "2845-08-28T09:34:51Z"},
  };
  for (const auto& [seconds_since, text] : pairs) {
    EXPECT_EQ(to_rfc3339(at(seconds_since)), text);
    EXPECT_EQ(*parse_rfc3339(text), at(seconds_since)) << text;
  }
}

TEST(Rfc3339, AgreesWithTheLibraryAndIsReadBack) {
  Random random(21);
  for (int round = 0; round < 5'000; ++round) {
    const std::int64_t seconds_since = random.between(-62'167'219'200, 253'402'300'799);
    const std::time_t library_time = seconds_since;
    std::tm parts{};
    ASSERT_NE(gmtime_r(&library_time, &parts), nullptr);
    char expected[64];
    std::snprintf(expected, sizeof(expected), "%04d-%02d-%02dT%02d:%02d:%02dZ",
                  parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday, parts.tm_hour,
                  parts.tm_min, parts.tm_sec);
    ASSERT_EQ(to_rfc3339(at(seconds_since)), expected);
    const Time exact = at(seconds_since) + microseconds(random.between(0, 999'999));
    ASSERT_EQ(*parse_rfc3339(to_rfc3339(exact)), exact);
  }
}

TEST(Rfc3339, TrimsAndCutsFractions) {
  EXPECT_EQ(to_rfc3339(Time{1'500'000}), "1970-01-01T00:00:01.5Z");
  EXPECT_EQ(to_rfc3339(Time{1}), "1970-01-01T00:00:00.000001Z");
  EXPECT_EQ(to_rfc3339(Time{-1}), "1969-12-31T23:59:59.999999Z");
  EXPECT_EQ(parse_rfc3339("1970-01-01T00:00:00.1234567899Z")->micros, 123'456);
}

// The examples of RFC 3339, section 5.8.
TEST(Rfc3339, PublishedExamples) {
  EXPECT_EQ(to_rfc3339(*parse_rfc3339("1985-04-12T23:20:50.52Z")), "1985-04-12T23:20:50.52Z");
  EXPECT_EQ(to_rfc3339(*parse_rfc3339("1996-12-19T16:39:57-08:00")), "1996-12-20T00:39:57Z");
  EXPECT_EQ(to_rfc3339(*parse_rfc3339("1990-12-31T23:59:60Z")), "1991-01-01T00:00:00Z");
  EXPECT_EQ(to_rfc3339(*parse_rfc3339("1990-12-31T15:59:60-08:00")), "1991-01-01T00:00:00Z");
  EXPECT_EQ(to_rfc3339(*parse_rfc3339("1937-01-01T12:00:27.87+00:20")), "1937-01-01T11:40:27.87Z");
}

TEST(Rfc3339, RefusesWhatIsNoTime) {
  for (const char* text : {"",
                           "2026",
                           "2026-11-21",
                           "2026-11-21T20:44:24",
                           "2026-11-21T20:44Z",
                           "2026-02-29T00:00:00Z",
                           "2100-02-29T00:00:00Z",
                           "2026-13-01T00:00:00Z",
                           "2026-00-01T00:00:00Z",
                           "2026-01-00T00:00:00Z",
                           "2026-04-31T00:00:00Z",
                           "2026-01-01T24:00:00Z",
                           "2026-01-01T00:60:00Z",
                           "2026-01-01T00:00:60Z",
                           "2026-01-01T00:00:00.Z",
                           "2026-01-01T00:00:00+24:00",
                           "2026-01-01T00:00:00+00:60",
                           "2026-01-01T00:00:00ZZ",
                           "2026-01-01T00:00:00+0800",
                           "+026-01-01T00:00:00Z",
                           "2026-1-01T00:00:00Z",
                           "-026-01-01T00:00:00Z",
                           " 2026-01-01T00:00:00Z"}) {
    ASSERT_FALSE(parse_rfc3339(text)) << text;
    EXPECT_EQ(parse_rfc3339(text).error().reason, Reason::bad_field);
  }
}

TEST(Rfc3339, NeverIsTheLastMicrosecondTheFormatCanName) {
  EXPECT_EQ(to_rfc3339(kNever), "9999-12-31T23:59:59.999999Z");
  EXPECT_EQ(*parse_rfc3339(to_rfc3339(kNever)), kNever);
  EXPECT_EQ(to_rfc3339(Time{INT64_MIN}), "0000-01-01T00:00:00Z");
}

TEST(Time, Arithmetic) {
  EXPECT_EQ(at(5) - at(2), seconds(3));
  EXPECT_EQ(at(5) - seconds(2), at(3));
  EXPECT_LT(at(5), kNever);
}

}  // namespace
}  // namespace intertie::core
