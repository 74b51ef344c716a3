#include "intertie/core/reason.h"

#include <set>
#include <string>

#include <gtest/gtest.h>

namespace intertie::core {
namespace {

constexpr Reason kAll[] = {
#define INTERTIE_REASON(code, what, fix) Reason::code,
#include "intertie/core/reasons.def"
#undef INTERTIE_REASON
};

TEST(Reason, CodesAreFoundAgainAndAreUnique) {
  std::set<std::string_view> codes;
  for (const Reason reason : kAll) {
    EXPECT_EQ(find_reason(reason_code(reason)), reason);
    EXPECT_TRUE(codes.insert(reason_code(reason)).second) << reason_code(reason);
  }
  EXPECT_EQ(find_reason("no_such_reason"), std::nullopt);
  EXPECT_EQ(find_reason(""), std::nullopt);
}

TEST(Reason, EveryReasonHasTwoSentences) {
  for (const Reason reason : kAll) {
    for (const std::string_view text : {reason_sentence(reason), reason_fix(reason)}) {
      ASSERT_FALSE(text.empty()) << reason_code(reason);
      EXPECT_EQ(text.find('\n'), std::string_view::npos);
    }
    EXPECT_EQ(reason_sentence(reason).back(), '.') << reason_code(reason);
  }
}

TEST(Reason, ACodeStandsWithItsOwnSentence) {
  EXPECT_EQ(reason_code(Reason::bad_digest), "bad_digest");
  EXPECT_EQ(reason_sentence(Reason::bad_digest), "The content does not match its digest.");
}

}  // namespace
}  // namespace intertie::core
