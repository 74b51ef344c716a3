// intertie jobs --guests: jobs of other regions at this hub's sites, for its operator.
#include <algorithm>
#include <iterator>

#include <boost/json/array.hpp>

#include "intertie/codec/json.h"

#include "output/for_people.h"
#include "session/serving.h"
#include "verbs/job_listing.h"
#include "verbs/run_job.h"
#include "verbs/verbs.h"

namespace intertie::cli {
namespace {

constexpr std::int64_t kGuestsShown = 20;
constexpr std::size_t kGuestsPage = 1'000;  // The interface gives no more at once.

std::string render_guest_state(const api::GuestView& guest) {
  switch (guest.phase) {
    case api::Phase::waiting:
      return "reserved";
    case api::Phase::placed:
      return "placed";
    case api::Phase::running:
      return "running";
    case api::Phase::ended:
      return guest.reason ? "ended (" + guest.reason->code + ")" : "ended";
  }
  return {};
}

Listing make_guest_listing(const api::GuestList& list, core::Time now) {
  Listing listing;
  listing.columns = {{"job", "JOB", Align::right},
                     {"region", "REGION"},
                     {"offer", "OFFER", Align::right},
                     {"user", "USER"},
                     {"phase", "STATE"},
                     {"site", "SITE"},
                     {"pool", "POOL"},
                     {"reserved", "WHEN"},
                     {"charged_micros", "CHARGED", Align::right},
                     {"contested_micros", "CONTESTED", Align::right}};
  const auto money = [&](core::Money amount) {
    return Cell(money_text(amount, list.currency), std::to_string(amount.count));
  };
  for (const api::GuestView& guest : list.guests) {
    listing.rows.push_back(
        {Cell(std::to_string(guest.job)), Cell(guest.region), Cell(std::to_string(guest.offer)),
         Cell(guest.user), Cell(render_guest_state(guest)), Cell(guest.site), Cell(guest.pool),
         Cell(relative_time(guest.reserved, now), core::to_rfc3339(guest.reserved)),
         money(guest.charged_micros), money(guest.contested_micros)});
  }
  return listing;
}

core::Result<api::GuestList> read_pages(std::optional<std::string> after, std::size_t wanted,
                                        HubSession& session) {
  api::GuestList all;
  while (true) {
    core::Result<api::GuestList> page =
        session.client().list_guests(after, std::min(wanted - all.guests.size(), kGuestsPage));
    if (!page) return page;
    std::move(page->guests.begin(), page->guests.end(), std::back_inserter(all.guests));
    all.next = page->next;
    all.currency = page->currency;
    if (!all.next || all.guests.size() >= wanted || page->guests.empty()) return all;
    after = all.next;
  }
}

}  // namespace

Outcome list_guests(const Invocation& invocation, const Terminal& terminal) {
  const std::int64_t wanted = invocation.get_count("limit", kGuestsShown);
  if (wanted == 0) {
    return make_complaint({core::Reason::bad_argument, "--limit 0: expected 1 or more"});
  }
  for (const char* other : {"watch", "phase", "tag", "owner"}) {
    if (!invocation.has(other) && !invocation.find(other)) continue;
    return make_usage_complaint("--guests goes with --limit and --after alone.",
                                "intertie help jobs");
  }
  core::Result<HubSession> session = HubSession::open(invocation, terminal);
  if (!session) return complain_about_context(session.error());
  std::optional<std::string> after;
  if (const auto text = invocation.find("after")) after = std::string(*text);
  const core::Result<api::GuestList> list =
      read_pages(std::move(after), static_cast<std::size_t>(wanted), *session);
  if (!list) return session->complain(list.error(), "use the operator's context: --context FILE");
  boost::json::array objects;
  for (const api::GuestView& guest : list->guests) objects.push_back(codec::encode(guest));
  Listing listing = make_guest_listing(*list, read_clock());
  if (list->next && terminal.result_is_terminal()) {
    listing.sum = "More: intertie jobs --guests --after " + *list->next;
  }
  return terminal.show(listing, objects, "No job of another region has run here.");
}

}  // namespace intertie::cli
