// What counts as a range of seeds.
#include "command_line/seed_range.h"

#include <gtest/gtest.h>

namespace intertie::cli {
namespace {

TEST(SeedRange, ReadsTheFirstAndTheLast) {
  EXPECT_EQ(parse_seed_range("42-51")->first, 42U);
  EXPECT_EQ(parse_seed_range("42-51")->last, 51U);
  EXPECT_EQ(parse_seed_range("0-0")->last, 0U);
  EXPECT_EQ(parse_seed_range("7-18446744073709551615")->last, UINT64_MAX);
}

TEST(SeedRange, RefusesEverythingElse) {
  for (const char* text : {"", "5", "5-", "-5", "a-b", "5-4", "1-2-3", "1- 2", "1-2 ", "1--2",
                           "1-18446744073709551616"}) {
    const auto range = parse_seed_range(text);
    ASSERT_FALSE(range.has_value()) << text;
    EXPECT_EQ(range.error().reason, core::Reason::bad_argument);
  }
}

}  // namespace
}  // namespace intertie::cli
