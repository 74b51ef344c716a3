// intertie hub peer: the hubs of other regions.
#include <iostream>
#include <iterator>

#include <boost/json/array.hpp>

#include "intertie/codec/json.h"

#include "output/for_people.h"
#include "session/hub_session.h"
#include "verbs/verbs.h"

namespace intertie::cli {
namespace {

constexpr std::size_t kCardBytesMax = 16u << 10;

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

core::Result<std::string> read_card(const std::string& operand) {
  if (operand != "-") return operand;
  std::string text((std::istreambuf_iterator<char>(std::cin)), {});
  if (text.size() > kCardBytesMax) return core::Error{core::Reason::too_large, "card"};
  const std::size_t end = text.find_last_not_of(" \t\r\n");
  text.resize(end == std::string::npos ? 0 : end + 1);
  return text;
}

}  // namespace

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
  return terminal.show(make_peer_listing(list->peers, session->currency()), objects,
                       "No peers. Add one by its card: intertie hub peer add CARD");
}

}  // namespace intertie::cli
