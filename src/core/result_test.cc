#include "intertie/core/result.h"

#include <memory>
#include <string>

#include <gtest/gtest.h>

namespace intertie::core {
namespace {

Result<int> halve(int number) {
  if (number % 2 != 0) return {Reason::bad_field, "odd"};
  return number / 2;
}

Result<void> check(bool is_fine) {
  if (!is_fine) return Reason::denied;
  return {};
}

TEST(Result, HoldsAValueOrAnError) {
  ASSERT_TRUE(halve(4));
  EXPECT_EQ(*halve(4), 2);
  ASSERT_FALSE(halve(5).has_value());
  EXPECT_EQ(halve(5).error(), (Error{Reason::bad_field, "odd"}));
}

TEST(Result, OfVoidHoldsSuccessOrAnError) {
  EXPECT_TRUE(check(true));
  EXPECT_EQ(check(false).error().reason, Reason::denied);
}

TEST(Result, MovesItsValueOut) {
  Result<std::unique_ptr<int>> result(std::make_unique<int>(7));
  const std::unique_ptr<int> taken = *std::move(result);
  EXPECT_EQ(*taken, 7);
}

TEST(Result, AnErrorReadsAsOneLine) {
  EXPECT_EQ(to_text(Error{Reason::too_deep, "line 3"}),
            "too_deep: The document is nested too deeply. (line 3) Use fewer levels of nesting.");
  EXPECT_EQ(to_text(Error{Reason::too_deep, ""}),
            "too_deep: The document is nested too deeply. Use fewer levels of nesting.");
}

TEST(ResultDeathTest, ReadingTheAbsentHalfIsAProgrammerError) {
  EXPECT_DEATH((void)halve(5).value(), "has_value");
  EXPECT_DEATH((void)halve(4).error(), "has_value");
}

}  // namespace
}  // namespace intertie::core
