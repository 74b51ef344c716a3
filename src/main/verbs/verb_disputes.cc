// intertie ledger disputes and resolve: usage records and charges that were not accepted.
#include <algorithm>
#include <charconv>

#include <boost/json/array.hpp>

#include "intertie/codec/json.h"

#include "output/for_people.h"
#include "session/consent.h"
#include "session/hub_session.h"
#include "session/serving.h"
#include "verbs/run_job.h"
#include "verbs/verbs.h"

namespace intertie::cli {
namespace {

constexpr std::int64_t kDisputesShown = 20;
constexpr std::size_t kDisputesSearched = 1'000;

std::string_view state_name(api::DisputeState state) {
  switch (state) {
    case api::DisputeState::open:
      return "open";
    case api::DisputeState::accepted:
      return "accepted";
    case api::DisputeState::rejected:
      return "rejected";
    case api::DisputeState::dropped:
      return "dropped";
  }
  return "";
}

Cell find_money(const std::optional<core::Money>& amount, const std::string& currency) {
  if (!amount) return Cell("-", "");
  return Cell(money_text(*amount, currency), std::to_string(amount->count));
}

// The site, or between two hubs who has not paid whom.
Cell where_cell(const api::DisputeView& dispute) {
  if (dispute.kind == api::DisputeKind::site) return Cell(dispute.site);
  const bool is_ours = dispute.kind == api::DisputeKind::payer;
  return Cell((is_ours ? "we owe region " : "owed by region ") + dispute.region, dispute.region);
}

Listing make_listing(const std::vector<api::DisputeView>& disputes, const std::string& currency) {
  Listing listing;
  listing.columns = {{"id", "DISPUTE", Align::right},
                     {"job", "JOB", Align::right},
                     {"attempt", "ATTEMPT", Align::right},
                     {"site", "SITE"},
                     {"at", "WHEN"},
                     {"state", "STATE"},
                     {"claimed_micros", "CLAIMED", Align::right},
                     {"payable_micros", "PAYABLE", Align::right},
                     {"paid_micros", "PAID", Align::right},
                     {"detail", "WHY"}};
  const core::Time now = read_clock();
  for (const api::DisputeView& dispute : disputes) {
    listing.rows.push_back({Cell(std::to_string(dispute.id)), Cell(std::to_string(dispute.job)),
                            Cell(std::to_string(dispute.attempt)), where_cell(dispute),
                            Cell(relative_time(dispute.at, now), core::to_rfc3339(dispute.at)),
                            Cell(std::string(state_name(dispute.state))),
                            find_money(dispute.claimed_micros, currency),
                            find_money(dispute.payable_micros, currency),
                            find_money(dispute.paid_micros, currency), Cell(dispute.detail)});
  }
  return listing;
}

}  // namespace

Outcome run_ledger_disputes(const Invocation& invocation, const Terminal& terminal) {
  core::Result<HubSession> session = HubSession::open(invocation, terminal);
  if (!session) return complain_about_context(session.error());
  const bool is_open = !invocation.has("resolved");
  const core::Result<api::DisputeList> list = session->client().list_disputes(
      is_open, {}, static_cast<std::size_t>(invocation.get_count("limit", kDisputesShown)));
  if (!list) return session->complain(list.error());
  boost::json::array objects;
  for (const api::DisputeView& dispute : list->disputes) objects.push_back(codec::encode(dispute));
  return terminal.show(make_listing(list->disputes, list->currency), objects,
                       is_open ? "No open disputes." : "No dispute was resolved yet.");
}

Outcome run_ledger_resolve(const Invocation& invocation, const Terminal& terminal) {
  const std::string& text = invocation.operands[0];
  std::uint64_t id = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (error != std::errc() || end != text.data() + text.size()) {
    return make_usage_complaint("'" + text + "' is not a dispute's number.",
                                "intertie ledger disputes lists them");
  }
  const std::string& verdict = invocation.operands[1];
  if (verdict != "accept" && verdict != "reject") {
    return make_usage_complaint("'" + verdict + "' is no decision.",
                                "intertie ledger resolve " + text + " accept (or reject)");
  }
  core::Result<HubSession> session = HubSession::open(invocation, terminal);
  if (!session) return complain_about_context(session.error());
  if (invocation.has("dry-run")) {
    const core::Result<api::DisputeList> open =
        session->client().list_disputes(true, {}, kDisputesSearched);
    if (!open) return session->complain(open.error());
    if (std::ranges::find(open->disputes, id, &api::DisputeView::id) == open->disputes.end()) {
      return make_complaint({core::Reason::not_found, "open dispute " + text},
                            "intertie ledger disputes lists them");
    }
    return tell_rehearsal(terminal, verdict + " dispute " + text);
  }
  const core::Result<api::DisputeView> done = session->client().resolve_dispute(
      id, verdict == "accept" ? api::DisputeVerdict::accept : api::DisputeVerdict::reject);
  if (!done) return session->complain(done.error(), "intertie ledger disputes lists them");
  boost::json::array objects = {codec::encode(*done)};
  return terminal.show(make_listing({*done}, session->currency()), objects, "");
}

}  // namespace intertie::cli
