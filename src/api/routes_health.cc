// Health, metrics and the interface's own description: no token.
#include <atomic>
#include <memory>
#include <utility>

#include "intertie/codec/schema.h"
#include "intertie/core/limits.h"

#include "metrics.h"
#include "route.h"
#include "router_core.h"

namespace intertie::api {
namespace {

void get_live(const CallPointer& call) {
  respond_view(*call, HealthView{"ok", {{"process", true, ""}}});
}

void answer_ready(const CallPointer& call, const std::optional<core::Error>& failure) {
  HealthView view;
  view.status = failure ? "failing" : "ok";
  if (find_query(*call, "verbose")) {
    view.checks.push_back({"engine", !failure, failure ? core::to_text(*failure) : "answers"});
    const auto last = call->backend.reader().read_last();
    view.checks.push_back(
        {"store", last.has_value(),
         last ? "record " + std::to_string(last->index) : core::to_text(last.error())});
  }
  Response response = make_response(view, failure ? 503 : 200);
  if (failure) response.headers.emplace_back("Retry-After", "1");
  respond(*call, std::move(response));
}

// The read stands in the engine's queue behind everything else, so an engine that is stuck, or a
// store that takes nothing, is not ready.
void get_ready(const CallPointer& call) {
  const auto is_answered = std::make_shared<std::atomic<bool>>(false);
  const auto once = [call, is_answered](const std::optional<core::Error>& failure) {
    if (!is_answered->exchange(true)) answer_ready(call, failure);
  };
  const core::Time deadline = call->backend.now() + core::limits::readiness_timeout;
  call->backend.watch_job(0, deadline, [once] {
    once(core::Error{core::Reason::timed_out, "the engine does not answer"});
  });
  call->backend.read(
      [once](const core::Result<const hub::HubMachine*>& machine) -> Backend::DurableAction {
        std::optional<core::Error> failure;
        if (!machine) failure = machine.error();
        return [once, failure] { once(failure); };
      });
}

void get_metrics(const CallPointer& call) {
  const core::Time now = call->backend.now();
  look_then(
      call, [now](const hub::HubMachine& machine) { return render_metrics(machine, now); },
      [call](const std::string& text) {
        Response response;
        response.content_type = "text/plain; version=0.0.4; charset=utf-8";
        response.body = text + call->backend.service_metrics();
        respond(*call, std::move(response));
      });
}

void get_openapi(const CallPointer& call) {
  static const std::string document = render_openapi(get_user_routes());
  Response response;
  response.body = document;
  respond(*call, std::move(response));
}

}  // namespace

void add_health_routes(std::vector<Route>& routes) {
  const auto health = &codec::openapi_schema<HealthView>;
  routes.push_back({"GET",
                    "/livez",
                    "get_live",
                    "Whether the process answers.",
                    Visibility::open,
                    std::nullopt,
                    {},
                    nullptr,
                    health,
                    200,
                    &get_live});
  routes.push_back({"GET",
                    "/readyz",
                    "get_ready",
                    "Whether commands would be decided and stored.",
                    Visibility::open,
                    std::nullopt,
                    {{"verbose", "lists the checks"}},
                    nullptr,
                    health,
                    200,
                    &get_ready});
  routes.push_back({"GET",
                    "/metrics",
                    "get_metrics",
                    "Figures as Prometheus text.",
                    Visibility::open,
                    std::nullopt,
                    {},
                    nullptr,
                    nullptr,
                    200,
                    &get_metrics});
  for (const char* path : {"/openapi.json", "/v1/openapi.json"}) {
    routes.push_back({"GET",
                      path,
                      path[1] == 'v' ? "get_openapi_v1" : "get_openapi",
                      "This document.",
                      Visibility::open,
                      std::nullopt,
                      {},
                      nullptr,
                      nullptr,
                      200,
                      &get_openapi});
  }
}

}  // namespace intertie::api
