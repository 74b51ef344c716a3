#include "intertie/execution/sandbox_probe.h"

#include <gtest/gtest.h>

namespace intertie::execution {
namespace {

TEST(SandboxProbe, OnlyAnUnpromisedDoorMayBeOpen) {
  const auto judge = [](ProbeOutcome outcome, ProbeOutcome expected) {
    return is_good({1, "door", outcome, expected});
  };
  EXPECT_FALSE(judge(ProbeOutcome::open, ProbeOutcome::closed));
  EXPECT_TRUE(judge(ProbeOutcome::open, ProbeOutcome::open));
  EXPECT_TRUE(judge(ProbeOutcome::closed, ProbeOutcome::closed));
  EXPECT_TRUE(judge(ProbeOutcome::closed, ProbeOutcome::open));
  EXPECT_TRUE(judge(ProbeOutcome::untried, ProbeOutcome::closed));
}

TEST(SandboxProbe, LinesAreReadBackAndOthersRefused) {
  for (const auto outcome : {ProbeOutcome::closed, ProbeOutcome::open, ProbeOutcome::untried}) {
    const ProbeReport probe{42, "/dev/mem, open", outcome, ProbeOutcome::open};
    const auto read = parse_probe(to_text(probe));
    ASSERT_TRUE(read);
    EXPECT_EQ(*read, probe);
  }
  EXPECT_EQ(to_text({1, "a b", ProbeOutcome::open, ProbeOutcome::closed}), "1\ta b\topen\tclosed");
  for (const char* text : {"", "x\ta\topen\tclosed", "0\ta\topen\tclosed", "1\ta\topen",
                           "1\ta\topen\tclosed\t", "1\ta\tajar\tclosed", "-1\ta\topen\tclosed"}) {
    EXPECT_FALSE(parse_probe(text)) << text;
  }
}

}  // namespace
}  // namespace intertie::execution
