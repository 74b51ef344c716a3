// Upcasters with formats made up for the test.
#include "intertie/storage/upcast.h"

#include <gtest/gtest.h>

namespace intertie::storage {
namespace {

// Kind 4 began as "name", became "name;price", then "name;price;currency".
core::Result<std::string> add_price(std::string_view head) { return std::string(head) + ";0"; }

core::Result<std::string> add_currency(std::string_view head) {
  if (head.find(';') == std::string_view::npos) {
    return {core::Reason::store_damaged, "no price"};
  }
  return std::string(head) + ";CNY";
}

const Upcasters& get_table() {
  static const Upcasters table({{4, 3}, {5, 1}}, {{4, 2, add_currency}, {4, 1, add_price}});
  return table;
}

TEST(Upcasters, BringOldHeadsToTheCurrentVersion) {
  std::string scratch;
  EXPECT_EQ(get_table().upcast_head(4, 1, "pool", scratch).value(), "pool;0;CNY");
  EXPECT_EQ(get_table().upcast_head(4, 2, "pool;7", scratch).value(), "pool;7;CNY");
  EXPECT_EQ(get_table().current_version(4), 3);
  EXPECT_EQ(get_table().current_version(5), 1);
}

TEST(Upcasters, LeaveCurrentHeadsWhereTheyAre) {
  std::string scratch = "untouched";
  const std::string_view head = "pool;7;EUR";
  const auto same = get_table().upcast_head(4, 3, head, scratch);
  EXPECT_EQ(same.value().data(), head.data());
  EXPECT_EQ(scratch, "untouched");
}

TEST(Upcasters, RefuseWhatTheyDoNotKnow) {
  std::string scratch;
  EXPECT_EQ(get_table().upcast_head(4, 4, "x", scratch).error().reason,
            core::Reason::version_too_new);
  EXPECT_EQ(get_table().upcast_head(6, 1, "x", scratch).error().reason,
            core::Reason::version_too_new);
  EXPECT_EQ(get_table().upcast_head(4, 0, "x", scratch).error().reason,
            core::Reason::store_damaged);
  EXPECT_EQ(get_table().upcast_head(4, 2, "no price", scratch).error().reason,
            core::Reason::store_damaged);
}

TEST(UpcastersDeathTest, TableMustBeComplete) {
  EXPECT_DEATH(Upcasters({{4, 3}}, {{4, 1, add_price}}), "");
  EXPECT_DEATH(Upcasters({{4, 2}}, {{4, 1, add_price}, {4, 1, add_price}}), "");
  EXPECT_DEATH(Upcasters({{4, 2}}, {{4, 1, add_price}, {4, 2, add_currency}}), "");
  EXPECT_DEATH(Upcasters({{4, 1}}, {{9, 1, add_price}}), "");
}

}  // namespace
}  // namespace intertie::storage
