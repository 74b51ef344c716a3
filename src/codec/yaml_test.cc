#include "intertie/codec/yaml.h"

#include <string>

#include <gtest/gtest.h>

#include "intertie/core/limits.h"

#include "sample_types.h"

namespace intertie::codec {
namespace {

using core::Reason;
using sample::Everything;
using sample::Need;
using sample::Tree;

struct YamlTask {
  std::uint8_t cpus = 1;
  std::vector<std::string> run;
  static constexpr std::array<std::string_view, 1> required_fields{"run"};
};
BOOST_DESCRIBE_STRUCT(YamlTask, (), (cpus, run))

struct File {
  std::string name = "unnamed";
  std::vector<YamlTask> tasks;
  Need need;
  std::map<std::string, std::string> env;
  bool is_urgent = false;
  double share = 0;
  std::int64_t retries = 3;
  std::optional<core::Time> deadline;
};
BOOST_DESCRIBE_STRUCT(File, (), (name, tasks, need, env, is_urgent, share, retries, deadline))

TEST(Yaml, ReadsAJobFile) {
  const auto file = from_yaml<File>(R"(# a comment
name: "train: first"
tasks:
  - run: [python3, train.py, --epochs, 10]
    cpus: 4
  - {run: [sleep, 1.50]}
need:
  cpus: 0.5
  memory: 32GB
  timeout: 1h30m
  price: 0.25
  rate: 2 TFLOPS fp32
env:
  PORT: 8080
  VERSION: 1.10
  ANSWER: yes
  NORWAY: no
  SWITCH: on
  TRUTH: true
  OCTAL: 0755
  SIXTY: 12:30:45
  DATE: 2026-11-21
  QUOTED: "null"
  SCRIPT: |
    line one
    line two
is_urgent: true
share: 1e-3
retries: -7
deadline: 2026-11-21T20:44:24Z
)",
                                    Boundary::strict);
  ASSERT_TRUE(file) << file.error().detail;
  EXPECT_EQ(file->name, "train: first");
  ASSERT_EQ(file->tasks.size(), 2u);
  EXPECT_EQ(file->tasks[0].run,
            (std::vector<std::string>{"python3", "train.py", "--epochs", "10"}));
  EXPECT_EQ(file->tasks[0].cpus, 4);
  EXPECT_EQ(file->tasks[1].run[1], "1.50");
  EXPECT_EQ(file->need.cpus, core::MilliCpus{500});
  EXPECT_EQ(file->need.memory, core::Bytes{32'000'000'000});
  EXPECT_EQ(file->need.timeout, core::minutes(90));
  EXPECT_EQ(file->need.price, core::Money{250'000});
  EXPECT_EQ(file->need.rate, (core::Rate{core::Precision::fp32, 2'000'000'000'000}));
  const std::map<std::string, std::string> env = {{"PORT", "8080"},
                                                  {"VERSION", "1.10"},
                                                  {"ANSWER", "yes"},
                                                  {"NORWAY", "no"},
                                                  {"SWITCH", "on"},
                                                  {"TRUTH", "true"},
                                                  {"OCTAL", "0755"},
                                                  {"SIXTY", "12:30:45"},
                                                  {"DATE", "2026-11-21"},
                                                  {"QUOTED", "null"},
                                                  {"SCRIPT", "line one\nline two\n"}};
  EXPECT_EQ(file->env, env);
  EXPECT_TRUE(file->is_urgent);
  EXPECT_EQ(file->share, 1e-3);
  EXPECT_EQ(file->retries, -7);
  EXPECT_EQ(file->deadline, *core::parse_rfc3339("2026-11-21T20:44:24Z"));
}

TEST(Yaml, BareNumbersForQuantitiesFollowTheRuleForTexts) {
  const auto need =
      from_yaml<Need>("cpus: 2\nmemory: 1024\ntimeout: 90\nprice: 3\n", Boundary::strict);
  ASSERT_TRUE(need) << need.error().detail;
  EXPECT_EQ(need->cpus, core::MilliCpus{2'000});
  EXPECT_EQ(need->memory, core::Bytes{1'024});
  EXPECT_EQ(need->timeout, core::seconds(90));
  EXPECT_EQ(need->price, core::Money{3'000'000});
  // More digits than a double holds.
  EXPECT_EQ(from_yaml<Need>("price: 9223372036854.775807", Boundary::strict)->price,
            core::Money{INT64_MAX});
  // The same document as JSON text, read as a file of a person, means the same.
  EXPECT_EQ(*from_yaml<Need>(R"({"cpus": 2, "memory": 1024, "timeout": 90, "price": 3})",
                             Boundary::strict),
            *need);
}

TEST(Yaml, QuotesMayStandAnywhere) {
  for (const char* text : {"name: 'it''s'", "name: \"a\\\\\"", "name: a'b", "name: 'a'  # don't\n",
                           "\xef\xbb\xbfname: 'é'", "name: \"é\"", "{'name': \"x\"}"}) {
    const auto file = from_yaml<File>(text, Boundary::strict);
    EXPECT_TRUE(file) << text << file.error().detail;
  }
}

TEST(Yaml, EmptyValuesAreAbsent) {
  const auto file = from_yaml<File>("name:\nenv: ~\ntasks: null\ndeadline:\n", Boundary::strict);
  ASSERT_TRUE(file) << file.error().detail;
  EXPECT_EQ(file->name, "unnamed");
  EXPECT_EQ(file->deadline, std::nullopt);
}

struct RefusedYaml {
  const char* text;
  Reason reason;
  const char* detail;
};

TEST(Yaml, EveryErrorNamesLineAndPath) {
  const RefusedYaml table[] = {
      {"name: x\nneed:\n  cpus: 1\n\n\n\n  memory: 32XB\n", Reason::bad_field,
       "line 7: need.memory: expected a size such as 32GB, 512MiB or 1024; found another unit"},
      {"name: x\nnmae: y\n", Reason::unknown_field,
       "line 2: nmae: unknown field; did you mean name?"},
      {"tasks:\n  - run: [a]\n  - cpus: 1\n", Reason::missing_field,
       "line 3: tasks[1].run: missing"},
      {"tasks:\n- run:\n  - a\n  - [b]\n", Reason::bad_field,
       "line 4: tasks[0].run[1]: expected text, found a list"},
      {"retries: \"3\"\n", Reason::bad_field, "line 1: retries: expected integer, found text"},
      {"retries: 010\n", Reason::bad_field, "line 1: retries: expected integer, found 010"},
      {"retries: 0x10\n", Reason::bad_field, nullptr},
      {"retries: 1_000\n", Reason::bad_field, nullptr},
      {"retries: 3.0\n", Reason::bad_field, nullptr},
      {"retries: 9223372036854775808\n", Reason::out_of_range, nullptr},
      {"is_urgent: yes\n", Reason::bad_field,
       "line 1: is_urgent: expected true or false, found yes"},
      {"is_urgent: \"true\"\n", Reason::bad_field,
       "line 1: is_urgent: expected true or false, found text"},
      {"share: .inf\n", Reason::bad_field, nullptr},
      {"share: nan\n", Reason::bad_field, nullptr},
      {"name: a\n\nname: b\n", Reason::duplicate_field, "line 3: name is given twice"},
      {"env:\n  A: 1\n  \"A\": 2\n", Reason::duplicate_field, "line 3: A is given twice"},
      {"name: &x a\n", Reason::bad_syntax, "line 1: anchors (&name) are not used here"},
      {"env:\n  A: *x\n", Reason::bad_syntax, nullptr},
      {"name: !!str a\n", Reason::bad_syntax, "line 1: tags (!name) are not used here"},
      {"name: !secret a\n", Reason::bad_syntax, nullptr},
      {"name: !!binary aGk=\n", Reason::bad_syntax, nullptr},
      {"? [a, b]\n: c\n", Reason::bad_syntax, "line 1: a key must be a text"},
      {"~: c\n", Reason::bad_syntax, "line 1: a key must be a text"},
      {"name: a\n---\nname: b\n", Reason::bad_syntax, nullptr},
      {"name: a\n\tenv: b\n", Reason::bad_syntax, nullptr},
      {"name: [a\n", Reason::bad_syntax, nullptr},
      {"name: 'a\n", Reason::bad_syntax, "the last quotation mark is not closed"},
      {"name: 'a''", Reason::bad_syntax, nullptr},
      {"name: \"a\\\"", Reason::bad_syntax, nullptr},
      {"env: {é: \"é}\n", Reason::bad_syntax, nullptr},
      {"name: a\n env: b\n", Reason::bad_syntax, nullptr},
      {"name: \xff\n", Reason::bad_syntax, "the document is not valid UTF-8"},
      {"name: a\nenv: {A: \x01}\n", Reason::bad_syntax, "line 2: a control character"},
      {"- a\n", Reason::bad_field, "line 1: expected an object, found a list"},
      {"", Reason::bad_field, "line 1: expected an object, found null"},
  };
  for (const auto& [text, reason, detail] : table) {
    const auto file = from_yaml<File>(text, Boundary::strict);
    ASSERT_FALSE(file) << text;
    EXPECT_EQ(file.error().reason, reason) << text << file.error().detail;
    if (detail != nullptr) {
      EXPECT_EQ(file.error().detail, detail) << text;
    }
  }
}

// The classic attack: nine levels of nine aliases each.
TEST(Yaml, BillionLaughsAreRefused) {
  std::string text = "a: &a [x,x,x,x,x,x,x,x,x]\n";
  for (char level = 'b'; level < 'k'; ++level) {
    const std::string previous(1, static_cast<char>(level - 1));
    text += std::string(1, level) + ": &" + level + " [";
    for (int copy = 0; copy < 9; ++copy) text += (copy > 0 ? ",*" : "*") + previous;
    text += "]\n";
  }
  EXPECT_EQ(from_yaml<File>(text, Boundary::tolerant).error().reason, Reason::bad_syntax);
}

TEST(Yaml, DepthIsLimited) {
  const auto read = [](const std::string& text) {
    return from_yaml<Tree>(text, Boundary::tolerant);
  };
  const auto nest = [](std::size_t depth) {
    return "label: 1\nx: " + std::string(depth, '[') + std::string(depth, ']');
  };
  EXPECT_TRUE(read(nest(31)));
  EXPECT_EQ(read(nest(32)).error().reason, Reason::too_deep);
  EXPECT_EQ(read(nest(100'000)).error().reason, Reason::too_deep);
  EXPECT_FALSE(read(std::string(100'000, '[')));
  EXPECT_FALSE(read(std::string(100'000, '{')));
  std::string dashes;
  for (int level = 0; level < 10'000; ++level) dashes += "- ";
  EXPECT_FALSE(read(dashes));
}

// Limits hold before the type of a field is looked at, and for fields that nobody knows.
TEST(Yaml, TextsAndListsHaveLimits) {
  const auto read = [](const std::string& text) {
    return from_yaml<File>(text, Boundary::tolerant);
  };
  const std::string text(core::limits::text_bytes_max, 'a');
  EXPECT_TRUE(read("unknown: " + text));
  EXPECT_EQ(read("unknown: " + text + "a").error().reason, Reason::too_large);
  EXPECT_EQ(read("name: x\nunknown: " + text + "a").error().detail.substr(0, 6), "line 2");
  std::string list = "unknown: [1";
  for (std::size_t i = 1; i < core::limits::list_length_max; ++i) list += ",1";
  EXPECT_TRUE(read(list + "]"));
  EXPECT_EQ(read(list + ",1]").error().reason, Reason::too_large);
}

TEST(Yaml, TheTolerantIgnoreUnknownFields) {
  EXPECT_TRUE(from_yaml<File>("name: a\nnew: {b: [1, ~]}\n", Boundary::tolerant));
  const auto refused =
      from_yaml<File>("name: a\nnew: 1\nmust_understand: [new]\n", Boundary::tolerant);
  EXPECT_EQ(refused.error().reason, Reason::must_understand);
}

// JSON is nearly a subset of YAML: what the codec writes can be read as YAML. Numbers of quantities
// mean something else there, and other control characters cannot be read, so both stay out.
TEST(Yaml, ReadsWhatTheCodecWritesAsJson) {
  core::Random random(61);
  for (int round = 0; round < 300; ++round) {
    Everything all = sample::draw_everything(random);
    all.need = {};
    all.needs.clear();
    const std::string text = to_json(all);

    std::string changed = text;
    const std::string zero = R"("need":{"cpus":1000,"memory":0,"timeout":0,"price":0})";
    changed.replace(changed.find(zero), zero.size(), R"("need":{"cpus":1})");
    const auto yaml = from_yaml<Everything>(changed, Boundary::strict);
    const auto json = from_json<Everything>(text, Boundary::strict);
    ASSERT_TRUE(json);
    ASSERT_TRUE(yaml) << yaml.error().detail << "\n" << text;
    ASSERT_EQ(*yaml, *json) << text;
  }
}

TEST(Yaml, AnyMutationGivesAnObjectOrAnErrorAndNeverStopsTheProcess) {
  const std::string document =
      "name: \"a b\"\ntasks:\n  - run: [x, 'y']\n    cpus: 4\nneed: {cpus: 0.5}\nenv:\n  A: |\n"
      "    text\n  B: >-\n    folded\nshare: 1e-3 # why\n";
  core::Random random(62);
  int accepted = 0;
  for (int round = 0; round < 6'000; ++round) {
    std::string text = document;
    for (std::uint64_t edits = 1 + random.below(4); edits > 0; --edits) {
      const std::size_t place = random.below(text.size());
      constexpr std::string_view kBytes = "{}[]\",:&*!|>%@`'#-? \n\t0\xc3\xa9";
      if (random.chance(1, 2)) {
        text[place] = kBytes[random.below(kBytes.size())];
      } else {
        text.insert(place, 1, kBytes[random.below(kBytes.size())]);
      }
    }
    const auto file = from_yaml<File>(text, Boundary::strict);
    ASSERT_TRUE(file || !file.error().detail.empty()) << text;
    ASSERT_TRUE(file || file.error().detail.find('\n') == std::string::npos) << text;
    accepted += file ? 1 : 0;
  }
  EXPECT_GT(accepted, 100);
}

}  // namespace
}  // namespace intertie::codec
