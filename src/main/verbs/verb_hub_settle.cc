// intertie hub peer settle and adjust: money between two hubs beside jobs.
#include <algorithm>
#include <chrono>
#include <thread>

#include <boost/json/array.hpp>

#include "intertie/codec/json.h"

#include "output/for_people.h"
#include "session/consent.h"
#include "session/hub_session.h"
#include "session/local_file.h"
#include "verbs/peer_listing.h"
#include "verbs/run_job.h"
#include "verbs/verbs.h"

namespace intertie::cli {
namespace {

constexpr int kAnswerLooks = 20;
constexpr std::chrono::milliseconds kAnswerPause{150};
constexpr std::string_view kAsOperator = "use the operator's context: --context FILE";

// The other hub answers within moments, if it can be reached.
std::optional<Complaint> wait_for_answer(HubSession& session, api::PeerView& peer) {
  for (int look = 0; look < kAnswerLooks && !peer.payments.empty(); ++look) {
    std::this_thread::sleep_for(kAnswerPause);
    const core::Result<api::PeerList> list = session.client().list_peers();
    if (!list) return session.complain(list.error());
    const auto now = std::ranges::find(list->peers, peer.id, &api::PeerView::id);
    if (now != list->peers.end()) peer = *now;
  }
  return std::nullopt;
}

Outcome show_peer(const api::PeerView& peer, HubSession& session, const Terminal& terminal) {
  boost::json::array objects = {codec::encode(peer)};
  return terminal.show(make_peer_listing({peer}, session.currency()), objects, "");
}

Outcome decide(HubSession& session, const api::PeerView& peer, bool is_agreed,
               const Terminal& terminal) {
  const core::Result<api::PeerView> done = session.client().decide_adjustment(
      peer.id, is_agreed ? api::AdjustmentVerdict::agree : api::AdjustmentVerdict::refuse);
  if (!done) return session.complain(done.error(), "intertie hub peer list shows what waits");
  terminal.say(is_agreed ? "Agreed: " + peer.name + " books it now."
                         : "Refused: " + peer.name + " is told so.");
  return show_peer(*done, session, terminal);
}

}  // namespace

Outcome run_hub_peer_settle(const Invocation& invocation, const Terminal& terminal) {
  const core::Result<core::Money> amount = core::parse_money(invocation.operands[1]);
  if (!amount || amount->count <= 0) {
    return make_complaint(
        {core::Reason::bad_argument,
         "AMOUNT '" + invocation.operands[1] + "': expected one above 0, such as 1500"});
  }
  core::Result<HubSession> session = HubSession::open(invocation, terminal);
  if (!session) return complain_about_context(session.error());
  api::PeerView peer;
  if (auto complaint = find_peer(*session, invocation.operands[0], peer)) return *complaint;
  if (invocation.has("dry-run")) {
    return tell_rehearsal(terminal, "book that " + peer.name + " has paid " +
                                        money_text(*amount, session->currency()));
  }
  const core::Result<api::PeerView> done = session->client().settle_peer(
      peer.id, {*amount, invocation.get("memo", "")}, invocation.get("key", make_random_key()));
  if (!done) return session->complain(done.error(), kAsOperator);
  peer = *done;
  if (auto complaint = wait_for_answer(*session, peer)) return *complaint;
  if (!peer.payments.empty()) {
    terminal.say(peer.name + " has not answered yet; both book it when it does.");
  } else if (!peer.refused.empty()) {
    return make_complaint({core::Reason::denied, peer.name + " has not booked it: " + peer.refused},
                          "intertie ledger check --peers shows how the two accounts stand");
  } else {
    terminal.say("Both hubs have booked it.");
  }
  return show_peer(peer, *session, terminal);
}

Outcome run_hub_peer_adjust(const Invocation& invocation, const Terminal& terminal) {
  const bool is_agreed = invocation.has("agree");
  const bool is_decision = is_agreed || invocation.has("refuse");
  if (is_agreed && invocation.has("refuse")) {
    return make_usage_complaint("--agree or --refuse, not both.", "intertie help hub peer adjust");
  }
  if (!is_decision && !invocation.has("reason")) {
    return make_usage_complaint("An adjustment needs --reason TEXT.",
                                "intertie help hub peer adjust");
  }
  core::Result<HubSession> session = HubSession::open(invocation, terminal);
  if (!session) return complain_about_context(session.error());
  api::PeerView peer;
  if (auto complaint = find_peer(*session, invocation.operands[0], peer)) return *complaint;
  if (is_decision) return decide(*session, peer, is_agreed, terminal);
  if (!invocation.has("yes")) {
    const core::Result<std::string> difference = describe_difference(*session, peer);
    if (!difference) return session->complain(difference.error(), kAsOperator);
    terminal.say(*difference);
    return make_complaint({core::Reason::bad_argument, "nothing was proposed"},
                          "the same with --yes proposes to change this hub's side");
  }
  const core::Result<api::PeerView> done = session->client().adjust_peer(
      peer.id, {invocation.get("reason", ""), invocation.get("account", "")});
  if (!done) return session->complain(done.error(), "intertie ledger check --peers");
  if (done->adjustment) {
    terminal.say("Proposed: " + money_text(done->adjustment->amount_micros, session->currency()) +
                 " from " + done->adjustment->account + ". " + peer.name +
                 "'s operator agrees with: intertie hub peer adjust REGION --agree");
  }
  return show_peer(*done, *session, terminal);
}

}  // namespace intertie::cli
