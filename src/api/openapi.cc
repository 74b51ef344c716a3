// The OpenAPI document, from the same table that dispatches.
#include <string>
#include <utility>

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include "intertie/codec/schema.h"

#include "route.h"

namespace intertie::api {
namespace {

namespace json = boost::json;

json::string to_json_text(std::string_view text) { return json::string(text.data(), text.size()); }

json::object make_content(const char* type, json::value schema) {
  return {{type, json::object{{"schema", std::move(schema)}}}};
}

json::array make_parameters(const Route& route) {
  json::array parameters;
  for (const std::string_view name : list_parameters(route.pattern)) {
    parameters.push_back(json::object{{"name", to_json_text(name)},
                                      {"in", "path"},
                                      {"required", true},
                                      {"schema", json::object{{"type", "string"}}}});
  }
  for (const QueryRow& row : route.query) {
    parameters.push_back(json::object{{"name", to_json_text(row.name)},
                                      {"in", "query"},
                                      {"description", to_json_text(row.description)},
                                      {"schema", json::object{{"type", "string"}}}});
  }
  if (route.method == "POST") {
    parameters.push_back(
        json::object{{"name", "Idempotency-Key"},
                     {"in", "header"},
                     {"description", "Submissions and deposits: a repeat does nothing twice."},
                     {"schema", json::object{{"type", "string"}, {"maxLength", 255}}}});
  }
  return parameters;
}

json::object make_responses(const Route& route, json::object& components) {
  json::object good{{"description", "Done."}};
  if (route.response != nullptr) {
    good["content"] = make_content("application/json", route.response(components));
  } else if (route.method != "HEAD") {
    good["content"] = make_content("application/octet-stream", json::object{{"type", "string"}});
  }
  json::object problem{{"description", "Refused: `code` names the reason, `fix` what would help."}};
  problem["content"] =
      make_content("application/problem+json", codec::openapi_schema<ProblemView>(components));
  return {{std::to_string(route.status), std::move(good)}, {"default", std::move(problem)}};
}

json::object make_operation(const Route& route, json::object& components) {
  json::object operation{{"operationId", to_json_text(route.name)},
                         {"summary", to_json_text(route.summary)},
                         {"parameters", make_parameters(route)}};
  if (route.request != nullptr) {
    operation["requestBody"] =
        json::object{{"required", true},
                     {"content", make_content("application/json", route.request(components))}};
  } else if (route.has_byte_body) {
    operation["requestBody"] = json::object{
        {"required", true},
        {"content", make_content("application/octet-stream", json::object{{"type", "string"}})}};
  }
  operation["responses"] = make_responses(route, components);
  if (route.visibility == Visibility::open) {
    operation["security"] = json::array();
  } else if (route.scope) {
    operation["x-scope"] = to_json_text(scope_name(*route.scope));
  }
  return operation;
}

json::string make_method(std::string_view method) {
  json::string text;
  for (const char c : method) text.push_back(static_cast<char>(c - 'A' + 'a'));
  return text;
}

}  // namespace

std::string render_openapi(const std::vector<Route>& routes) {
  json::object components;
  json::object paths;
  for (const Route& route : routes) {
    json::value& path = paths[json::string_view(route.pattern.data(), route.pattern.size())];
    if (path.is_null()) path = json::object();
    path.as_object()[make_method(route.method)] = make_operation(route, components);
  }
  json::object document{
      {"openapi", "3.1.0"},
      {"info", json::object{{"title", "Intertie hub"},
                            {"version", "1"},
                            {"description",
                             "Money in micros of the hub's currency, sizes in bytes, lengths of "
                             "time in microseconds; times are RFC 3339."}}},
      {"security", json::array{json::object{{"bearer", json::array()}}}},
      {"paths", std::move(paths)}};
  document["components"] = json::object{
      {"schemas", std::move(components)},
      {"securitySchemes",
       json::object{{"bearer", json::object{{"type", "http"}, {"scheme", "bearer"}}}}}};
  return json::serialize(document);
}

}  // namespace intertie::api
