#include "route.h"

#include "landing.h"

namespace intertie::api {
namespace {

std::string_view take_segment(std::string_view& rest) {
  const std::size_t slash = rest.find('/');
  const std::string_view segment = rest.substr(0, slash);
  rest = slash == std::string_view::npos ? std::string_view() : rest.substr(slash + 1);
  return segment;
}

// "sha256:{digest}", "{job}:cancel", "{name}", "jobs": at most one brace a segment.
bool match_segment(std::string_view pattern, std::string_view segment,
                   std::vector<std::string>& parameters) {
  const std::size_t open = pattern.find('{');
  if (open == std::string_view::npos) return pattern == segment;
  const std::string_view before = pattern.substr(0, open);
  const std::string_view after = pattern.substr(pattern.find('}') + 1);
  if (segment.size() <= before.size() + after.size()) return false;
  if (segment.substr(0, before.size()) != before) return false;
  if (segment.substr(segment.size() - after.size()) != after) return false;
  segment.remove_prefix(before.size());
  segment.remove_suffix(after.size());
  parameters.emplace_back(segment);
  return true;
}

}  // namespace

std::optional<std::vector<std::string>> match_pattern(std::string_view pattern,
                                                      std::string_view path) {
  std::vector<std::string> parameters;
  while (!pattern.empty() && !path.empty()) {
    if (!match_segment(take_segment(pattern), take_segment(path), parameters)) return std::nullopt;
  }
  if (!pattern.empty() || !path.empty()) return std::nullopt;
  return parameters;
}

std::vector<std::string_view> list_parameters(std::string_view pattern) {
  std::vector<std::string_view> names;
  std::size_t open = pattern.find('{');
  while (open != std::string_view::npos) {
    const std::size_t close = pattern.find('}', open);
    names.push_back(pattern.substr(open + 1, close - open - 1));
    open = pattern.find('{', close);
  }
  return names;
}

const std::vector<Route>& get_user_routes() {
  static const std::vector<Route> routes = [] {
    std::vector<Route> all;
    add_job_routes(all);
    add_job_file_routes(all);
    add_plan_routes(all);
    add_site_routes(all);
    add_identity_routes(all);
    add_peer_routes(all);
    add_settle_routes(all);
    add_guest_routes(all);
    add_line_routes(all);
    add_account_routes(all);
    add_bill_routes(all);
    add_dispute_routes(all);
    add_event_routes(all);
    add_content_routes(all);
    add_token_routes(all);
    add_public_routes(all);
    add_health_routes(all);
    return all;
  }();
  return routes;
}

const std::vector<Route>& get_site_routes() {
  static const std::vector<Route> routes = [] {
    std::vector<Route> all;
    add_channel_routes(all);
    add_hub_channel_routes(all);
    add_peer_identity_routes(all);
    add_peer_data_routes(all);
    add_site_output_routes(all);
    add_peer_output_routes(all);
    return all;
  }();
  return routes;
}

}  // namespace intertie::api
