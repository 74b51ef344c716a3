// What identifiers stand for, whichever region's registry keeps them (docs/formats/identity.md).
#include <optional>
#include <utility>
#include <vector>

#include "intertie/api/peer_views.h"
#include "intertie/codec/schema.h"
#include "intertie/core/limits.h"

#include "identity_answer.h"
#include "peer_card.h"
#include "route.h"
#include "router_core.h"
#include "site_record.h"

namespace intertie::api {
namespace {

// "{id}" or "{id}/{part}".
core::Result<identity::Path> read_path(const Call& call) {
  std::string text = call.parameters.front();
  if (call.parameters.size() > 1) text += "/" + call.parameters[1];
  return identity::parse_path(text);
}

// Signed or not: the hub's own card, or the record of a site or a line.
core::Result<std::string> read_record(const Call& call, const hub::IdentityFacts& facts,
                                      const hub::HubCreated& hub) {
  if (!facts.statement.is_known) return std::string();
  if (!facts.record.empty()) return facts.record;
  if (!facts.site) {
    return call.backend.sign_record(kPeerCardType,
                                    codec::to_json(make_peer_card(call.backend, hub)));
  }
  return read_site_record(call.backend.reader(), *facts.site, facts.record_index);
}

void respond_own(const CallPointer& call, hub::IdentityFacts facts, const hub::HubCreated& hub) {
  auto record = read_record(*call, facts, hub);
  if (!record) return fail(*call, record.error());
  if (!record->empty()) {
    facts.statement.record_digest = crypto::to_text(crypto::compute_sha256(*record));
  }
  auto envelope = call->backend.sign_record(hub::kIdentityType, codec::to_json(facts.statement));
  if (!envelope) return fail(*call, envelope.error());
  respond_view(*call,
               make_identity_view(facts.statement, std::move(*envelope), std::move(*record)));
}

// Who can say it: this hub, a peer, or nobody.
struct Found {
  hub::HubCreated hub;
  std::optional<hub::IdentityFacts> own;
  std::optional<std::uint32_t> peer;
  Registry registry;
};

Found find_registry(const hub::State& state, const identity::Path& path, core::Time now) {
  Found found;
  found.hub = state.facts;
  const std::string code = identity::to_text(path.id.registry());
  if (code == state.facts.region) {
    found.own = hub::find_identity(state, path, now);
    return found;
  }
  for (std::uint32_t peer = 0; peer < state.peers.size() && !found.peer; ++peer) {
    const hub::PeerAdded& terms = state.peers[peer].terms;
    if (terms.region != code) continue;
    found.peer = peer;
    found.registry = {terms.id, terms.sign_key};
  }
  return found;
}

// The registry did not answer: what it said last, if it ever did.
void respond_stale(const CallPointer& call, const identity::Path& path, const core::Error& why) {
  auto known = call->core.identities().find(identity::to_text(path));
  if (!known) {
    return fail(*call, {core::Reason::unreachable,
                        "registry " + identity::to_text(path.id.registry()) + ": " +
                            std::string(core::reason_code(why.reason)) + " " + why.detail});
  }
  known->is_stale = true;
  respond_view(*call, *known);
}

// An answer that does not verify is refused, not replaced: somebody should look.
void take_answer(const CallPointer& call, const identity::Path& path, const Registry& registry,
                 const core::Result<std::string>& body) {
  if (!body) return respond_stale(call, path, body.error());
  const auto answer = codec::from_json<IdentityView>(*body, codec::Boundary::tolerant);
  if (!answer) return respond_stale(call, path, answer.error());
  const auto view = check_identity(*answer, path, registry, call->backend.now());
  if (!view) return fail(*call, view.error());
  if (const auto known = call->core.identities().find(view->id)) {
    const auto follows = check_follows(*known, *view);
    if (!follows) return fail(*call, follows.error());
    // Two answers that overtook each other.
    if (view->as_of < known->as_of) return respond_view(*call, *known);
  }
  call->core.identities().put(*view);
  respond_view(*call, *view);
}

void resolve_identity(const CallPointer& call) {
  const auto path = read_path(*call);
  if (!path) return fail(*call, path.error());
  look_then(
      call,
      [path = *path, now = call->backend.now()](const hub::HubMachine& machine) {
        return find_registry(machine.state(), path, now);
      },
      [call, path = *path](const Found& found) {
        if (found.own) return respond_own(call, *found.own, found.hub);
        if (!found.peer) {
          return fail(*call, {core::Reason::unknown_registry,
                              "registry " + identity::to_text(path.id.registry())});
        }
        call->backend.ask_peer(
            *found.peer, {"GET", "/peer/v1/identities/" + identity::to_text(path), ""},
            [call, path, registry = found.registry](const core::Result<std::string>& body) {
              take_answer(call, path, registry, body);
            });
      });
}

// For peers: of this hub's own registry alone, so that no question goes round in circles.
void show_identity(const CallPointer& call) {
  const auto path = read_path(*call);
  if (!path) return fail(*call, path.error());
  look_then(
      call,
      [path = *path, now = call->backend.now()](const hub::HubMachine& machine) {
        Found found = find_registry(machine.state(), path, now);
        found.peer.reset();
        return found;
      },
      [call, path = *path](const Found& found) {
        if (found.own) return respond_own(call, *found.own, found.hub);
        fail(*call, {core::Reason::unknown_registry,
                     "registry " + identity::to_text(path.id.registry()) + ": not this hub's"});
      });
}

Route make_route(std::string_view pattern, std::string_view name, Handler handler) {
  Route route;
  route.method = "GET";
  route.pattern = pattern;
  route.name = name;
  route.response = &codec::openapi_schema<IdentityView>;
  route.handler = handler;
  return route;
}

}  // namespace

void add_identity_routes(std::vector<Route>& routes) {
  Route whole = make_route("/v1/identities/{id}", "resolve_identity", &resolve_identity);
  whole.summary = "What an identifier stands for, as its own registry signed it.";
  whole.scope = Scope::sites_read;
  Route part = make_route("/v1/identities/{id}/{part}", "resolve_part", &resolve_identity);
  part.summary = "The same of a pool: its site's identifier and its name.";
  part.scope = Scope::sites_read;
  routes.push_back(whole);
  routes.push_back(part);
}

void add_peer_identity_routes(std::vector<Route>& routes) {
  Route whole = make_route("/peer/v1/identities/{id}", "show_identity", &show_identity);
  whole.summary = "What an identifier of this hub's registry stands for, signed.";
  whole.visibility = Visibility::peer;
  Route part = make_route("/peer/v1/identities/{id}/{part}", "show_part", &show_identity);
  part.summary = "The same of a pool.";
  part.visibility = Visibility::peer;
  routes.push_back(whole);
  routes.push_back(part);
}

}  // namespace intertie::api
