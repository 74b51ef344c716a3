#include "intertie/codec/json.h"

#include <string>

#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>

#include "sample_types.h"

namespace intertie::codec {
namespace {

using core::Reason;
using sample::Event;
using sample::Everything;
using sample::Need;
using sample::Tree;

struct Task {
  std::uint8_t cpus = 1;
  std::vector<std::string> run;
  static constexpr std::array<std::string_view, 1> required_fields{"run"};
};
BOOST_DESCRIBE_STRUCT(Task, (), (cpus, run))

struct Job {
  std::string name;
  sample::Colour colour = sample::Colour::red;
  std::vector<Task> tasks;
  std::map<std::string, std::int64_t> limits;
  Need need;
  Event event;
  std::array<std::uint8_t, 2> digest{};
  core::Time at;
  double share = 0;
  bool is_urgent = false;
  sample::Tag tag;
  std::vector<std::uint8_t> blob;
  Reason why = Reason::internal;
};
BOOST_DESCRIBE_STRUCT(Job, (),
                      (name, colour, tasks, limits, need, event, digest, at, share, is_urgent, tag,
                       blob, why))

struct Empty {};
BOOST_DESCRIBE_STRUCT(Empty, (), ())

TEST(Json, EverythingRoundTrips) {
  core::Random random(41);
  for (int round = 0; round < 500; ++round) {
    const Everything all = sample::draw_everything(random);
    const std::string text = to_json(all);
    for (const Boundary boundary : {Boundary::strict, Boundary::tolerant}) {
      Everything expected = all;
      // JSON leaves an absent optional out, so it gets its default back.
      if (!expected.usually) expected.usually = Everything{}.usually;
      const auto read = from_json<Everything>(text, boundary);
      ASSERT_TRUE(read) << read.error().detail << "\n" << text;
      ASSERT_EQ(*read, expected) << text;
      ASSERT_EQ(std::signbit(read->real), std::signbit(all.real));
    }
    ASSERT_EQ(*from_json<Everything>(to_json_pretty(all), Boundary::strict),
              *from_json<Everything>(text, Boundary::strict));
    ASSERT_EQ(encode(all), *parse_json(text));
  }
}

TEST(Json, IsCompactAndInDeclarationOrder) {
  Need need;
  need.memory = {INT64_MAX};
  need.rate = core::Rate{core::Precision::bf16, 7};
  EXPECT_EQ(to_json(need), R"({"cpus":1000,"memory":9223372036854775807,"timeout":0,"price":0,)"
                           R"("rate":{"precision":"BF16","ops_per_second":7}})");
  EXPECT_EQ(to_json(Tree{1, {{2, {}}}}), R"({"label":1,"children":[{"label":2,"children":[]}]})");
  EXPECT_EQ(to_json(Event(sample::JobRefused{Reason::busy, "x"})),
            R"({"job_refused":{"reason":"busy","detail":"x"}})");
  EXPECT_EQ(to_json(Empty{}), "{}");
  EXPECT_EQ(to_json(std::vector<double>{0.1, 1e22, -0.0, 5}), "[0.1,1e+22,-0.0,5]");
  EXPECT_EQ(to_json(std::vector<double>{std::nan(""), HUGE_VAL}), "[null,null]");
  EXPECT_EQ(to_json(std::string("\"\\\n\t\x01\x7f"
                                "é\xff")),
            "\"\\\"\\\\\\n\\t\\u0001\\u007fé\xef\xbf\xbd\"");
  EXPECT_EQ(to_json(core::Time{1'500'000}), "\"1970-01-01T00:00:01.5Z\"");
}

TEST(Json, PrettyIndentsByTwo) {
  EXPECT_EQ(to_json_pretty(Tree{1, {{2, {}}}}),
            "{\n  \"label\": 1,\n  \"children\": [\n    {\n      \"label\": 2,\n"
            "      \"children\": []\n    }\n  ]\n}");
}

struct Refused {
  const char* text;
  Reason reason;
  const char* detail;
};

TEST(Json, EveryErrorNamesThePath) {
  const Refused table[] = {
      {R"([])", Reason::bad_field, "expected an object, found a list"},
      {R"({"tasks":[{"run":[]},{"cpus":"1","run":[]}]})", Reason::bad_field,
       "tasks[1].cpus: expected integer, found text"},
      {R"({"tasks":[{"cpus":1.0,"run":[]}]})", Reason::bad_field,
       "tasks[0].cpus: expected integer, found a number with a fraction or beyond 64 bits"},
      {R"({"tasks":[{"cpus":256,"run":[]}]})", Reason::out_of_range,
       "tasks[0].cpus: 256 is outside 0..255"},
      {R"({"tasks":[{"cpus":-1,"run":[]}]})", Reason::out_of_range,
       "tasks[0].cpus: -1 is outside 0..255"},
      {R"({"tasks":[{}]})", Reason::missing_field, "tasks[0].run: missing"},
      {R"({"tasks":{}})", Reason::bad_field, "tasks: expected a list, found an object"},
      {R"({"tasks":[{"run":["a",7]}]})", Reason::bad_field,
       "tasks[0].run[1]: expected text, found an integer"},
      {R"({"tasks":null})", Reason::bad_field, "tasks: expected a list, found null"},
      {R"({"colour":"rod"})", Reason::bad_field, "colour: rod is not one of red, green, blue"},
      {R"({"colour":1})", Reason::bad_field,
       "colour: expected one of red, green, blue, found an integer"},
      {R"({"colour":"Red"})", Reason::bad_field, "colour: Red is not one of red, green, blue"},
      {R"({"limits":{"a b":true}})", Reason::bad_field,
       "limits[\"a b\"]: expected integer, found true or false"},
      {R"({"limits":{"":{}}})", Reason::bad_field,
       "limits[\"\"]: expected integer, found an object"},
      {R"({"limits":{"a":9223372036854775808}})", Reason::out_of_range,
       "limits.a: 9223372036854775808 is outside -9223372036854775808..9223372036854775807"},
      {R"({"nmae":"x"})", Reason::unknown_field, "nmae: unknown field; did you mean name?"},
      {R"({"need":{"memroy":1}})", Reason::unknown_field,
       "need.memroy: unknown field; did you mean memory?"},
      {R"({"need":{"zzzzzzzz":1}})", Reason::unknown_field,
       "need.zzzzzzzz: unknown field; known are cpus, memory, timeout, price, rate"},
      {R"({"need":{"memory":"32XB"}})", Reason::bad_field,
       "need.memory: expected a size such as 32GB, 512MiB or 1024; found another unit"},
      {R"({"need":{"memory":1.5}})", Reason::bad_field,
       "need.memory: expected a size such as 32GB, 512MiB or 1024, or an integer of bytes"},
      {R"({"need":{"price":9223372036854775808}})", Reason::out_of_range,
       "need.price: above the largest possible value"},
      {R"({"need":{"rate":{"precision":"FP64"}}})", Reason::missing_field,
       "need.rate.ops_per_second: a rate needs it"},
      {R"({"need":{"rate":{"precision":"FP1","ops_per_second":1}}})", Reason::bad_field,
       "need.rate.precision: FP1 is not one of FP64, FP32, TF32, BF16, FP16, FP8, INT8"},
      {R"({"event":{}})", Reason::bad_field,
       "event: expected an object with one key of job_started, job_refused"},
      {R"({"event":{"job_lost":{}}})", Reason::bad_field,
       "event: expected an object with one key of job_started, job_refused, found job_lost"},
      {R"({"event":{"job_started":{"job":"x"}}})", Reason::bad_field,
       "event.job_started.job: expected integer, found text"},
      {R"({"digest":"0g00"})", Reason::bad_field,
       "digest: expected 4 hexadecimal digits, found text"},
      {R"({"digest":"000"})", Reason::bad_field,
       "digest: expected 4 hexadecimal digits, found text"},
      {R"({"blob":"000"})", Reason::bad_field,
       "blob: expected an even number of hexadecimal digits, found text"},
      {R"({"at":5})", Reason::bad_field, "at: expected a time such as 2026-11-21T20:44:24Z"},
      {R"({"share":"1"})", Reason::bad_field, "share: expected number, found text"},
      {R"({"is_urgent":1})", Reason::bad_field,
       "is_urgent: expected true or false, found an integer"},
      {R"({"tag":"7"})", Reason::bad_identifier, "tag: expected a tag such as #7"},
      {R"({"tag":7})", Reason::bad_field, "tag: expected a tag such as #7, found an integer"},
      {R"({"why":"because"})", Reason::bad_field, "why: expected a known reason code, found text"},
  };
  for (const auto& [text, reason, detail] : table) {
    const auto job = from_json<Job>(text, Boundary::strict);
    ASSERT_FALSE(job) << text;
    EXPECT_EQ(job.error().reason, reason) << text;
    EXPECT_EQ(job.error().detail.substr(0, std::string_view(detail).size() + 40), detail) << text;
  }
}

TEST(Json, MessagesStayOnOneShortLine) {
  const std::string key = "a\\n\\u0007" + std::string(1'000, 'x');
  const auto job = from_json<Job>("{\"limits\":{\"" + key + "\":{}}}", Boundary::strict);
  ASSERT_FALSE(job);
  EXPECT_LT(job.error().detail.size(), 200u);
  EXPECT_EQ(job.error().detail.find('\n'), std::string::npos);
}

TEST(Json, AbsentFieldsKeepTheirDefaults) {
  const auto all = from_json<Everything>("{}", Boundary::strict);
  ASSERT_TRUE(all);
  EXPECT_EQ(*all, Everything{});
  // A list that is given replaces the default one.
  EXPECT_EQ(from_json<Everything>(R"({"numbers":[7]})", Boundary::strict)->numbers,
            std::vector<std::int64_t>{7});
}

TEST(Json, NullIsAbsentForOptionalsAndToTheTolerant) {
  const auto strict = from_json<Everything>(R"({"usually":null})", Boundary::strict);
  ASSERT_TRUE(strict);
  EXPECT_EQ(strict->usually, std::nullopt);
  EXPECT_FALSE(from_json<Everything>(R"({"text":null})", Boundary::strict));
  const auto tolerant = from_json<Everything>(R"({"text":null})", Boundary::tolerant);
  ASSERT_TRUE(tolerant);
  EXPECT_EQ(tolerant->text, "default");
  EXPECT_EQ(from_json<Tree>(R"({"label":null})", Boundary::tolerant).error().reason,
            Reason::missing_field);
}

TEST(Json, TheTolerantIgnoreWhatTheyNeedNotUnderstand) {
  const auto read = [](std::string_view text) { return from_json<Tree>(text, Boundary::tolerant); };
  EXPECT_EQ(read(R"({"label":1,"new":{"a":[1]}})")->label, 1);
  EXPECT_TRUE(read(R"({"label":1,"new":1,"must_understand":["label"]})"));
  EXPECT_TRUE(read(R"({"label":1,"new":1,"must_understand":[]})"));
  const auto refused = read(R"({"label":1,"new":1,"must_understand":["label","new"]})");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, Reason::must_understand);
  EXPECT_EQ(refused.error().detail, "the field new is not known here");
  const auto inner = read(R"({"label":1,"children":[{"label":2,"must_understand":["x"]}]})");
  ASSERT_FALSE(inner);
  EXPECT_EQ(inner.error().detail, "children[0]: the field x is not known here");
  EXPECT_EQ(read(R"({"label":1,"must_understand":"new"})").error().reason, Reason::bad_field);
  EXPECT_EQ(read(R"({"label":1,"must_understand":[7]})").error().reason, Reason::must_understand);
  EXPECT_FALSE(from_json<Tree>(R"({"label":1,"must_understand":[]})", Boundary::strict));
}

TEST(Json, NumbersOfQuantitiesCountBaseUnitsAndTextsAreReadAsPeopleWriteThem) {
  const auto need = from_json<Need>(
      R"({"cpus":2,"memory":"32GB","timeout":"10m","price":"0.25","rate":"2 TFLOPS fp32"})",
      Boundary::strict);
  ASSERT_TRUE(need);
  EXPECT_EQ(need->cpus, core::MilliCpus{2});
  EXPECT_EQ(need->memory, core::Bytes{32'000'000'000});
  EXPECT_EQ(need->timeout, core::minutes(10));
  EXPECT_EQ(need->price, core::Money{250'000});
  EXPECT_EQ(need->rate, (core::Rate{core::Precision::fp32, 2'000'000'000'000}));
  EXPECT_EQ(from_json<Need>(R"({"cpus":"2","price":-5})", Boundary::strict)->cpus,
            core::MilliCpus{2'000});
}

// A short text must not unfold into more memory than the limit: 100,000 elements fit the list
// limit, but not a hundred such lists of large structs.
TEST(Json, MemoryOfListsIsBounded) {
  using Wide = std::array<std::uint8_t, 8>;
  std::string row = "[\"0000000000000000\"";
  for (int index = 1; index < 10; ++index) row += ",\"0000000000000000\"";
  EXPECT_TRUE((from_json<std::vector<Wide>>(row + "]", Boundary::strict)));
  std::string list = "[{}";
  for (int index = 1; index < 99'000; ++index) list += ",{}";
  const std::string all = "[" + list + "]," + list + "]," + list + "]," + list + "]," + list +
                          "]," + list + "]," + list + "]," + list + "]," + list + "]," + list +
                          "]]";
  const auto read = from_json<std::vector<std::vector<Everything>>>(all, Boundary::strict);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().reason, Reason::too_large) << read.error().detail;
}

// The bound is meant for what nobody writes: what the codec itself writes fits, up to the limit of
// a document, and so do as many of the smallest as a list may have.
TEST(Json, WhatIsWrittenIsNeverTooMuchToRead) {
  core::Random random(7);
  std::vector<Everything> many;
  std::size_t length = 2;
  for (;;) {
    many.push_back(sample::draw_everything(random));
    length += to_json(many.back()).size() + 1;
    if (length > core::limits::document_bytes_max) break;
  }
  many.pop_back();
  const auto read = from_json<std::vector<Everything>>(to_json(many), Boundary::strict);
  ASSERT_TRUE(read) << read.error().detail;
  EXPECT_EQ(read->size(), many.size());
  const std::vector<std::string> texts(core::limits::list_length_max, "");
  EXPECT_TRUE(from_json<std::vector<std::string>>(to_json(texts), Boundary::strict));
  std::map<std::string, std::string> entries;
  for (int i = 0; i < 90'000; ++i) entries[std::to_string(i)] = std::string(20, 'x');
  const auto map =
      from_json<std::map<std::string, std::string>>(to_json(entries), Boundary::strict);
  ASSERT_TRUE(map) << map.error().detail;
  EXPECT_EQ(*map, entries);
}

TEST(Json, ATextOfBracketsIsRefusedWhileItIsRead) {
  const std::string nest = std::string(30, '[') + std::string(30, ']');
  std::string text = "[" + nest;
  for (int i = 1; i < 40'000; ++i) text += "," + nest;
  const auto read = from_json<Everything>(text + "]", Boundary::tolerant);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().reason, Reason::too_large);
  EXPECT_EQ(read.error().detail, "too many elements in all");
}

TEST(Json, AnyMutationGivesAnObjectOrAnErrorAndNeverStopsTheProcess) {
  core::Random random(42);
  for (int round = 0; round < 1'000; ++round) {
    std::string text = to_json(sample::draw_everything(random));
    for (int edit = 0; edit < 3; ++edit) {
      const std::size_t place = random.below(text.size());
      text[place] = static_cast<char>(random.chance(1, 2) ? text[random.below(text.size())]
                                                          : static_cast<char>(random.below(256)));
    }
    for (const Boundary boundary : {Boundary::strict, Boundary::tolerant}) {
      const auto read = from_json<Everything>(text, boundary);
      ASSERT_TRUE(read || !read.error().detail.empty());
      ASSERT_TRUE(!read || from_json<Everything>(to_json(*read), boundary));
    }
  }
}

enum class Level { process, namespace_ };
BOOST_DESCRIBE_ENUM(Level, process, namespace_)

struct Reserved {
  static constexpr std::array<std::string_view, 1> required_fields{"class"};
  std::string class_;
  Level level = Level::process;
};
BOOST_DESCRIBE_STRUCT(Reserved, (), (class_, level))

TEST(Json, ATrailingUnderscoreIsNotWritten) {
  const Reserved object{"super", Level::namespace_};
  EXPECT_EQ(to_json(object), R"({"class":"super","level":"namespace"})");
  EXPECT_EQ(from_json<Reserved>(to_json(object), Boundary::strict)->level, Level::namespace_);
  EXPECT_EQ(from_json<Reserved>("{}", Boundary::strict).error().reason, Reason::missing_field);
  EXPECT_EQ(from_json<Reserved>(R"({"class_":"x"})", Boundary::strict).error().reason,
            Reason::unknown_field);
}

TEST(Json, OneTextIsAListOfOneAndNothingElseIs) {
  using Texts = std::vector<std::string>;
  EXPECT_EQ(*from_json<Texts>(R"("a b")", Boundary::strict), Texts{"a b"});
  EXPECT_EQ(from_json<Texts>("7", Boundary::strict).error().reason, Reason::bad_field);
  EXPECT_EQ(from_json<std::vector<Texts>>(R"("a")", Boundary::strict).error().reason,
            Reason::bad_field);
}

}  // namespace
}  // namespace intertie::codec
