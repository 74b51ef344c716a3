#include "intertie/execution_slurm/user_map.h"

#include <gtest/gtest.h>

#include "damage.h"

namespace intertie::execution_slurm {
namespace {

constexpr std::string_view kTable =
    "# Who runs as whom\n"
    "ada   ada_hpc   account=physics qos=long   # since May\n"
    "\n"
    "42H000000000011X:bob guest shared\n"
    "42H000000000011X:eve guest shared\n";

TEST(UserMap, MapsWhoHasALine) {
  const auto map = parse_user_map(kTable);
  ASSERT_TRUE(map) << core::to_text(map.error());
  EXPECT_EQ(*find_unix_user(*map, "ada"), (UnixUser{"ada_hpc", "physics", "long", false}));
  EXPECT_EQ(find_unix_user(*map, "42H000000000011X:eve")->name, "guest");
  const auto nobody = find_unix_user(*map, "mallory");
  ASSERT_FALSE(nobody);
  EXPECT_EQ(nobody.error().reason, core::Reason::denied);
  EXPECT_NE(nobody.error().detail.find("mallory UNIX_USER"), std::string::npos);
}

TEST(UserMap, SharesNoAccountByAccident) {
  for (const char* lines : {"a x\nb x\n", "a x shared\nb x\n", "a x\nb x shared\n"}) {
    EXPECT_EQ(parse_user_map(lines).error().reason, core::Reason::bad_field) << lines;
  }
  EXPECT_TRUE(parse_user_map("a x shared\nb x shared\n"));
}

TEST(UserMap, RefusesWhatIsNotMeant) {
  for (const char* line : {"ada", "ada root", "ada 0", "ada -x", "ada a b",
                           "ada a account=", "ada a account=-x", "ada a;b", "ada a qos=a,b"}) {
    const auto map = parse_user_map(std::string("x y\n") + line);
    ASSERT_FALSE(map) << line;
    EXPECT_NE(map.error().detail.find("line 2"), std::string::npos) << line;
  }
  EXPECT_EQ(parse_user_map("a x\na y\n").error().reason, core::Reason::duplicate_field);
}

TEST(UserMap, NeverNamesRootOrAnOption) {
  for (std::uint64_t seed = 0; seed < 20'000; ++seed) {
    const auto map = parse_user_map(damage(kTable, seed));
    if (!map) continue;
    for (const auto& [owner, user] : *map) {
      EXPECT_NE(user.name, "root") << "seed " << seed;
      EXPECT_NE(user.name.front(), '-') << "seed " << seed;
    }
  }
}

}  // namespace
}  // namespace intertie::execution_slurm
