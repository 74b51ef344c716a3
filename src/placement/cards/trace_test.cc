// Reading traces, and refusing broken ones with file, line and reason.
#include "intertie/placement/cards/trace.h"

#include <gtest/gtest.h>

namespace intertie::placement::cards {
namespace {

constexpr std::string_view kNodeLines =
    "sn,cpu_milli,memory_mib,gpu,model\n"
    "a,64000,262144,2,P100\r\n"
    "\n"
    "\"b,1\",96000,393216,8,\"G\"\"2\"\n"
    "c,1000,2000,0,\n";

TEST(Trace, ReadsNodes) {
  const auto trace = read_trace_nodes(kNodeLines, "n.csv");
  ASSERT_TRUE(trace) << trace.error().detail;
  EXPECT_EQ(trace->names, (std::vector<std::string>{"a", "b,1", "c"}));
  EXPECT_EQ(trace->models, (ModelTable{"G\"2", "P100"}));
  EXPECT_EQ(trace->nodes[0], make_node(64'000, 262'144, 2, 1));
  EXPECT_EQ(trace->nodes[1], make_node(96'000, 393'216, 8, 0));
  EXPECT_EQ(trace->nodes[2], make_node(1'000, 2'000, 0, model_none));
}

TEST(Trace, ReadsRequestsInAnyOrderOfColumns) {
  const auto requests = read_trace_requests(
      "qos,gpu_spec,num_gpu,gpu_milli,memory_mib,cpu_milli,name\n"
      "LS,A|C,1,460,2,1,x\n"
      "BE,,0,0,4,3,y",
      "p.csv", {"A", "B", "C"});
  ASSERT_TRUE(requests) << requests.error().detail;
  ASSERT_EQ(requests->size(), 2U);
  EXPECT_EQ((*requests)[0].name, "x");
  EXPECT_EQ((*requests)[0].shape, (Shape{1, 2, 460, 1, {0b101}}));
  EXPECT_EQ((*requests)[1].shape, (Shape{3, 4, 0, 0, {}}));
}

TEST(Trace, TheColumnOfModelsMayBeMissing) {
  const auto requests =
      read_trace_requests("name,cpu_milli,memory_mib,num_gpu,gpu_milli\nx,1,2,8,1000\n", "p", {});
  ASSERT_TRUE(requests) << requests.error().detail;
  EXPECT_TRUE((*requests)[0].shape.models.is_any());
}

struct Broken {
  std::string_view text;
  core::Reason reason;
  std::string_view detail;
};

TEST(Trace, BrokenNodesAreRefusedWithTheirLine) {
  using enum core::Reason;
  const std::string_view header = "sn,cpu_milli,memory_mib,gpu,model\n";
  const Broken cases[] = {
      {"a,1,1,-1,X\n", bad_field, "n.csv:2: gpu is '-1': expected a whole number, 0..8"},
      {"a,1,1,1,X\nb,1,1,9,X\n", bad_field, "n.csv:3: gpu is '9': expected a whole number, 0..8"},
      {"a,1,1,1,X\n\na,1,1,1,X\n", duplicate_field, "n.csv:4: the name a stands twice"},
      {"a,1.5,1,1,X\n", bad_field,
       "n.csv:2: cpu_milli is '1.5': expected a whole number, 0..2147483647"},
      {"a,1,4294967296,1,X\n", bad_field,
       "n.csv:2: memory_mib is '4294967296': expected a whole number, 0..2147483647"},
      {"a,1,,1,X\n", bad_field,
       "n.csv:2: memory_mib is '': expected a whole number, 0..2147483647"},
      {",1,1,1,X\n", bad_field, "n.csv:2: the name is empty"},
      {"a,1,1,1,\n", bad_field, "n.csv:2: cards, but no model"},
      {"a,1,1,0,X\n", bad_field, "n.csv:2: a model, but no cards"},
      {"a,1,1,1,X|Y\n", bad_field, "n.csv:2: a node has one model, without '|'"},
      {"a,1,1,1\n", bad_syntax, "n.csv:2: 4 fields where the first line has 5"},
      {"a,1,1,1,X,\n", bad_syntax, "n.csv:2: 6 fields where the first line has 5"},
      {"\"a,1,1,1,X\n", bad_syntax, "n.csv:2: a quote is not closed"},
      {"\"a\"b,1,1,1,X\n", bad_syntax, "n.csv:2: text after a closing quote"},
      {"a\"b,1,1,1,X\n", bad_syntax, "n.csv:2: a quote inside a field without quotes"},
      {"", out_of_range, "n.csv:1: there are no nodes"},
  };
  for (const Broken& broken : cases) {
    const auto trace = read_trace_nodes(std::string(header) + std::string(broken.text), "n.csv");
    ASSERT_FALSE(trace.has_value()) << broken.text;
    EXPECT_EQ(trace.error().reason, broken.reason) << broken.text;
    EXPECT_EQ(trace.error().detail, broken.detail);
  }
}

TEST(Trace, BrokenHeadersAreRefused) {
  const auto detail = [](std::string_view text) {
    const auto trace = read_trace_nodes(text, "n");
    return trace ? std::string() : trace.error().detail;
  };
  EXPECT_EQ(detail(""), "n:1: the file is empty; its first line names columns");
  EXPECT_EQ(detail("sn,cpu_milli,memory_mib,gpu\n"), "n:1: there is no column model");
  EXPECT_EQ(detail("sn,sn,cpu_milli,memory_mib,gpu,model\n"), "n:1: the column sn stands twice");
}

TEST(Trace, TooManyModelsAreRefused) {
  std::string text = "sn,cpu_milli,memory_mib,gpu,model\n";
  for (std::size_t i = 0; i < models_max; ++i) {
    text += "n" + std::to_string(i) + ",1,1,1,m" + std::to_string(i) + "\n";
  }
  EXPECT_TRUE(read_trace_nodes(text, "n").has_value());
  EXPECT_FALSE(read_trace_nodes(text + "last,1,1,1,last\n", "n").has_value());
}

TEST(Trace, BrokenRequestsAreRefusedWithTheirLine) {
  using enum core::Reason;
  const std::string_view header = "name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec\n";
  const Broken cases[] = {
      {"x,1,1,1,460,A|Z\n", not_found, "p.csv:2: no node has the model 'Z'"},
      {"x,1,1,1,460,A|\n", not_found, "p.csv:2: no node has the model ''"},
      {"x,1,1,1,0,\n", bad_field, "p.csv:2: gpu_milli must be 0 exactly if num_gpu is 0"},
      {"x,1,1,0,10,\n", bad_field, "p.csv:2: gpu_milli must be 0 exactly if num_gpu is 0"},
      {"x,1,1,1,1001,\n", bad_field,
       "p.csv:2: gpu_milli is '1001': expected a whole number, 0..1000"},
      {"x,1,1,256,1000,\n", bad_field,
       "p.csv:2: num_gpu is '256': expected a whole number, 0..255"},
      {"x,-1,1,1,10,\n", bad_field,
       "p.csv:2: cpu_milli is '-1': expected a whole number, 0..2147483647"},
      {"x,1,1,1,10,\nx,1,1,1,10,\n", duplicate_field, "p.csv:3: the name x stands twice"},
      {"", out_of_range, "p.csv:1: there are no requests"},
  };
  for (const Broken& broken : cases) {
    const auto requests =
        read_trace_requests(std::string(header) + std::string(broken.text), "p.csv", {"A", "B"});
    ASSERT_FALSE(requests.has_value()) << broken.text;
    EXPECT_EQ(requests.error().reason, broken.reason) << broken.text;
    EXPECT_EQ(requests.error().detail, broken.detail);
  }
}

}  // namespace
}  // namespace intertie::placement::cards
