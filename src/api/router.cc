#include "intertie/api/router.h"

#include <algorithm>
#include <exception>
#include <utility>

#include "route.h"
#include "router_core.h"

namespace intertie::api {
namespace {

struct Match {
  const Route* route = nullptr;
  std::vector<std::string> parameters;
  std::string methods;  // Of the routes with this path, if none has the method.
};

Match find_route(const std::vector<Route>& routes, const Request& request) {
  Match match;
  for (const Route& route : routes) {
    if (route.method != request.method && !match.methods.empty() &&
        match.methods.find(route.method) != std::string::npos) {
      continue;
    }
    auto parameters = match_pattern(route.pattern, request.path);
    if (!parameters) continue;
    if (route.method == request.method) return {&route, std::move(*parameters), {}};
    if (!match.methods.empty()) match.methods += ", ";
    match.methods += route.method;
  }
  return match;
}

void refuse_unmatched(const Request& request, const AnswerPointer& answer,
                      const std::string& methods) {
  if (methods.empty()) {
    return answer->respond(make_problem({core::Reason::not_found, "no route " + request.path}));
  }
  Response response = make_problem(
      {core::Reason::not_supported, request.method + " is not offered here, only " + methods}, 405);
  response.headers.emplace_back("Allow", methods);
  answer->respond(std::move(response));
}

std::optional<core::Error> find_unknown_query(const Call& call) {
  for (const auto& parameter : call.request.query) {
    const std::string& name = parameter.first;
    const bool is_known = std::ranges::any_of(
        call.route->query, [&](const QueryRow& row) { return row.name == name; });
    if (is_known) continue;
    std::string known;
    for (const QueryRow& row : call.route->query) known += " " + std::string(row.name);
    return core::Error{
        core::Reason::unknown_field,
        "?" + name + (known.empty() ? ": none is known here" : ": known are" + known)};
  }
  return std::nullopt;
}

std::optional<core::Error> find_refusal(const Call& call) {
  const Route& route = *call.route;
  if (route.scope && !call.caller.may(*route.scope)) {
    return core::Error{core::Reason::denied,
                       "the token lacks the scope " + std::string(scope_name(*route.scope))};
  }
  if (route.visibility == Visibility::operators && !call.caller.is_operator()) {
    return core::Error{core::Reason::denied, "operators only"};
  }
  return std::nullopt;
}

// The HTTP server answers 500 for exceptions, but a handler may already run elsewhere: nothing
// below is expected to throw but out of memory.
void run_handler(const CallPointer& call) {
  try {
    call->route->handler(call);
  } catch (const std::exception&) {
    fail(*call, {core::Reason::internal, "an exception in " + std::string(call->route->name)});
  }
}

CallPointer make_call(RouterCore& core, Request request, AnswerPointer answer, Match match) {
  return std::make_shared<Call>(Call{core,
                                     core.backend(),
                                     std::move(request),
                                     std::move(answer),
                                     match.route,
                                     std::move(match.parameters),
                                     {},
                                     0,
                                     0,
                                     {},
                                     {},
                                     {}});
}

}  // namespace

Router::Router(Backend& backend) : core_(std::make_unique<RouterCore>(backend)) {}
Router::~Router() = default;

void Router::handle_user(Request request, AnswerPointer answer) {
  Match match = find_route(get_user_routes(), request);
  if (match.route == nullptr) return refuse_unmatched(request, answer, match.methods);
  const CallPointer call =
      make_call(*core_, std::move(request), std::move(answer), std::move(match));
  if (const auto unknown = find_unknown_query(*call)) return fail(*call, *unknown);
  if (call->route->visibility == Visibility::open) return run_handler(call);
  core_->authenticate(call, [call] {
    if (const auto refusal = find_refusal(*call)) return fail(*call, *refusal);
    run_handler(call);
  });
}

void Router::handle_site(Request request, AnswerPointer answer) {
  Match match = find_route(get_site_routes(), request);
  if (match.route == nullptr) return refuse_unmatched(request, answer, match.methods);
  const CallPointer call =
      make_call(*core_, std::move(request), std::move(answer), std::move(match));
  if (const auto unknown = find_unknown_query(*call)) return fail(*call, *unknown);
  if (call->route->visibility == Visibility::peer) {
    return core_->authenticate_peer(call, [call] { run_handler(call); });
  }
  const bool may_be_unknown = call->route->visibility == Visibility::open;
  core_->authenticate_site(call, may_be_unknown, [call] { run_handler(call); });
}

std::string Router::render_openapi() const { return api::render_openapi(get_user_routes()); }

}  // namespace intertie::api
