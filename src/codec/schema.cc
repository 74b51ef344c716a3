#include "intertie/codec/schema.h"

#include <cassert>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include <boost/json/array.hpp>

#include "intertie/core/limits.h"

#include "values.h"

namespace intertie::codec {
namespace {

namespace json = boost::json;

json::string_view to_json_view(std::string_view text) { return {text.data(), text.size()}; }

// Writes schemas; named types go to `definitions` once and are referred to by `prefix` + name.
class SchemaWriter {
 public:
  SchemaWriter(json::object& definitions, std::string_view prefix)
      : definitions_(definitions), prefix_(prefix) {}

  json::object write(const Type& type);

 private:
  json::object refer(const Type& type);
  json::object write_structure(const Type& type);
  json::object write_choice(const Type& type);

  json::object& definitions_;
  std::string prefix_;
  std::map<std::string_view, const Type*> seen_;
};

json::object make_text(std::string_view description) {
  return {{"type", "string"}, {"description", to_json_view(description)}};
}

json::object make_hex(const Type& type) {
  const std::string count =
      type.kind == Kind::bytes ? "{" + std::to_string(2 * type.width) + "}" : "*";
  const std::string unit = type.kind == Kind::bytes ? "[0-9a-fA-F]" : "([0-9a-fA-F]{2})";
  return {{"type", "string"}, {"pattern", "^" + unit + count + "$"}};
}

json::object make_integer_schema(const Type& type) {
  json::object schema{{"type", "integer"}};
  const std::size_t bits = 8 * type.width - (type.is_signed ? 1 : 0);
  if (type.is_signed) {
    schema["minimum"] = bits == 63 ? INT64_MIN : -(std::int64_t{1} << bits);
  } else {
    schema["minimum"] = 0;
  }
  if (bits == 64) {
    schema["maximum"] = UINT64_MAX;
  } else {
    schema["maximum"] = static_cast<std::int64_t>((std::uint64_t{1} << bits) - 1);
  }
  return schema;
}

json::object make_quantity_schema(const Type& type) {
  // The reader's own words for what a person may write.
  std::int64_t unused = 0;
  const core::Result<void> refused = type.from_text("", &unused);
  json::object number{{"type", "integer"}, {"description", to_json_view(type.name)}};
  json::array either{std::move(number), make_text(refused.error().detail)};
  return {{"oneOf", std::move(either)}};
}

json::object make_rate_schema(json::object precision) {
  json::object object{
      {"type", "object"},
      {"properties", json::object{{"precision", std::move(precision)},
                                  {"ops_per_second", json::object{{"type", "integer"}}}}},
      {"required", json::array{"precision", "ops_per_second"}},
      {"additionalProperties", false}};
  json::array either{std::move(object), make_text("a rate such as \"2 TFLOPS fp32\"")};
  return {{"oneOf", std::move(either)}};
}

json::object make_enumeration_schema(const Type& type) {
  json::array names;
  for (const Enumerator& enumerator : type.enumerators) {
    names.push_back(json::string(to_json_view(enumerator.name)));
  }
  return {{"type", "string"}, {"enum", std::move(names)}};
}

json::object SchemaWriter::write(const Type& type) {
  switch (type.kind) {
    case Kind::boolean:
      return {{"type", "boolean"}};
    case Kind::integer:
      return make_integer_schema(type);
    case Kind::real:
      return {{"type", "number"}};
    case Kind::text:
      return {{"type", "string"}, {"maxLength", core::limits::text_bytes_max}};
    case Kind::bytes:
    case Kind::byte_list:
      return make_hex(type);
    case Kind::quantity:
      return make_quantity_schema(type);
    case Kind::time:
      return {{"type", "string"}, {"format", "date-time"}};
    case Kind::rate:
      return make_rate_schema(refer(type_of<core::Precision>()));
    case Kind::reason:
      return make_text("a reason code such as budget_exceeded");
    case Kind::written:
      return make_text(type.name);
    case Kind::optional: {
      json::object null{{"type", "null"}};
      json::array either{write(type.inner()), std::move(null)};
      return {{"anyOf", std::move(either)}};
    }
    case Kind::list:
      return {{"type", "array"},
              {"items", write(type.inner())},
              {"maxItems", core::limits::list_length_max}};
    case Kind::map:
      return {{"type", "object"}, {"additionalProperties", write(type.inner())}};
    case Kind::enumeration:
    case Kind::structure:
      return refer(type);
    case Kind::choice:
      return write_choice(type);
  }
  return {};
}

json::object SchemaWriter::refer(const Type& type) {
  const auto [known, is_new] = seen_.try_emplace(type.name, &type);
  assert(known->second == &type && "two types of one name");
  if (is_new) {  // Known from here on: the type may contain itself.
    json::object schema =
        type.kind == Kind::enumeration ? make_enumeration_schema(type) : write_structure(type);
    const auto [entry, is_added] = definitions_.emplace(to_json_view(type.name), schema);
    assert((is_added || entry->value() == schema) && "two types of one name");
  }
  return {{"$ref", prefix_ + std::string(type.name)}};
}

json::object SchemaWriter::write_structure(const Type& type) {
  json::object properties;
  json::array required;
  for (const Field& field : type.fields) {
    properties[to_json_view(field.name)] = write(field.type());
    if (field.is_required) required.push_back(json::string(to_json_view(field.name)));
  }
  json::object schema{{"type", "object"}, {"properties", std::move(properties)}};
  if (!required.empty()) schema["required"] = std::move(required);
  schema["additionalProperties"] = false;
  return schema;
}

json::object SchemaWriter::write_choice(const Type& type) {
  json::array either;
  for (const TypeRef alternative : type.alternatives) {
    const std::string key = to_snake_case(alternative().name);
    json::object properties{{key, write(alternative())}};
    either.push_back(json::object{{"type", "object"},
                                  {"properties", std::move(properties)},
                                  {"required", json::array{json::string(key)}},
                                  {"additionalProperties", false}});
  }
  return {{"oneOf", std::move(either)}};
}

}  // namespace

namespace detail {

json::value make_schema(const Type& type) {
  json::object definitions;
  json::object schema{{"$schema", "https://json-schema.org/draft/2020-12/schema"}};
  for (const json::key_value_pair& entry : SchemaWriter(definitions, "#/$defs/").write(type)) {
    schema[entry.key()] = entry.value();
  }
  if (!definitions.empty()) schema["$defs"] = std::move(definitions);
  return schema;
}

json::value make_reference(const Type& type, json::object& components) {
  return SchemaWriter(components, "#/components/schemas/").write(type);
}

}  // namespace detail
}  // namespace intertie::codec
