#include <cstdlib>
#include <string>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>

#include "intertie/codec/json.h"
#include "intertie/core/random.h"

#include "utf8.h"

namespace intertie::codec {
namespace {

using core::Reason;

core::Error refuse(std::string_view text) {
  const auto result = parse_json(text);
  EXPECT_FALSE(result) << text;
  return result ? core::Error{} : result.error();
}

TEST(ParseJson, RefusesWhatIsNotJson) {
  for (const char* text : {"",        " ",       "{",         "}",      "[1,]",        "{\"a\":1,}",
                           "{a:1}",   "{'a':1}", "nul",       "NaN",    "[Infinity]",  "01",
                           "1.",      ".5",      "+1",        "1e",     "-",           "\"",
                           "\"\\x\"", "\"\n\"",  "\"\t\"",    "[1 2]",  "{\"a\" 1}",   "1 2",
                           "{} x",    "// c\n1", "/* c */ 1", "[1,,2]", "\"\\u12g4\"", "tru",
                           "truex"}) {
    EXPECT_EQ(refuse(text).reason, Reason::bad_syntax) << text;
  }
}

TEST(ParseJson, RefusesBadUnicode) {
  for (const char* text :
       {"\"\xff\"", "\"\xc0\xaf\"", "\"\xed\xa0\x80\"", "\"\xf4\x90\x80\x80\"", "\"\xe4\xb8\"",
        "\"\\ud800\"", "\"\\udc00\"", "\"\\ud800\\u0041\"", "{\"\xff\":1}", "\"\\ud800\\ud800\""}) {
    EXPECT_EQ(refuse(text).reason, Reason::bad_syntax) << text;
  }
  EXPECT_EQ(parse_json("\"\\ud83d\\ude00\"")->as_string(), "😀");
  EXPECT_EQ(parse_json("\"\\u0000x\"")->as_string().size(), 2u);
}

TEST(ParseJson, NamesThePlace) {
  EXPECT_EQ(refuse("{\n  \"a\": [1, x]\n}").detail.rfind("line 2, column 12: ", 0), 0u)
      << refuse("{\n  \"a\": [1, x]\n}").detail;
  EXPECT_EQ(refuse("{}\n\n oops").detail, "line 3, column 2: text after the document");
}

TEST(ParseJson, RefusesDuplicateKeysAtAnyDepth) {
  const core::Error flat = refuse("{\"a\":1,\"b\":2,\"a\":3}");
  EXPECT_EQ(flat.reason, Reason::duplicate_field);
  EXPECT_NE(flat.detail.find(": a: given twice"), std::string::npos) << flat.detail;
  const core::Error deep = refuse("{\"x\":[{},{\"y\":{\"k\":1,\"\\u006b\":{}}}]}");
  EXPECT_EQ(deep.reason, Reason::duplicate_field);
  EXPECT_NE(deep.detail.find("x[1].y.k: given twice"), std::string::npos) << deep.detail;
  std::string many = "{";
  for (int key = 0; key < 2'000; ++key) many += "\"k" + std::to_string(key) + "\":0,";
  EXPECT_TRUE(parse_json(many + "\"z\":0}"));
  EXPECT_EQ(refuse(many + "\"k1234\":0}").reason, Reason::duplicate_field);
}

TEST(ParseJson, DepthIsLimited) {
  const auto nest = [](std::size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
  };
  EXPECT_TRUE(parse_json(nest(32)));
  EXPECT_EQ(refuse(nest(33)).reason, Reason::too_deep);
  EXPECT_EQ(refuse(nest(100'000)).reason, Reason::too_deep);
  EXPECT_EQ(refuse(std::string(100'000, '[')).reason, Reason::too_deep);
  std::string objects;
  for (int level = 0; level < 100'000; ++level) objects += "{\"a\":";
  EXPECT_EQ(refuse(objects).reason, Reason::too_deep);
}

TEST(ParseJson, SizesAreLimited) {
  namespace limits = core::limits;
  const std::string longest(limits::text_bytes_max, 'x');
  EXPECT_TRUE(parse_json("\"" + longest + "\""));
  EXPECT_EQ(refuse("\"" + longest + "x\"").reason, Reason::too_large);
  EXPECT_EQ(refuse("{\"" + longest + "x\":1}").reason, Reason::too_large);
  std::string list = "[0";
  for (std::size_t index = 1; index < limits::list_length_max; ++index) list += ",0";
  EXPECT_TRUE(parse_json(list + "]"));
  EXPECT_EQ(refuse(list + ",0]").reason, Reason::too_large);
  const std::string blank(limits::document_bytes_max, ' ');
  EXPECT_EQ(refuse(blank + "1").reason, Reason::too_large);
  EXPECT_TRUE(parse_json(blank + "1", limits::document_bytes_max + 1));
  EXPECT_EQ(parse_json("[1]", 2).error().reason, Reason::too_large);
}

TEST(ParseJson, NumbersAreExact) {
  EXPECT_EQ(parse_json("9223372036854775807")->as_int64(), INT64_MAX);
  EXPECT_EQ(parse_json("-9223372036854775808")->as_int64(), INT64_MIN);
  EXPECT_EQ(parse_json("18446744073709551615")->as_uint64(), UINT64_MAX);
  EXPECT_EQ(parse_json("18446744073709551616")->as_double(), 18446744073709551616.0);
  EXPECT_EQ(parse_json("0.1")->as_double(), 0.1);
  EXPECT_EQ(parse_json("1e-400")->as_double(), 0.0);
  EXPECT_EQ(refuse("[1, 1e400]").reason, Reason::out_of_range);
  // Ten numbers that a fast, inexact method gets wrong in the last place.
  core::Random random(31);
  for (int round = 0; round < 20'000; ++round) {
    const std::string text = std::to_string(random.next() >> 12) + "." +
                             std::to_string(random.below(1'000'000)) + "e" +
                             std::to_string(random.between(-300, 280));
    ASSERT_EQ(parse_json(text)->as_double(), std::strtod(text.c_str(), nullptr)) << text;
  }
}

// Oracle: Boost's own parser reads the same tree from what both accept.
TEST(ParseJson, AgreesWithAnotherParserOnMutatedDocuments) {
  const std::string document = R"({"a":[1,-2,3.5,true,false,null,"x\n\u00e9"],)"
                               R"("b":{"c":{},"d":[[]],"":"中"},"e":12345678901})";
  core::Random random(32);
  int accepted = 0;
  for (int round = 0; round < 30'000; ++round) {
    std::string text = document;
    for (std::uint64_t edits = random.below(3); edits > 0; --edits) {
      const std::size_t place = random.below(text.size());
      constexpr std::string_view kBytes = "{}[]\",:0123456789eE+-.tfn \\ux\xc3\xff";
      switch (random.below(3)) {
        case 0:
          text[place] = kBytes[random.below(kBytes.size())];
          break;
        case 1:
          text.erase(place, 1);
          break;
        default:
          text.insert(place, 1, kBytes[random.below(kBytes.size())]);
      }
    }
    const auto own = parse_json(text);
    boost::json::error_code error;
    const boost::json::value other = boost::json::parse(text, error);
    if (own) {
      ASSERT_FALSE(error) << text;
      ASSERT_EQ(boost::json::serialize(*own), boost::json::serialize(other)) << text;
      ++accepted;
    } else if (!error) {
      ASSERT_TRUE(own.error().reason == Reason::duplicate_field ||
                  own.error().reason == Reason::out_of_range)
          << text << " " << own.error().detail;
    }
  }
  EXPECT_GT(accepted, 10'000);
}

TEST(ParseJson, CutOffAnywhereIsAnError) {
  const std::string document = R"({"a":[1,"x\u00e9",{"b":null}],"c":true})";
  for (std::size_t length = 0; length < document.size(); ++length) {
    EXPECT_EQ(refuse(document.substr(0, length)).reason, Reason::bad_syntax) << length;
  }
}

// Oracle: the definition of RFC 3629 by code point, not by byte ranges.
TEST(Utf8, AgreesWithEncodingEveryCodePoint) {
  for (std::uint32_t point = 0; point <= 0x10ffff; ++point) {
    std::string text;
    const auto add = [&text](std::uint32_t byte) { text += static_cast<char>(byte); };
    if (point < 0x80) {
      add(point);
    } else if (point < 0x800) {
      add(0xc0 | point >> 6), add(0x80 | (point & 63));
    } else if (point < 0x10000) {
      add(0xe0 | point >> 12), add(0x80 | (point >> 6 & 63)), add(0x80 | (point & 63));
    } else {
      add(0xf0 | point >> 18), add(0x80 | (point >> 12 & 63));
      add(0x80 | (point >> 6 & 63)), add(0x80 | (point & 63));
    }
    const bool is_surrogate = point >= 0xd800 && point < 0xe000;
    ASSERT_EQ(is_utf8(text), !is_surrogate) << point;
    ASSERT_EQ(find_utf8_length(text), is_surrogate ? 0 : text.size());
    ASSERT_TRUE(text.size() == 1 || !is_utf8(text.substr(0, text.size() - 1)));
  }
  EXPECT_FALSE(is_utf8("\xc1\xbf"));          // Overlong.
  EXPECT_FALSE(is_utf8("\xe0\x9f\xbf"));      // Overlong.
  EXPECT_FALSE(is_utf8("\xf0\x8f\xbf\xbf"));  // Overlong.
  EXPECT_FALSE(is_utf8("abcdefgh\x80"));
  EXPECT_TRUE(is_utf8("abcdefghé"));
}

TEST(Utf8, RepairReplacesOnlyWhatIsInvalid) {
  EXPECT_EQ(repair_utf8("a\xff"
                        "é\xc3"),
            "a\xef\xbf\xbdé\xef\xbf\xbd");
  EXPECT_EQ(repair_utf8("中"), "中");
}

}  // namespace
}  // namespace intertie::codec
