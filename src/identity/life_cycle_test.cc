// The life cycle against a drawing of it: one row a status, one column a status.
#include "intertie/identity/life_cycle.h"

#include <gtest/gtest.h>

#include "intertie/codec/json.h"

namespace intertie::identity {
namespace {

TEST(LifeCycle, HasTheseArrowsAndNoOther) {
  // Columns in the order of the enum:
  //   reserved registered measured active suspended stale transferring retired revoked
  constexpr const char* kArrows[kRecordStatusCount] = {
      ".r.....RV",  // reserved
      "..m...TRV",  // registered
      "...a.sTRV",  // measured
      "....usTRV",  // active
      "...a..TRV",  // suspended
      "..ma..TRV",  // stale
      ".rmaus..V",  // transferring
      ".........",  // retired
      ".........",  // revoked
  };
  for (int from = 0; from < kRecordStatusCount; ++from) {
    std::size_t allowed = 0;
    for (int to = 0; to < kRecordStatusCount; ++to) {
      const auto a = static_cast<RecordStatus>(from);
      const auto b = static_cast<RecordStatus>(to);
      const bool is_drawn = kArrows[from][to] != '.';
      allowed += is_drawn ? 1 : 0;
      const auto checked = check_transition(a, b);
      EXPECT_EQ(checked.has_value(), is_drawn) << status_name(a) << " -> " << status_name(b);
      EXPECT_TRUE(checked || checked.error().reason == core::Reason::illegal_transition);
    }
    EXPECT_EQ(allowed_transitions(static_cast<RecordStatus>(from)).size(), allowed);
  }
}

TEST(LifeCycle, ListsWhatIsAllowed) {
  EXPECT_EQ(check_transition(RecordStatus::suspended, RecordStatus::measured).error().detail,
            "suspended -> measured; allowed: active, transferring, retired, revoked");
  EXPECT_EQ(check_transition(RecordStatus::revoked, RecordStatus::active).error().detail,
            "revoked -> active; revoked is final");
}

TEST(LifeCycle, OnlyActiveSells) {
  for (int i = 0; i < kRecordStatusCount; ++i) {
    const auto status = static_cast<RecordStatus>(i);
    EXPECT_EQ(may_sell(status), status == RecordStatus::active);
    EXPECT_EQ(may_be_listed(status),
              status == RecordStatus::active || status == RecordStatus::measured);
    EXPECT_EQ(is_final(status), allowed_transitions(status).empty());
    EXPECT_EQ("\"" + std::string(status_name(status)) + "\"", codec::to_json(status));
    EXPECT_FALSE(rdap_status_name(status).empty());
  }
}

}  // namespace
}  // namespace intertie::identity
