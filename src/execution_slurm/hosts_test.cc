#include "intertie/execution_slurm/hosts.h"

#include <gtest/gtest.h>

#include "damage.h"

namespace intertie::execution_slurm {
namespace {

using Names = std::vector<std::string>;

TEST(ExpandHosts, KnowsTheForms) {
  EXPECT_EQ(*expand_hosts("a1"), (Names{"a1"}));
  EXPECT_EQ(*expand_hosts("n[1-3,07-08]x,b"), (Names{"n1x", "n2x", "n3x", "n07x", "n08x", "b"}));
  EXPECT_EQ(*expand_hosts("r[1-2]n[8-9]"), (Names{"r1n8", "r1n9", "r2n8", "r2n9"}));
  EXPECT_EQ(*expand_hosts("n[098-101]"), (Names{"n098", "n099", "n100", "n101"}));
  EXPECT_TRUE(expand_hosts("")->empty());
  for (const char* text : {"n[1-", "n[3-1]", "n[a]", "n]", ",", "n[0-99999999]"}) {
    EXPECT_FALSE(expand_hosts(text)) << text;
  }
}

TEST(FindTaskHosts, NumbersTasksNodeByNode) {
  EXPECT_EQ(*find_task_hosts("n[1-4]", "2(x3),1"),
            (Names{"n1", "n1", "n2", "n2", "n3", "n3", "n4"}));
  EXPECT_EQ(*find_task_hosts("n1", "2"), (Names{"n1", "n1"}));
  for (const char* counts : {"", "1", "1(x3", "1(x4)", "x", "1(x)"}) {
    EXPECT_FALSE(find_task_hosts("n[1-3]", counts)) << counts;
  }
}

TEST(ExpandHosts, SurvivesDamage) {
  for (std::uint64_t seed = 0; seed < 20'000; ++seed) {
    const auto hosts = find_task_hosts(damage("n[1-3,07-08]x,b", seed), damage("2(x5),1", ~seed));
    if (hosts) {
      EXPECT_LE(hosts->size(), 200'000u) << "seed " << seed;
    }
  }
}

}  // namespace
}  // namespace intertie::execution_slurm
