#include "intertie/execution_slurm/queue.h"

#include <gtest/gtest.h>

#include "damage.h"

namespace intertie::execution_slurm {
namespace {

constexpr std::string_view kQueue =
    "41|COMPLETED|None|c1-n1|it-0badcafe-3\n"
    "42_0|RUNNING|None|c1-n1|it-0badcafe-4\n"
    "42_1|PENDING|Resources||it-0badcafe-4\n"
    "43|NODE_FAIL|NodeDown|c1-n2|it-0badcafe-5\n"
    "44_[2-4,9%2]|PENDING|Priority|(null)|other|name\n";

TEST(ParseQueue, ReadsWhatSqueuePrints) {
  const auto rows = parse_queue(kQueue);
  ASSERT_TRUE(rows) << core::to_text(rows.error());
  ASSERT_EQ(rows->size(), 8u);
  EXPECT_EQ((*rows)[0].id, (SlurmJobId{41, {}}));
  EXPECT_EQ((*rows)[0].end, JobEnd::completed);
  EXPECT_EQ((*rows)[1].stage, JobStage::running);
  EXPECT_TRUE((*rows)[1].has_node);
  EXPECT_EQ((*rows)[2].stage, JobStage::waiting);
  EXPECT_EQ((*rows)[2].reason, "Resources");
  EXPECT_FALSE((*rows)[2].has_node);
  EXPECT_EQ((*rows)[3].end, JobEnd::node_failed);
  EXPECT_EQ((*rows)[7].id, (SlurmJobId{44, 9}));
  EXPECT_EQ((*rows)[7].name, "other|name");
  EXPECT_EQ(to_text((*rows)[7].id), "44_9");
  EXPECT_EQ(to_text((*rows)[0].id), "41");
}

TEST(ParseQueue, ConcludesNothingFromStatesItDoesNotKnow) {
  const auto rows = parse_queue("7|TELEPORTED|None|n1|x\n");
  ASSERT_TRUE(rows);
  EXPECT_EQ(rows->front().stage, JobStage::running);
  EXPECT_FALSE(rows->front().end);
}

TEST(ParseQueue, BelievesNoHalfAnswer) {
  for (const char* line : {"45|RUNNING|None|n1", "45||None|n1|x", "x|RUNNING|None|n1|x",
                           "45_[1-|RUNNING|None|n1|x", "45_|RUNNING|None|n1|x", "{\"jobs\":["}) {
    const auto rows = parse_queue(std::string(kQueue) + line);
    ASSERT_FALSE(rows) << line;
    EXPECT_EQ(rows.error().reason, core::Reason::bad_syntax);
    EXPECT_NE(rows.error().detail.find("line 6"), std::string::npos);
  }
  EXPECT_TRUE(parse_queue("")->empty());
}

TEST(ParseQueue, SurvivesDamage) {
  for (std::uint64_t seed = 0; seed < 20'000; ++seed) {
    const auto rows = parse_queue(damage(kQueue, seed));
    if (!rows) {
      EXPECT_EQ(rows.error().reason, core::Reason::bad_syntax) << "seed " << seed;
      continue;
    }
    for (const QueueRow& row : *rows) {
      EXPECT_EQ(row.end.has_value(), row.stage == JobStage::ended) << "seed " << seed;
    }
  }
}

TEST(BatchName, IsFoundAgain) {
  EXPECT_EQ(find_batch_number(make_batch_name("0badcafe", 17), "0badcafe"), 17u);
  EXPECT_FALSE(find_batch_number(make_batch_name("0badcafe", 17), "deadbeef"));
  for (const char* name : {"it-0badcafe-", "it-0badcafe-x", "it-0badcafe--1", "job", ""}) {
    EXPECT_FALSE(find_batch_number(name, "0badcafe")) << name;
  }
}

}  // namespace
}  // namespace intertie::execution_slurm
