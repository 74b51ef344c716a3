// intertie jobs --watch: what becomes of jobs, a line each, as it happens.
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include "intertie/codec/json.h"

#include "session/clock.h"
#include "session/hub_session.h"
#include "session/stop_signal.h"
#include "verbs/verbs.h"

namespace intertie::cli {
namespace {

constexpr core::Duration kPause = core::seconds(1);

std::string_view phase_name(const api::JobEventView& event) {
  if (event.outcome) {
    switch (*event.outcome) {
      case hub::JobOutcome::succeeded:
        return "succeeded";
      case hub::JobOutcome::failed:
        return "failed";
      case hub::JobOutcome::cancelled:
        return "cancelled";
    }
  }
  switch (event.phase) {
    case api::Phase::waiting:
      return "waiting";
    case api::Phase::placed:
      return "placed";
    case api::Phase::running:
      return "running";
    case api::Phase::ended:
      return "ended";
  }
  return "";
}

std::string_view status_name(const api::SiteEventView& event) {
  if (event.is_drained) return "drained";
  switch (event.status) {
    case topology::PoolStatus::active:
      return "active";
    case topology::PoolStatus::drained:
      return "drained";
    case topology::PoolStatus::lost:
      return "lost";
    case topology::PoolStatus::failing:
      return "failing";
    case topology::PoolStatus::expired:
      return "expired";
  }
  return "";
}

// For people "12:00:01  job 7  running"; on a pipe the full time, and tabs.
std::string render_line(core::Time at, const std::string& what, std::string_view state,
                        const Terminal& terminal) {
  const std::string time = core::to_rfc3339(at);
  if (!terminal.result_is_terminal()) return time + "\t" + what + "\t" + std::string(state) + "\n";
  return time.substr(11, 8) + "  " + what + "  " + std::string(state) + "\n";
}

std::string render(const api_client::HubEvent& event, const Terminal& terminal) {
  if (event.job) {
    if (terminal.is_json()) return codec::to_json(*event.job) + "\n";
    return render_line(event.job->at, "job " + std::to_string(event.job->job),
                       phase_name(*event.job), terminal);
  }
  if (!event.site) return {};
  if (terminal.is_json()) return codec::to_json(*event.site) + "\n";
  return render_line(event.site->at, "site " + event.site->site, status_name(*event.site),
                     terminal);
}

}  // namespace

Outcome watch_jobs(const Invocation& invocation, const Terminal& terminal) {
  const StopSignal stop(nullptr);
  core::Result<HubSession> session = HubSession::open(invocation, terminal);
  if (!session) return complain_about_context(session.error());
  const bool everybody = invocation.get("owner", "") == "*";
  std::optional<std::uint64_t> place;
  bool can_write = true;
  const auto sink = [&](const api_client::HubEvent* event) {
    if (event != nullptr) {
      if (!place) terminal.say("Watching; Ctrl-C ends it.");
      place = event->index;
      if (event->gap) terminal.say("Some of what happened is too old to be told.");
      const std::string line = render(*event, terminal);
      if (!line.empty()) can_write = terminal.write_result(line);
    }
    return can_write && !stop.has_come();
  };
  while (true) {
    const core::Result<void> done = session->client().follow_events(place, everybody, sink);
    if (done || stop.has_come()) return kDone;
    // A hub that was there comes back: the stream goes on where it broke.
    const bool is_away = done.error().reason == core::Reason::unreachable ||
                         done.error().reason == core::Reason::timed_out ||
                         done.error().reason == core::Reason::overloaded;
    if (!place || !is_away) return session->complain(done.error());
    if (stop.wait(kPause)) return kDone;
  }
}

}  // namespace intertie::cli
