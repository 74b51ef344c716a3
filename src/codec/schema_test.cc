#include "intertie/codec/schema.h"

#include <set>
#include <string>

#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>

#include "intertie/codec/json.h"

#include "sample_types.h"

namespace intertie::codec {
namespace {

namespace json = boost::json;

json::value expected(std::string_view text) { return *parse_json(text); }

TEST(Schema, OfScalars) {
  EXPECT_EQ(detail::make_schema(type_of<std::int8_t>()),
            expected(R"({"$schema":"https://json-schema.org/draft/2020-12/schema",
                         "type":"integer","minimum":-128,"maximum":127})"));
  EXPECT_EQ(json_schema<std::uint64_t>().at("maximum").as_uint64(), UINT64_MAX);
  EXPECT_EQ(json_schema<std::int64_t>().at("minimum").as_int64(), INT64_MIN);
  EXPECT_EQ(json_schema<std::int64_t>().at("maximum").as_int64(), INT64_MAX);
  EXPECT_EQ((json_schema<std::array<std::uint8_t, 2>>().at("pattern")), "^[0-9a-fA-F]{4}$");
  EXPECT_EQ(json_schema<core::Time>().at("format"), "date-time");
  EXPECT_EQ(json_schema<sample::Tag>().at("description"), "a tag such as #7");
  EXPECT_EQ(json_schema<core::Bytes>().at("oneOf"),
            expected(R"([{"type":"integer","description":"bytes"},
                         {"type":"string",
                          "description":"expected a size such as 32GB, 512MiB or 1024"}])"));
}

TEST(Schema, NamedTypesAreReferredTo) {
  EXPECT_EQ(json_schema<sample::Tree>(),
            expected(R"({"$schema":"https://json-schema.org/draft/2020-12/schema",
                         "$ref":"#/$defs/Tree",
                         "$defs":{"Tree":{"type":"object","properties":{
                            "label":{"type":"integer","minimum":-2147483648,"maximum":2147483647},
                            "children":{"type":"array","items":{"$ref":"#/$defs/Tree"},
                                        "maxItems":100000}},
                            "required":["label"],"additionalProperties":false}}})"));
}

TEST(Schema, ComponentsAreCollectedOnce) {
  json::object components;
  EXPECT_EQ(openapi_schema<sample::Need>(components),
            expected(R"({"$ref":"#/components/schemas/Need"})"));
  EXPECT_EQ(openapi_schema<std::vector<sample::Tree>>(components).at("items"),
            expected(R"({"$ref":"#/components/schemas/Tree"})"));
  const json::object before = components;
  openapi_schema<sample::Tree>(components);
  openapi_schema<sample::Need>(components);
  EXPECT_EQ(components, before);
  std::set<std::string> names;
  for (const json::key_value_pair& entry : components) names.insert(std::string(entry.key()));
  EXPECT_EQ(names, (std::set<std::string>{"Need", "Precision", "Tree"}));
}

// Every reference resolves, at any depth.
void check_references(const json::value& value, const json::object& components) {
  if (value.is_array()) {
    for (const json::value& element : value.get_array()) check_references(element, components);
  }
  if (!value.is_object()) return;
  for (const json::key_value_pair& entry : value.get_object()) {
    if (entry.key() == "$ref") {
      const std::string target(entry.value().as_string());
      const std::string prefix = "#/components/schemas/";
      ASSERT_EQ(target.rfind(prefix, 0), 0u);
      EXPECT_TRUE(components.contains(target.substr(prefix.size()))) << target;
    }
    check_references(entry.value(), components);
  }
}

TEST(Schema, OfEverythingIsClosed) {
  json::object components;
  check_references(openapi_schema<sample::Everything>(components), components);
  check_references(components, components);
  EXPECT_EQ(components.at("Colour"),
            expected(R"({"type":"string","enum":["red","green","blue"]})"));
  const json::object& properties =
      components.at("Everything").as_object().at("properties").as_object();
  EXPECT_EQ(properties.at("event").as_object().at("oneOf").as_array()[1],
            expected(R"({"type":"object",
                         "properties":{"job_refused":{"$ref":"#/components/schemas/JobRefused"}},
                         "required":["job_refused"],"additionalProperties":false})"));
  // The schema names exactly the fields that the writer writes.
  sample::Everything all;
  all.maybe = 1;
  std::string written;
  std::string described;
  const json::value tree = encode(all);
  for (const json::key_value_pair& entry : tree.as_object()) {
    written += std::string(entry.key()) + " ";
  }
  for (const json::key_value_pair& entry : properties) described += std::string(entry.key()) + " ";
  EXPECT_EQ(described, written);
}

namespace other {
struct Tree {
  bool leaf = false;
};
BOOST_DESCRIBE_STRUCT(Tree, (), (leaf))
}  // namespace other

TEST(SchemaDeathTest, TwoTypesOfOneNameAreAProgrammerError) {
  json::object components;
  openapi_schema<sample::Tree>(components);
  EXPECT_DEATH(openapi_schema<other::Tree>(components), "two types of one name");
}

}  // namespace
}  // namespace intertie::codec
