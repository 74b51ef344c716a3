// Money between this hub and a peer beside jobs: what was paid, and adjustments that both operators
// agree to.
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "intertie/api/peer_views.h"
#include "intertie/codec/json.h"
#include "intertie/codec/schema.h"
#include "intertie/core/limits.h"
#include "intertie/hub/index_tables.h"

#include "clearing.h"
#include "peer_call.h"
#include "route.h"
#include "router_core.h"

namespace intertie::api {
namespace {

// The upper half of ids is kept for holds (hub/accounts.cc).
ledger::EntryId make_payment_id(const Call& call) {
  const crypto::Digest digest = crypto::compute_sha256("settle\n" + call.parameters.front() + "\n" +
                                                       call.request.idempotency_key);
  const std::string_view bytes = crypto::as_text(digest.bytes);
  return {hub::decode_number(bytes, 0) >> 1, hub::decode_number(bytes, 8)};
}

void settle_peer(const CallPointer& call) {
  const std::string& key = call->request.idempotency_key;
  if (key.empty() || key.size() > core::limits::idempotency_key_bytes_max) {
    return fail(*call, {core::Reason::missing_field,
                        "Idempotency-Key: 1 to 255 bytes, so that no repeat pays twice"});
  }
  const auto request = read_body<PeerSettleRequest>(*call);
  if (!request) return;
  use_peer(call, [call, request = *request](std::uint32_t peer) {
    submit_about_peer(call, peer,
                      hub::SettlePeer{peer, make_payment_id(*call), request.amount_micros,
                                      request.memo, call->caller.principal});
  });
}

// What brings the two together, or why that cannot be said now.
core::Result<core::Money> find_adjustment(const hub::State& state, std::uint32_t peer,
                                          const ClearingView& theirs) {
  PeerClearingView view;
  const ClearingView ours = make_clearing_view(state, peer);
  compare_clearing(view, ours, theirs);
  if (view.rows_to_send + view.rows_to_come > 0) {
    return {core::Reason::busy, "rows are on their way between the two hubs"};
  }
  if (theirs.rows_received > ours.rows_sent || ours.rows_received > theirs.rows_sent) {
    return {core::Reason::channel_diverged, view.detail};
  }
  if (ours.contested_micros != theirs.disputed_micros ||
      theirs.contested_micros != ours.disputed_micros) {
    return {core::Reason::usage_disputed,
            "the two do not dispute the same charges: resolve the open disputes first"};
  }
  const core::Money difference =
      *view.difference_micros + ours.disputed_micros + theirs.disputed_micros;
  if (difference.count == 0) {
    return {core::Reason::already_final, "the two accounts mirror each other"};
  }
  return -difference;
}

void propose(const CallPointer& call, std::uint32_t peer, const PeerAdjustRequest& request,
             core::Money amount) {
  submit_about_peer(
      call, peer,
      hub::AdjustPeer{peer, amount, request.reason, request.account, call->caller.principal});
}

void adjust_peer(const CallPointer& call) {
  const auto request = read_body<PeerAdjustRequest>(*call);
  if (!request) return;
  use_peer(call, [call, request = *request](std::uint32_t peer) {
    call->backend.ask_peer(peer, {"GET", "/peer/v1/clearing", ""},
                           [call, peer, request](const core::Result<std::string>& body) {
                             if (!body) return fail(*call, body.error());
                             const auto theirs =
                                 codec::from_json<ClearingView>(*body, codec::Boundary::tolerant);
                             if (!theirs) return fail(*call, theirs.error());
                             look_then(
                                 call,
                                 [peer, theirs = *theirs](const hub::HubMachine& machine) {
                                   return find_adjustment(machine.state(), peer, theirs);
                                 },
                                 [call, peer, request](const core::Result<core::Money>& amount) {
                                   if (!amount) return fail(*call, amount.error());
                                   propose(call, peer, request, *amount);
                                 });
                           });
  });
}

void decide_adjustment(const CallPointer& call) {
  const auto request = read_body<PeerAdjustDecision>(*call);
  if (!request) return;
  use_peer(call, [call, request = *request](std::uint32_t peer) {
    submit_about_peer(call, peer,
                      hub::DecideAdjustment{peer, request.verdict == AdjustmentVerdict::agree,
                                            call->caller.principal});
  });
}

}  // namespace

void add_settle_routes(std::vector<Route>& routes) {
  const auto view = &codec::openapi_schema<PeerView>;
  routes.push_back({"POST",
                    "/v1/peers/{peer}:settle",
                    "settle_peer",
                    "The peer has paid this hub so much, outside of both; both book it. Needs an "
                    "Idempotency-Key.",
                    Visibility::operators,
                    Scope::ledger_write,
                    {},
                    &codec::openapi_schema<PeerSettleRequest>,
                    view,
                    200,
                    &settle_peer});
  routes.push_back({"POST",
                    "/v1/peers/{peer}:adjust",
                    "adjust_peer",
                    "Proposes to change this hub's account with the peer by just what the two "
                    "differ by; the peer's operator decides. Replaces an earlier proposal.",
                    Visibility::operators,
                    Scope::ledger_write,
                    {},
                    &codec::openapi_schema<PeerAdjustRequest>,
                    view,
                    200,
                    &adjust_peer});
  routes.push_back({"POST",
                    "/v1/peers/{peer}:decide",
                    "decide_adjustment",
                    "Agrees to the adjustment that the peer proposes, or refuses it.",
                    Visibility::operators,
                    Scope::ledger_write,
                    {},
                    &codec::openapi_schema<PeerAdjustDecision>,
                    view,
                    200,
                    &decide_adjustment});
}

}  // namespace intertie::api
