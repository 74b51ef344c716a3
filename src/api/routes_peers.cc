// Peers as people see and add them.
#include <utility>

#include "intertie/api/peer_views.h"
#include "intertie/codec/schema.h"
#include "intertie/identity/envelope.h"

#include "route.h"
#include "router_core.h"

namespace intertie::api {
namespace {

constexpr std::string_view kCardPrefix = "intertie-peer-";

PeerView make_peer_view(const hub::HubMachine& machine, std::uint32_t handle) {
  const hub::State& state = machine.state();
  const hub::PeerState& peer = state.peers[handle];
  const ledger::Account& account =
      *state.ledger.find_account(ledger::AccountHandle{peer.terms.account});
  PeerView view;
  view.id = peer.terms.id;
  view.region = peer.terms.region;
  view.name = peer.terms.name;
  view.address = peer.terms.address;
  view.is_heard = machine.is_peer_heard(handle);
  view.pools = machine.count_announced_pools(handle);
  for (const auto& [number, offer] : state.offers) view.offers += offer.terms.peer == handle;
  for (const auto& [job, guest] : state.guests) view.guests += guest.peer == handle;
  view.rows_waiting = peer.outbox.size();
  view.balance_micros = account.balance;
  view.credit_micros = account.terms.credit_limit;
  view.contested_micros = peer.contested;
  view.disputed_micros = peer.disputed;
  return view;
}

void list_peers(const CallPointer& call) {
  look_then(
      call,
      [](const hub::HubMachine& machine) {
        PeerList list;
        for (std::uint32_t peer = 0; peer < machine.state().peers.size(); ++peer) {
          list.peers.push_back(make_peer_view(machine, peer));
        }
        return list;
      },
      [call](const PeerList& list) { respond_view(*call, list); });
}

void show_card(const CallPointer& call) {
  call->core.use_directory(call, {}, [call](const DirectoryPointer& directory) {
    PeerCardView view;
    view.content.id = directory->hub.id;
    view.content.region = directory->hub.region;
    view.content.name = directory->hub.name;
    view.content.address = call->backend.site_address();
    view.content.sign_key = directory->hub.sign_key;
    view.content.tls_key = call->backend.peer_tls_key();
    view.content.currency = directory->hub.currency;
    view.content.made = call->backend.now();
    const auto envelope = call->backend.sign_record(kPeerCardType, codec::to_json(view.content));
    if (!envelope) return fail(*call, envelope.error());
    view.card = std::string(kCardPrefix) + crypto::encode_base64url(crypto::as_bytes(*envelope));
    respond_view(*call, view);
  });
}

struct OpenedCard {
  PeerCard card;
  std::string envelope;
};

// The card is signed by the key that it names: whoever made it holds that key. That it is the hub
// one means, the operator knows from where the card came.
core::Result<OpenedCard> open_card(const std::string& text) {
  const core::Error refusal{core::Reason::bad_field, "card: not a peer's card"};
  if (text.substr(0, kCardPrefix.size()) != kCardPrefix) return refusal;
  const auto bytes = crypto::decode_base64url(text.substr(kCardPrefix.size()));
  if (!bytes) return refusal;
  OpenedCard opened;
  opened.envelope = std::string(crypto::as_text(*bytes));
  const auto claimed = identity::read_unverified_payload(opened.envelope, kPeerCardType);
  if (!claimed) return claimed.error();
  auto card = codec::from_json<PeerCard>(*claimed, codec::Boundary::tolerant);
  if (!card) return card.error();
  const auto key = crypto::parse_public_key(card->sign_key);
  if (!key) return key.error();
  if (const auto tls = crypto::parse_public_key(card->tls_key); !tls) return tls.error();
  const crypto::Digest key_id = crypto::compute_key_digest(*key);
  const auto verified = identity::open_envelope(
      opened.envelope, kPeerCardType,
      [&](const crypto::Digest& id) { return id == key_id ? std::optional(*key) : std::nullopt; });
  if (!verified) return verified.error();
  opened.card = std::move(*card);
  return opened;
}

void add_peer(const CallPointer& call) {
  const auto request = read_body<PeerRequest>(*call);
  if (!request) return;
  const auto opened = open_card(request->card);
  if (!opened) return fail(*call, opened.error());
  call->core.use_directory(
      call, {}, [call, opened = *opened, request = *request](const DirectoryPointer& directory) {
        const PeerCard& card = opened.card;
        if (card.currency != directory->hub.currency) {
          return fail(*call, {core::Reason::bad_field, "card: its hub counts in " + card.currency});
        }
        hub::AddPeer command;
        command.peer = {card.id,       card.region,  card.name, card.address,
                        card.sign_key, card.tls_key, 0};
        command.credit_max = request.credit_micros;
        command.card = opened.envelope;
        submit_then(call, std::move(command), [call](const hub::Reply& reply) {
          const std::uint32_t handle = std::get<hub::Created>(reply).handle;
          look_then(
              call,
              [handle](const hub::HubMachine& machine) { return make_peer_view(machine, handle); },
              [call](const PeerView& view) { respond_view(*call, view, 201); });
        });
      });
}

}  // namespace

void add_peer_routes(std::vector<Route>& routes) {
  routes.push_back({"GET",
                    "/v1/peers/card",
                    "show_card",
                    "This hub's card, for the operators of others.",
                    Visibility::operators,
                    Scope::admin,
                    {},
                    nullptr,
                    &codec::openapi_schema<PeerCardView>,
                    200,
                    &show_card});
  routes.push_back({"GET",
                    "/v1/peers",
                    "list_peers",
                    "The hubs of other regions, and what is owed.",
                    Visibility::everybody,
                    Scope::sites_read,
                    {},
                    nullptr,
                    &codec::openapi_schema<PeerList>,
                    200,
                    &list_peers});
  routes.push_back({"POST",
                    "/v1/peers",
                    "add_peer",
                    "Adds another region's hub by its card.",
                    Visibility::operators,
                    Scope::admin,
                    {},
                    &codec::openapi_schema<PeerRequest>,
                    &codec::openapi_schema<PeerView>,
                    201,
                    &add_peer});
}

}  // namespace intertie::api
