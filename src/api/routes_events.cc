// The stream of what happens.
#include <utility>

#include "event_feed.h"
#include "route.h"
#include "router_core.h"

namespace intertie::api {
namespace {

core::Result<std::optional<storage::LogIndex>> read_place(const Call& call) {
  const std::string& header = call.request.last_event_id;
  const std::string text = header.empty() ? find_query(call, "after").value_or("") : header;
  if (text.empty()) return std::optional<storage::LogIndex>();
  const auto number = parse_number(text, header.empty() ? "after" : "Last-Event-ID");
  if (!number) return number.error();
  const auto last = call.backend.reader().read_last();
  if (!last) return last.error();
  if (*number > last->index) {
    return core::Error{core::Reason::out_of_range,
                       "the log ends at " + std::to_string(last->index)};
  }
  return std::optional<storage::LogIndex>(*number);
}

void stream_events(const CallPointer& call) {
  const auto place = read_place(*call);
  if (!place) return fail(*call, place.error());
  Listener listener;
  listener.principal = call->caller.principal;
  listener.hears_sites = call->caller.is_operator();
  listener.expires = call->caller.expires;
  if (const auto owner = find_query(*call, "owner")) {
    if (*owner != "*") return fail(*call, {core::Reason::bad_field, "owner: only *"});
    if (!call->caller.is_operator()) {
      return fail(*call, {core::Reason::denied, "?owner: operators only"});
    }
    listener.hears_everybody = true;
  }
  const auto feed = call->core.events();
  if (const auto room = feed->check_room(listener.principal); !room) {
    return fail(*call, room.error());
  }
  feed->listen(listener, *place, call->answer->start_stream());
}

}  // namespace

void add_event_routes(std::vector<Route>& routes) {
  routes.push_back(
      {"GET",
       "/v1/events",
       "stream_events",
       "Server-sent events: `job` (JobEventView) when a job of the caller changes its phase, "
       "`site` "
       "(SiteEventView) for operators of the hub, `place` with the log's index now and then, `gap` "
       "(EventGapView) for what is too old to be told. Every event has an id to resume after.",
       Visibility::owner,
       Scope::jobs_read,
       {{"after", "as Last-Event-ID: what happened after this place of the log; default: now"},
        {"owner", "operators: * for everybody's jobs"}},
       nullptr,
       nullptr,
       200,
       &stream_events});
}

}  // namespace intertie::api
