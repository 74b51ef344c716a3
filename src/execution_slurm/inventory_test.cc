#include "intertie/execution_slurm/inventory.h"

#include <gtest/gtest.h>

#include "damage.h"

namespace intertie::execution_slurm {
namespace {

// As Slurm 22.05 printed it.
constexpr std::string_view kNodes =
    "c1-n1|main*|up|infinite|idle|4|4000|gpu:fake:2\n"
    "c1-n2|main*|up|infinite|mixed|4|4000|gpu:fake:2\n"
    "c1-n3|main*|up|infinite|down*|4|4000|gpu:fake:2\n"
    "c1-n4|main*|up|infinite|allocated|64|256000|(null)\n"
    "c1-n1|debug|up|30:00|idle|4|4000|gpu:fake:2\n"
    "c1-n9|Big_Mem|down|2-12:00:00|idle|128|2000000|gpu:a100:4(S:0-1),fpga:1\n";

TEST(ParseNodes, ReadsWhatSinfoPrints) {
  const auto rows = parse_nodes(kNodes);
  ASSERT_TRUE(rows) << core::to_text(rows.error());
  ASSERT_EQ(rows->size(), 6u);
  EXPECT_EQ(rows->front(),
            (NodeRow{"c1-n1", "main", true, {}, true, 4, 4'000, {{"gpu", "fake", 2}}}));
  EXPECT_FALSE((*rows)[2].is_up);
  EXPECT_EQ((*rows)[4].minutes_max, 30);
  EXPECT_EQ((*rows)[5], (NodeRow{"c1-n9",
                                 "Big_Mem",
                                 false,
                                 60 * 60,
                                 true,
                                 128,
                                 2'000'000,
                                 {{"gpu", "a100", 4}, {"fpga", "", 1}}}));
}

TEST(ParseNodes, BelievesNoHalfAnswer) {
  for (const char* line : {"n1|main|up|infinite|idle|4|4000", "n1|main|up|infinite|idle|x|4000|",
                           "|main|up|infinite|idle|4|4000|", "n1|main|up|soon|idle|4|4000|",
                           "{\"nodes\": [", "slurm_load_partitions: Unable to contact"}) {
    const auto rows = parse_nodes(std::string(kNodes) + line + "\n");
    ASSERT_FALSE(rows) << line;
    EXPECT_EQ(rows.error().reason, core::Reason::bad_syntax);
    EXPECT_NE(rows.error().detail.find("line 7"), std::string::npos) << rows.error().detail;
  }
}

TEST(ParseGres, KnowsTheForms) {
  using List = std::vector<Gres>;
  EXPECT_EQ(*parse_gres("(null)"), List{});
  EXPECT_EQ(*parse_gres(""), List{});
  EXPECT_EQ(*parse_gres("gpu:2"), (List{{"gpu", "", 2}}));
  EXPECT_EQ(*parse_gres("gpu"), (List{{"gpu", "", 1}}));
  EXPECT_EQ(*parse_gres("gpu:tesla"), (List{{"gpu", "tesla", 1}}));
  EXPECT_EQ(*parse_gres("gpu:h100:8(S:0,1),npu:ascend:4"),
            (List{{"gpu", "h100", 8}, {"npu", "ascend", 4}}));
  EXPECT_EQ(*parse_gres("gpu:0,shard:4"), (List{{"shard", "", 4}}));
  for (const char* text : {":2", "gpu:a:b", "gpu:a:1:2", ","})
    EXPECT_FALSE(parse_gres(text)) << text;
}

TEST(ParseMinutes, KnowsTheForms) {
  using Minutes = std::optional<std::int64_t>;
  EXPECT_EQ(*parse_minutes("infinite"), Minutes());
  EXPECT_EQ(*parse_minutes("90"), Minutes(90));
  EXPECT_EQ(*parse_minutes("1:30"), Minutes(2));
  EXPECT_EQ(*parse_minutes("1:00:00"), Minutes(60));
  EXPECT_EQ(*parse_minutes("1-0"), Minutes(24 * 60));
  EXPECT_EQ(*parse_minutes("2-03:04"), Minutes(2 * 1440 + 184));
  EXPECT_EQ(*parse_minutes("2-03:04:01"), Minutes(2 * 1440 + 185));
  for (const char* text : {"", "x", "1:2:3:4", "-5", "1-", "9999999-0"}) {
    EXPECT_FALSE(parse_minutes(text)) << text;
  }
}

TEST(IsNodeUp, TakesOnlyStatesThatItKnows) {
  for (const char* state : {"idle", "mixed", "allocated", "completing", "idle#"}) {
    EXPECT_TRUE(is_node_up(state)) << state;
  }
  for (const char* state : {"down", "idle*", "drained", "draining", "idle~", "maint", "idle$",
                            "fail", "unknown", "reboot^", "", "future"}) {
    EXPECT_FALSE(is_node_up(state)) << state;
  }
}

TEST(MakePools, SellsEachNodeOnce) {
  topology::Pool model;
  model.region = "22";
  const auto pools = make_pools(*parse_nodes(kNodes), {{}, model});
  ASSERT_TRUE(pools);
  ASSERT_EQ(pools->size(), 2u);  // debug has only a node that main has; Big_Mem is down.
  const topology::Pool& first = pools->front().pool;
  EXPECT_EQ(first.name, "main");
  EXPECT_EQ(first.region, "22");
  EXPECT_EQ(first.authority, topology::Authority::engine);
  EXPECT_EQ(first.cpus_per_node.count, 4'000);
  EXPECT_EQ(first.memory_per_node.count, std::int64_t{4'000} << 20);
  ASSERT_EQ(first.nodes.size(), 3u);
  EXPECT_FALSE(first.nodes[2].is_up);
  ASSERT_EQ(first.devices_per_node.size(), 1u);
  EXPECT_EQ(first.devices_per_node[0].count, 2);
  EXPECT_EQ((*pools)[1].pool.name, "main-2");
  EXPECT_TRUE(topology::check_pool(first));
}

TEST(MakePools, TakesTheWishedPartitions) {
  const auto rows = *parse_nodes(kNodes);
  const auto wished = make_pools(rows, {{"Big_Mem"}, {}});
  ASSERT_TRUE(wished);
  EXPECT_EQ(wished->front().pool.name, "big-mem");
  EXPECT_FALSE(wished->front().pool.nodes.front().is_up);
  EXPECT_EQ(make_pools(rows, {{"night"}, {}}).error().reason, core::Reason::not_found);
  EXPECT_EQ(make_pools({}, {}).error().reason, core::Reason::bad_field);
}

// Damaged output is refused with a reason or read as something that keeps the rules; never worse.
TEST(ParseNodes, SurvivesDamage) {
  for (std::uint64_t seed = 0; seed < 20'000; ++seed) {
    const auto rows = parse_nodes(damage(kNodes, seed));
    if (!rows) {
      EXPECT_EQ(rows.error().reason, core::Reason::bad_syntax) << "seed " << seed;
      continue;
    }
    const auto pools = make_pools(*rows, {});
    if (!pools) continue;
    std::size_t nodes = 0;
    for (const SlurmPool& pool : *pools) nodes += pool.pool.nodes.size();
    EXPECT_LE(nodes, rows->size()) << "seed " << seed;
  }
}

}  // namespace
}  // namespace intertie::execution_slurm
