// Disputed usage records: who is concerned sees them, the hub's operator decides.
#include <map>
#include <utility>

#include "intertie/api/dispute_views.h"
#include "intertie/codec/schema.h"
#include "intertie/hub/index_tables.h"

#include "dispute_facts.h"
#include "route.h"
#include "router_core.h"

namespace intertie::api {
namespace {

constexpr char kDisputeCursor = 'd';

// The views of disputes with what only the present state knows.
struct Completed {
  std::vector<DisputeView> views;
  std::string currency;
};

Completed complete(const hub::HubMachine& machine, const std::vector<DisputeFacts>& disputes) {
  const hub::State& state = machine.state();
  Completed completed;
  completed.currency = state.facts.currency;
  for (const DisputeFacts& facts : disputes) {
    DisputeView view = make_dispute_view(facts);
    const auto* at_site = std::get_if<hub::UsageDisputed>(&facts.disputed);
    if (at_site != nullptr && at_site->site < state.sites.size()) {
      view.site = state.sites[at_site->site].site.name;
    }
    if (const auto peer = facts.peer()) view.region = state.peers[*peer].terms.region;
    const auto open = state.disputes.find(facts.id);
    if (open != state.disputes.end()) {
      view.payable_micros = hub::compute_payable(open->second);
      view.is_attempt_over = open->second.is_over;
    }
    if (facts.resolved) view.resolved_by = state.principals[facts.resolved->by].name;
    if (facts.contest) view.resolved_by = "region " + view.region;
    completed.views.push_back(std::move(view));
  }
  return completed;
}

core::Result<bool> read_is_open(const Call& call) {
  const std::string state = find_query(call, "state").value_or("open");
  if (state == "open") return true;
  if (state == "resolved") return false;
  return core::Error{core::Reason::bad_field, "state: open or resolved"};
}

void list_disputes(const CallPointer& call) {
  const auto is_open = read_is_open(*call);
  if (!is_open) return fail(*call, is_open.error());
  const auto limit = read_limit(*call);
  if (!limit) return fail(*call, limit.error());
  const auto after = read_cursor(*call, kDisputeCursor, 8);
  if (!after) return fail(*call, after.error());
  const std::uint64_t party =
      call->caller.is_operator() ? hub::all_parties : std::uint64_t{call->caller.principal};
  auto disputes = read_disputes(call->backend.reader(), party, *is_open, *after, *limit + 1);
  if (!disputes) return fail(*call, disputes.error());
  std::optional<std::string> next;
  if (disputes->size() > *limit) {
    disputes->resize(*limit);
    next = make_cursor(kDisputeCursor, hub::encode_number(disputes->back().id));
  }
  look_then(
      call,
      [disputes = std::move(*disputes)](const hub::HubMachine& machine) {
        return complete(machine, disputes);
      },
      [call, next](Completed completed) {
        respond_view(*call, DisputeList{std::move(completed.views), next, completed.currency});
      });
}

// Answers with the dispute as it is now.
void respond_dispute(const CallPointer& call, std::uint64_t id) {
  const auto facts = read_dispute(call->backend.reader(), id, true);
  if (!facts) return fail(*call, facts.error());
  if (!*facts) return fail(*call, {core::Reason::not_found, "dispute " + std::to_string(id)});
  look_then(
      call,
      [facts = **facts](const hub::HubMachine& machine) {
        DisputeFacts known = facts;
        known.is_open = machine.state().disputes.contains(known.id);
        return complete(machine, {known});
      },
      [call](const Completed& completed) { respond_view(*call, completed.views.front()); });
}

void resolve_dispute(const CallPointer& call) {
  const auto id = parse_number(call->parameters.front(), "id");
  if (!id) return fail(*call, id.error());
  const auto decision = read_body<DisputeDecision>(*call);
  if (!decision) return;
  const bool is_accepted = decision->verdict == DisputeVerdict::accept;
  const auto known = read_dispute(call->backend.reader(), *id, true);
  if (!known) return fail(*call, known.error());
  if (!*known) return fail(*call, {core::Reason::not_found, "dispute " + std::to_string(*id)});
  // The same decision again changes nothing.
  if ((*known)->resolved && (*known)->resolved->is_accepted == is_accepted) {
    return respond_dispute(call, *id);
  }
  submit_then(call, hub::ResolveDispute{*id, is_accepted, call->caller.principal},
              [call, id = *id](const hub::Reply&) {
                call->backend.run_aside([call, id] { respond_dispute(call, id); });
              });
}

}  // namespace

void add_dispute_routes(std::vector<Route>& routes) {
  routes.push_back(
      {"GET",
       "/v1/disputes",
       "list_disputes",
       "Usage records that were not accepted, and charges between regions that were not "
       "posted: of the caller's jobs and sites; operators see all. Newest first.",
       Visibility::owner,
       Scope::ledger_read,
       {{"state", "open (default) or resolved"},
        {"limit", "disputes a page, 1 to 1000; default 100"},
        {"after", "the `next` of the page before"}},
       nullptr,
       &codec::openapi_schema<DisputeList>,
       200,
       &list_disputes});
  routes.push_back(
      {"POST",
       "/v1/disputes/{id}/resolve",
       "resolve_dispute",
       "Accepts a disputed record or another region's charge, which pays what can be due "
       "of it, or rejects it: what another region charged is then given back there. "
       "The same decision again changes nothing.",
       Visibility::operators,
       Scope::ledger_write,
       {},
       &codec::openapi_schema<DisputeDecision>,
       &codec::openapi_schema<DisputeView>,
       200,
       &resolve_dispute});
}

}  // namespace intertie::api
