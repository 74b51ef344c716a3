// What counts as a bandwidth.
#include "command_line/bandwidth.h"

#include <gtest/gtest.h>

namespace intertie::cli {
namespace {

TEST(Bandwidth, ReadsDecimalUnits) {
  EXPECT_EQ(parse_bandwidth("100mbit").value(), 100'000'000);
  EXPECT_EQ(parse_bandwidth("2.5Gbit/s").value(), 2'500'000'000);
  EXPECT_EQ(parse_bandwidth("64kbit").value(), 64'000);
  EXPECT_EQ(parse_bandwidth("8bit").value(), 8);
  EXPECT_EQ(parse_bandwidth("1tbit").value(), 1'000'000'000'000);
}

TEST(Bandwidth, RefusesEverythingElse) {
  for (const char* text : {"", "100", "mbit", "1.2.3mbit", "-1mbit", "0mbit", "0.1bit", "5 mbit",
                           "5mb", "5mib", "5/s", "99999999999999tbit"}) {
    EXPECT_FALSE(parse_bandwidth(text).has_value()) << text;
  }
}

}  // namespace
}  // namespace intertie::cli
