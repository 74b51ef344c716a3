// Jobs of other regions at this hub's sites.
#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "intertie/api/guest_views.h"
#include "intertie/codec/schema.h"
#include "intertie/hub/index_tables.h"

#include "fold_job.h"
#include "route.h"
#include "router_core.h"

namespace intertie::api {
namespace {

constexpr char kGuestCursor = 'g';

// A guest as its events tell it; the handles that only the present state can name.
struct Folded {
  GuestView view;
  std::uint32_t peer = 0;
  std::uint32_t pool = 0;
};

struct GuestFolder {
  Folded& folded;
  core::Time time;

  void operator()(const hub::GuestReserved& event) const {
    folded.view.job = event.job;
    folded.view.offer = event.offer;
    folded.view.user = event.user;
    folded.view.reserved = time;
    folded.peer = event.peer;
    folded.pool = event.pool;
  }
  void operator()(const hub::GuestCommitted&) const { folded.view.phase = Phase::placed; }
  void operator()(const hub::AttemptBegan& event) const {
    folded.view.phase = Phase::running;
    folded.view.started = event.at;
  }
  void operator()(const hub::UsageSettled& event) const {
    for (const ledger::Posting& credit : event.post.credits) {
      folded.view.charged_micros += credit.amount;
    }
  }
  void operator()(const hub::ChargeContested& event) const {
    folded.view.contested_micros += event.charge;
  }
  void operator()(const hub::ContestResolved& event) const {
    if (event.dispute != 0) folded.view.contested_micros -= event.charge;
    if (event.entry) folded.view.charged_micros -= event.charge - event.paid;
  }
  void operator()(const hub::GuestDropped& event) const {
    folded.view.phase = Phase::ended;
    folded.view.ended = time;
    folded.view.reason = make_reason_view(event.is_expired ? core::Reason::timed_out
                                                           : core::Reason::cancelled_by_user);
  }
  void operator()(const hub::GuestEnded& event) const {
    folded.view.phase = Phase::ended;
    folded.view.ended = event.at;
    if (event.failure) folded.view.reason = make_reason_view(*event.failure);
    if (!event.failure || event.exit_code != 0) folded.view.exit_code = event.exit_code;
  }
  template <class Other>
  void operator()(const Other&) const {}
};

core::Result<std::vector<Folded>> read_guests(storage::Reader& reader,
                                              const std::optional<std::string>& after,
                                              std::size_t limit) {
  storage::Scan scan;
  scan.table = static_cast<storage::TableId>(hub::Table::guest_jobs);
  scan.direction = storage::Direction::descending;
  scan.limit = limit;
  scan.after_key = after;
  const auto rows = reader.scan_index(scan);
  if (!rows) return rows.error();
  std::vector<Folded> guests;
  for (const storage::IndexRow& row : *rows) {
    const auto events = read_job_events(reader, hub::decode_number(row.key, 0));
    if (!events) return events.error();
    Folded folded;
    for (const JobEvent& one : *events) std::visit(GuestFolder{folded, one.time}, one.event);
    guests.push_back(std::move(folded));
  }
  return guests;
}

GuestList name_guests(const hub::HubMachine& machine, const std::vector<Folded>& guests) {
  const hub::State& state = machine.state();
  GuestList list;
  list.currency = state.facts.currency;
  for (const Folded& folded : guests) {
    GuestView view = folded.view;
    view.region = state.peers[folded.peer].terms.region;
    if (const topology::Pool* pool = state.topology->find_pool({folded.pool})) {
      view.pool = pool->name;
      view.site = state.topology->find_site(pool->site)->name;
    }
    list.guests.push_back(std::move(view));
  }
  return list;
}

void list_guests(const CallPointer& call) {
  const auto limit = read_limit(*call);
  if (!limit) return fail(*call, limit.error());
  const auto after = read_cursor(*call, kGuestCursor, 8);
  if (!after) return fail(*call, after.error());
  auto guests = read_guests(call->backend.reader(), *after, *limit + 1);
  if (!guests) return fail(*call, guests.error());
  std::optional<std::string> next;
  if (guests->size() > *limit) {
    guests->resize(*limit);
    next = make_cursor(kGuestCursor, hub::encode_number(guests->back().view.job));
  }
  look_then(
      call,
      [guests = std::move(*guests)](const hub::HubMachine& machine) {
        return name_guests(machine, guests);
      },
      [call, next](GuestList list) {
        list.next = next;
        respond_view(*call, list);
      });
}

}  // namespace

void add_guest_routes(std::vector<Route>& routes) {
  routes.push_back({"GET",
                    "/v1/guests",
                    "list_guests",
                    "Jobs of other regions that run or ran at this hub's sites, newest first.",
                    Visibility::operators,
                    Scope::jobs_read,
                    {{"limit", "guests a page, 1 to 1000; default 100"},
                     {"after", "the `next` of the page before"}},
                    nullptr,
                    &codec::openapi_schema<GuestList>,
                    200,
                    &list_guests});
}

}  // namespace intertie::api
