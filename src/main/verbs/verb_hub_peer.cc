// intertie hub peer: the hubs of other regions.
#include <algorithm>
#include <iostream>
#include <iterator>

#include <boost/json/array.hpp>

#include "intertie/codec/json.h"
#include "intertie/identity/identifier.h"

#include "output/for_people.h"
#include "session/consent.h"
#include "session/hub_session.h"
#include "verbs/peer_listing.h"
#include "verbs/run_job.h"
#include "verbs/verbs.h"

namespace intertie::cli {
namespace {

constexpr std::size_t kCardBytesMax = 16u << 10;

core::Result<std::string> read_card(const std::string& operand) {
  if (operand != "-") return operand;
  std::string text((std::istreambuf_iterator<char>(std::cin)), {});
  if (text.size() > kCardBytesMax) return core::Error{core::Reason::too_large, "card"};
  const std::size_t end = text.find_last_not_of(" \t\r\n");
  text.resize(end == std::string::npos ? 0 : end + 1);
  return text;
}

}  // namespace

Listing make_peer_listing(const std::vector<api::PeerView>& peers, const std::string& currency) {
  Listing listing;
  listing.columns = {{"region", "REGION"},
                     {"id", "HUB"},
                     {"name", "NAME"},
                     {"address", "ADDRESS"},
                     {"is_heard", "HEARD"},
                     {"pools", "POOLS", Align::right},
                     {"offers", "OUR JOBS", Align::right},
                     {"guests", "GUESTS", Align::right},
                     {"balance_micros", "BALANCE", Align::right},
                     {"credit_micros", "CREDIT", Align::right}};
  const auto money = [&](core::Money amount) {
    return Cell(money_text(amount, currency), std::to_string(amount.count));
  };
  for (const api::PeerView& peer : peers) {
    listing.rows.push_back({Cell(peer.region), Cell(peer.id), Cell(peer.name), Cell(peer.address),
                            Cell(peer.is_heard ? "yes" : "no", peer.is_heard ? "true" : "false"),
                            Cell(std::to_string(peer.pools)), Cell(std::to_string(peer.offers)),
                            Cell(std::to_string(peer.guests)), money(peer.balance_micros),
                            money(peer.credit_micros)});
  }
  return listing;
}

std::optional<Complaint> find_peer(HubSession& session, const std::string& named,
                                   api::PeerView& found) {
  const core::Result<api::PeerList> list = session.client().list_peers();
  if (!list) return session.complain(list.error());
  const auto id = identity::parse_identifier(named);
  std::vector<std::string> names;
  std::vector<const api::PeerView*> matches;
  for (const api::PeerView& peer : list->peers) {
    const bool is_it = id && peer.id == identity::to_text(*id);
    if (is_it || peer.name == named || peer.region == named) matches.push_back(&peer);
    names.push_back(peer.name);
  }
  if (matches.empty()) {
    return complain_about_name({core::Reason::not_found, "peer " + named}, named, names,
                               "intertie hub peer list");
  }
  if (matches.size() > 1) {
    return make_complaint({core::Reason::bad_argument, "several peers are called " + named},
                          "Use the identifier: intertie hub peer list");
  }
  found = *matches.front();
  return std::nullopt;
}

core::Result<std::string> describe_difference(HubSession& session, const api::PeerView& peer) {
  const core::Result<api::PeerClearingList> list = session.client().check_clearing();
  if (!list) return list.error();
  const auto one = std::ranges::find(list->peers, peer.id, &api::PeerClearingView::id);
  if (one == list->peers.end() || !one->difference_micros) {
    return core::Error{core::Reason::hub_unreachable, peer.name};
  }
  const auto text = [&](core::Money amount) { return money_text(amount, session.currency()); };
  return "This hub counts " + text(one->ours_micros) + " with " + peer.name + ", and it counts " +
         text(*one->theirs_micros) + ": together " + text(*one->difference_micros) +
         ", where 0 is meant.";
}

Outcome run_hub_peer_card(const Invocation& invocation, const Terminal& terminal) {
  core::Result<HubSession> session = HubSession::open(invocation, terminal);
  if (!session) return complain_about_context(session.error());
  const core::Result<api::PeerCardView> card = session->client().get_peer_card();
  if (!card) return session->complain(card.error(), "use the operator's context: --context FILE");
  terminal.show_object(codec::encode(*card), card->card + "\n", card->card);
  return kDone;
}

Outcome run_hub_peer_add(const Invocation& invocation, const Terminal& terminal) {
  const core::Result<core::Money> credit = core::parse_money(invocation.get("credit", "0"));
  if (!credit) return make_complaint(credit.error());
  const core::Result<std::string> card = read_card(invocation.operands[0]);
  if (!card) return make_complaint(card.error());
  core::Result<HubSession> session = HubSession::open(invocation, terminal);
  if (!session) return complain_about_context(session.error());
  if (invocation.has("dry-run")) {
    const core::Result<api::PeerList> known = session->client().list_peers();
    if (!known) return session->complain(known.error());
    return tell_rehearsal(terminal,
                          "add the hub of this card to " + std::to_string(known->peers.size()) +
                              " peers, and let it owe " + money_text(*credit, session->currency()));
  }
  const core::Result<api::PeerView> peer = session->client().add_peer({*card, *credit});
  if (!peer) {
    return session->complain(peer.error(),
                             "the other hub's operator prints its card: intertie hub peer card");
  }
  terminal.say("Region " + peer->region +
               " is a peer now. It must add this hub's card as well: "
               "intertie hub peer card");
  boost::json::array objects = {codec::encode(*peer)};
  return terminal.show(make_peer_listing({*peer}, session->currency()), objects, "");
}

Outcome run_hub_peer_list(const Invocation& invocation, const Terminal& terminal) {
  core::Result<HubSession> session = HubSession::open(invocation, terminal);
  if (!session) return complain_about_context(session.error());
  const core::Result<api::PeerList> list = session->client().list_peers();
  if (!list) return session->complain(list.error(), "intertie doctor checks the context");
  boost::json::array objects;
  for (const api::PeerView& peer : list->peers) objects.push_back(codec::encode(peer));
  for (const api::PeerView& peer : list->peers) {
    if (!peer.asked) continue;
    terminal.say(peer.name + " proposes to change its account with this hub by " +
                 money_text(peer.asked->amount_micros, session->currency()) + ": " +
                 peer.asked->text + ". Decide with: intertie hub peer adjust " + peer.region +
                 " --agree (or --refuse)");
  }
  return terminal.show(make_peer_listing(list->peers, session->currency()), objects,
                       "No peers. Add one by its card: intertie hub peer add CARD");
}

Outcome run_hub_peer_change(const Invocation& invocation, const Terminal& terminal) {
  api::PeerChangeRequest request;
  if (const auto name = invocation.find("name")) request.name = std::string(*name);
  if (const auto address = invocation.find("address")) request.address = std::string(*address);
  if (const auto text = invocation.find("credit")) {
    const core::Result<core::Money> credit = core::parse_money(*text);
    if (!credit) return make_complaint(credit.error());
    request.credit_micros = *credit;
  }
  if (!request.name && !request.address && !request.credit_micros) {
    return make_usage_complaint("Nothing to change: name --address, --name or --credit.",
                                "intertie help hub peer change");
  }
  core::Result<HubSession> session = HubSession::open(invocation, terminal);
  if (!session) return complain_about_context(session.error());
  api::PeerView peer;
  if (auto complaint = find_peer(*session, invocation.operands[0], peer)) return *complaint;
  if (invocation.has("dry-run")) return tell_rehearsal(terminal, "change peer " + peer.name);
  const core::Result<api::PeerView> done = session->client().change_peer(peer.id, request);
  if (!done) return session->complain(done.error(), "use the operator's context: --context FILE");
  boost::json::array objects = {codec::encode(*done)};
  return terminal.show(make_peer_listing({*done}, session->currency()), objects, "");
}

// The hub keeps what the peer said when it last opened its channel: that is what is reconciled.
Outcome run_hub_peer_reconcile(const Invocation& invocation, const Terminal& terminal) {
  core::Result<HubSession> session = HubSession::open(invocation, terminal);
  if (!session) return complain_about_context(session.error());
  api::PeerView peer;
  if (auto complaint = find_peer(*session, invocation.operands[0], peer)) return *complaint;
  if (!peer.channel) {
    return make_complaint(
        {core::Reason::not_found, peer.name + " has not opened its channel since the hub started"},
        "Its operator checks that it runs and knows this hub's address: intertie hub peer list.");
  }
  terminal.say(peer.channel->refusal.empty()
                   ? "This hub sees no difference; the peer's log says if it does."
                   : peer.name + " cannot open its channel: " + peer.channel->refusal + ".");
  terminal.say(
      "The two hubs remember different messages, because one of them was restored from a backup.\n"
      "Reconciling starts again above what the peer remembers. Jobs of ours there count as lost\n"
      "once they surely run no more; its jobs here are stopped. Both hubs' operators do it.");
  if (const auto difference = describe_difference(*session, peer)) terminal.say(*difference);
  if (!invocation.has("yes")) {
    return make_complaint({core::Reason::bad_argument, "nothing was changed"},
                          "intertie hub peer reconcile " + invocation.operands[0] + " --yes");
  }
  const core::Result<api::PeerView> done =
      session->client().reconcile_peer(peer.id, peer.channel->hello);
  if (!done) return session->complain(done.error(), "use the operator's context: --context FILE");
  terminal.say(peer.name +
               " is reconciled; the channel opens within a minute.\n"
               "If money was forgotten, bring the two accounts together then: "
               "intertie hub peer adjust " +
               peer.region + " --reason TEXT");
  return kDone;
}

}  // namespace intertie::cli
