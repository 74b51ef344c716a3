// The rows of the two route tables: what dispatch, the scope check and the OpenAPI document read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "call.h"

namespace intertie::api {

/// Who may see the object that a route is about. Every object that the rule hides is not_found.
enum class Visibility : std::uint8_t {
  open,       // No token at all: health, metrics, the OpenAPI document.
  everybody,  // Any valid token with the scope.
  owner,      // The object's owner, and operators.
  operators,  // Operators alone; others are `denied`.
  peer,       // Site listener: another region's hub.
};

struct QueryRow {
  std::string_view name;
  std::string_view description;
};

using SchemaFunction = boost::json::value (*)(boost::json::object& components);
using Handler = void (*)(const CallPointer& call);

/// One route. In a pattern a brace stands for one segment or for part of one:
/// "/v1/jobs/{job}:cancel".
struct Route {
  std::string_view method;
  std::string_view pattern;
  std::string_view name;  // operationId
  std::string_view summary;
  Visibility visibility = Visibility::everybody;
  std::optional<Scope> scope;
  std::vector<QueryRow> query;
  SchemaFunction request = nullptr;   // nullptr: no body, or bytes (has_byte_body).
  SchemaFunction response = nullptr;  // nullptr: bytes, text or nothing.
  int status = 200;
  Handler handler = nullptr;
  bool has_byte_body = false;
};

/// What the pattern's braces match in the path, or nothing. O(length).
std::optional<std::vector<std::string>> match_pattern(std::string_view pattern,
                                                      std::string_view path);

/// The names in a pattern's braces.
std::vector<std::string_view> list_parameters(std::string_view pattern);

/// The tables, in the order of matching. Built once.
const std::vector<Route>& get_user_routes();
const std::vector<Route>& get_site_routes();

// Their parts, by subject (routes_*.cc).
void add_job_routes(std::vector<Route>& routes);
void add_job_file_routes(std::vector<Route>& routes);
void add_plan_routes(std::vector<Route>& routes);
void add_site_routes(std::vector<Route>& routes);
void add_account_routes(std::vector<Route>& routes);
void add_bill_routes(std::vector<Route>& routes);
void add_dispute_routes(std::vector<Route>& routes);
void add_event_routes(std::vector<Route>& routes);
void add_content_routes(std::vector<Route>& routes);
void add_token_routes(std::vector<Route>& routes);
void add_public_routes(std::vector<Route>& routes);
void add_health_routes(std::vector<Route>& routes);
void add_channel_routes(std::vector<Route>& routes);
void add_hub_channel_routes(std::vector<Route>& routes);
void add_peer_data_routes(std::vector<Route>& routes);
void add_peer_routes(std::vector<Route>& routes);
void add_settle_routes(std::vector<Route>& routes);
void add_guest_routes(std::vector<Route>& routes);
void add_identity_routes(std::vector<Route>& routes);
void add_peer_identity_routes(std::vector<Route>& routes);
void add_line_routes(std::vector<Route>& routes);

/// The OpenAPI 3.1 document of a table.
std::string render_openapi(const std::vector<Route>& routes);

}  // namespace intertie::api
