// Peers as people see and add them.
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "intertie/api/peer_views.h"
#include "intertie/codec/schema.h"

#include "clearing.h"
#include "peer_call.h"
#include "peer_card.h"
#include "route.h"
#include "router_core.h"

namespace intertie::api {
namespace {

constexpr std::size_t kAddressBytesMax = 280;
constexpr std::size_t kNameBytesMax = 128;

std::string name_error(const core::Error& error) {
  return std::string(core::reason_code(error.reason)) + ": " + error.detail;
}

PeerProposalView make_proposal_view(const hub::State& state, const hub::NumberedProposal& one) {
  const ledger::Account* account =
      state.ledger.find_account(ledger::AccountHandle{one.terms.account});
  return {one.id, one.terms.amount, one.terms.text, account->terms.name};
}

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
  for (const auto& [id, payment] : peer.payments) {
    view.payments.push_back({id, payment.amount, payment.text, ""});
  }
  view.refused = peer.refused;
  if (peer.adjustment) view.adjustment = make_proposal_view(state, *peer.adjustment);
  if (peer.asked) {
    const hub::ClearingProposal& terms = peer.asked->terms;
    view.asked = PeerProposalView{peer.asked->id, terms.amount, terms.text, ""};
  }
  if (const hub::SiteGreeting* greeting = machine.find_peer_greeting(handle)) {
    view.channel = PeerChannelView{
        greeting->hello, greeting->refusal ? name_error(*greeting->refusal) : std::string()};
  }
  return view;
}

// What operators have written to each other is theirs.
void hide_proposals(PeerView& view) {
  view.payments.clear();
  view.adjustment.reset();
  view.asked.reset();
  view.refused.clear();
}

void list_peers(const CallPointer& call) {
  look_then(
      call,
      [is_operator = call->caller.is_operator()](const hub::HubMachine& machine) {
        PeerList list;
        for (std::uint32_t peer = 0; peer < machine.state().peers.size(); ++peer) {
          list.peers.push_back(make_peer_view(machine, peer));
          if (!is_operator) hide_proposals(list.peers.back());
        }
        return list;
      },
      [call](const PeerList& list) { respond_view(*call, list); });
}

void show_card(const CallPointer& call) {
  call->core.use_directory(call, {}, [call](const DirectoryPointer& directory) {
    PeerCardView view;
    view.content = make_peer_card(call->backend, directory->hub);
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

core::Result<OpenedCard> open_card(const std::string& text) {
  const core::Error refusal{core::Reason::bad_field, "card: not a peer's card"};
  if (text.substr(0, kCardPrefix.size()) != kCardPrefix) return refusal;
  const auto bytes = crypto::decode_base64url(text.substr(kCardPrefix.size()));
  if (!bytes) return refusal;
  OpenedCard opened;
  opened.envelope = std::string(crypto::as_text(*bytes));
  auto card = open_peer_card(opened.envelope);
  if (!card) return card.error();
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

void use_peer(const CallPointer& call, std::function<void(std::uint32_t)> then) {
  const std::string id = call->parameters.front();
  look_then(
      call,
      [id](const hub::HubMachine& machine) -> std::optional<std::uint32_t> {
        const auto found = machine.state().peer_handles.find(id);
        if (found == machine.state().peer_handles.end()) return std::nullopt;
        return found->second;
      },
      [call, id, then = std::move(then)](std::optional<std::uint32_t> peer) {
        if (!peer) return fail(*call, {core::Reason::not_found, "peer " + id});
        then(*peer);
      });
}

void submit_about_peer(const CallPointer& call, std::uint32_t peer, hub::Command command) {
  submit_then(call, std::move(command), [call, peer](const hub::Reply&) {
    look_then(
        call, [peer](const hub::HubMachine& machine) { return make_peer_view(machine, peer); },
        [call](const PeerView& view) { respond_view(*call, view); });
  });
}

namespace {

void reconcile_peer(const CallPointer& call) {
  auto hello = read_body<engine::ChannelHello>(*call);
  if (!hello) return;
  use_peer(call, [call, hello = std::move(*hello)](std::uint32_t peer) {
    submit_about_peer(call, peer, hub::ReconcilePeer{peer, hello});
  });
}

bool is_host_and_port(std::string_view address) {
  const std::size_t colon = address.rfind(':');
  if (colon == std::string_view::npos || colon == 0 || address.size() > kAddressBytesMax) {
    return false;
  }
  const auto port = parse_number(address.substr(colon + 1), "port");
  return port && *port > 0 && *port < 65'536 &&
         address.find_first_of("/ \t\r\n@?#") == std::string_view::npos;
}

void change_peer(const CallPointer& call) {
  const auto request = read_body<PeerChangeRequest>(*call);
  if (!request) return;
  if (request->address && !is_host_and_port(*request->address)) {
    return fail(*call, {core::Reason::bad_field, "address: expected HOST:PORT"});
  }
  if (request->name && (request->name->empty() || request->name->size() > kNameBytesMax)) {
    return fail(*call, {core::Reason::bad_field, "name: 1 to 128 bytes"});
  }
  use_peer(call, [call, request = *request](std::uint32_t peer) {
    look_then(
        call, [peer](const hub::HubMachine& machine) { return machine.state().peers[peer].terms; },
        [call, peer, request](const hub::PeerAdded& terms) {
          const hub::ChangePeer change{peer, request.name.value_or(terms.name),
                                       request.address.value_or(terms.address)};
          if (!request.credit_micros) return submit_about_peer(call, peer, change);
          // The credit first: it alone can be refused.
          submit_then(
              call, hub::SetCreditLimit{"peer " + terms.id, *request.credit_micros},
              [call, peer, change](const hub::Reply&) { submit_about_peer(call, peer, change); });
        });
  });
}

// The answers of all peers, from several threads. Whoever brings the last one answers the call.
struct ClearingRound {
  std::mutex mutex;
  std::size_t waiting = 0;
  std::vector<std::optional<core::Result<ClearingView>>> answers;  // By peer.
};

PeerClearingList compare_all(const hub::HubMachine& machine, const ClearingRound& round) {
  const hub::State& state = machine.state();
  PeerClearingList list;
  list.is_mirrored = true;
  for (std::uint32_t peer = 0; peer < round.answers.size(); ++peer) {
    const hub::PeerAdded& terms = state.peers[peer].terms;
    const ClearingView ours = make_clearing_view(state, peer);
    PeerClearingView view;
    view.id = terms.id;
    view.region = terms.region;
    view.name = terms.name;
    const core::Result<ClearingView>& theirs = *round.answers[peer];
    if (theirs) {
      compare_clearing(view, ours, *theirs);
    } else {
      view.state = MirrorState::unreachable;
      view.detail = name_error(theirs.error());
      view.ours_micros = ours.balance_micros;
      view.contested_micros = ours.contested_micros;
      view.disputed_micros = ours.disputed_micros;
    }
    list.is_mirrored = list.is_mirrored && view.state == MirrorState::mirrors;
    list.peers.push_back(std::move(view));
  }
  return list;
}

// Our side is read after theirs: a row that came in between makes it "catching up", never wrong.
void respond_clearing(const CallPointer& call, const std::shared_ptr<ClearingRound>& round) {
  look_then(
      call, [round](const hub::HubMachine& machine) { return compare_all(machine, *round); },
      [call](const PeerClearingList& list) { respond_view(*call, list); });
}

void check_clearing(const CallPointer& call) {
  look_then(
      call, [](const hub::HubMachine& machine) { return machine.state().peers.size(); },
      [call](std::size_t peers) {
        const auto round = std::make_shared<ClearingRound>();
        round->waiting = peers;
        round->answers.resize(peers);
        if (peers == 0) return respond_clearing(call, round);
        for (std::uint32_t peer = 0; peer < peers; ++peer) {
          call->backend.ask_peer(peer, {"GET", "/peer/v1/clearing", ""},
                                 [call, round, peer](const core::Result<std::string>& body) {
                                   auto view = body ? codec::from_json<ClearingView>(
                                                          *body, codec::Boundary::tolerant)
                                                    : core::Result<ClearingView>(body.error());
                                   {
                                     const std::lock_guard lock(round->mutex);
                                     round->answers[peer] = std::move(view);
                                     if (--round->waiting > 0) return;
                                   }
                                   respond_clearing(call, round);
                                 });
        }
      });
}

void add_routes_of_known_peers(std::vector<Route>& routes) {
  routes.push_back({"GET",
                    "/v1/peers/clearing",
                    "check_clearing",
                    "Asks every peer whether its clearing account mirrors ours.",
                    Visibility::operators,
                    Scope::admin,
                    {},
                    nullptr,
                    &codec::openapi_schema<PeerClearingList>,
                    200,
                    &check_clearing});
  routes.push_back({"POST",
                    "/v1/peers/{peer}:change",
                    "change_peer",
                    "The peer is called so, listens there, or may owe so much, from now on.",
                    Visibility::operators,
                    Scope::admin,
                    {},
                    &codec::openapi_schema<PeerChangeRequest>,
                    &codec::openapi_schema<PeerView>,
                    200,
                    &change_peer});
  routes.push_back({"POST",
                    "/v1/peers/{peer}:reconcile",
                    "reconcile_peer",
                    "Accepts that the peer's history differs; what runs there counts as lost.",
                    Visibility::operators,
                    Scope::admin,
                    {},
                    &codec::openapi_schema<engine::ChannelHello>,
                    &codec::openapi_schema<PeerView>,
                    200,
                    &reconcile_peer});
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
  add_routes_of_known_peers(routes);
}

}  // namespace intertie::api
