// What other regions' hubs ask about datasets: for their users, and under grants
// (docs/formats/data-grant.md).
#include <utility>

#include "intertie/api/grant_views.h"
#include "intertie/codec/schema.h"

#include "channel_body.h"
#include "dataset_access.h"
#include "dataset_handlers.h"
#include "everywhere.h"
#include "grants.h"
#include "regional.h"

namespace intertie::api {
namespace {

// The job of an offer that this peer has committed.
core::Result<GrantFacts> find_offer_facts(const hub::HubMachine& machine, std::uint32_t peer,
                                          std::uint64_t number) {
  const hub::State& state = machine.state();
  const hub::Offer* const offer = state.find_offer(number);
  if (offer == nullptr || offer->terms.peer != peer || offer->attempt == 0) {
    return core::Error{core::Reason::not_found, "offer " + std::to_string(number)};
  }
  const hub::Job& job = *state.find_job(offer->terms.job);
  const hub::PeerAdded& terms = state.peers[peer].terms;
  return GrantFacts{state.facts.region, state.principals[job.owner].name,
                    job.document,       number,
                    terms.id,           terms.region};
}

void give_grant(const CallPointer& call) {
  const auto request = read_message<GrantRequest>(*call);
  if (!request) return;
  const auto key = transfer::parse_dataset_key(request->dataset);
  if (!key || key->kind == transfer::DatasetKey::Kind::name) {
    return fail(*call, {core::Reason::bad_field, "dataset: data:<hex> or sha256:<hex>"});
  }
  look_then(
      call,
      [peer = call->peer, offer = request->offer](const hub::HubMachine& machine) {
        return find_offer_facts(machine, peer, offer);
      },
      [call, key = *key](const core::Result<GrantFacts>& facts) {
        if (!facts) return fail(*call, facts.error());
        const auto answer = make_grant(*call, *facts, key);
        if (!answer) return fail(*call, answer.error());
        respond_view(*call, *answer);
      });
}

void send_granted(const CallPointer& call, DatasetPart part) {
  const auto key = read_dataset_key(*call);
  if (!key) return fail(*call, key.error());
  look_then(call, &list_regions, [call, part, key = *key](const Regions& regions) {
    const auto granted = find_granted(*call, regions, key.digest);
    if (!granted) return fail(*call, granted.error());
    if (part == DatasetPart::manifest) return respond_manifest(call, granted->info);
    respond_content_over_line(call, granted->info, granted->line);
  });
}

void give_passes(const CallPointer& call) {
  auto request = read_message<PassRequest>(*call);
  if (!request) return;
  const auto key = read_dataset_key(*call);
  if (!key) return fail(*call, key.error());
  look_then(call, &list_regions,
            [call, request = std::move(*request), key = *key](const Regions& regions) {
              const auto granted = find_granted(*call, regions, key.digest);
              if (!granted) return fail(*call, granted.error());
              const auto sources = make_passes(*call, regions, *granted, request);
              if (!sources) return fail(*call, sources.error());
              respond_view(*call, *sources);
            });
}

void send_granted_manifest(const CallPointer& call) { send_granted(call, DatasetPart::manifest); }
void send_granted_content(const CallPointer& call) { send_granted(call, DatasetPart::content); }

constexpr std::string_view kUserDatasets = "/peer/v1/users/{user}/datasets";
constexpr std::string_view kUserDataset = "/peer/v1/users/{user}/datasets/{dataset}";

// The names say which route of users they are.
void add_user_route(std::vector<Route>& routes, std::string_view method, std::string_view pattern,
                    std::string_view name, Handler handler) {
  Route route;
  route.method = method;
  route.pattern = pattern;
  route.name = name;
  route.summary = "As for users of this hub, for one of the calling hub's.";
  route.visibility = Visibility::peer;
  route.handler = handler;
  route.has_byte_body = method == "PUT";
  routes.push_back(std::move(route));
}

void add_user_routes(std::vector<Route>& routes) {
  add_user_route(routes, "PUT", "/peer/v1/users/{user}/datasets/{dataset}/chunks/{chunk}",
                 "put_peer_chunk", &for_peer_user<&put_chunk>);
  add_user_route(routes, "PUT", kUserDataset, "begin_peer_dataset", &for_peer_user<&begin_dataset>);
  routes.back().query = {{"name", "what it is called"},
                         {"pin", "true: never given up for space"},
                         {"readers", "principals of the calling hub"},
                         {"regions", "where it may lie"},
                         {"classification", "open, internal, confidential or secret"},
                         {"keep_until", "when it is removed"}};
  add_user_route(routes, "POST", "/peer/v1/users/{user}/datasets/{dataset}:pin", "pin_peer_dataset",
                 &for_peer_user<&pin_dataset>);
  add_user_route(routes, "POST", "/peer/v1/users/{user}/datasets/{dataset}:unpin",
                 "unpin_peer_dataset", &for_peer_user<&unpin_dataset>);
  add_user_route(routes, "DELETE", kUserDataset, "remove_peer_dataset",
                 &for_peer_user<&remove_dataset>);
  add_user_route(routes, "GET", kUserDatasets, "list_peer_datasets",
                 &for_peer_user<&list_datasets>);
  add_user_route(routes, "GET", "/peer/v1/users/{user}/datasets:find", "find_peer_dataset",
                 &for_peer_user<&find_dataset_by_name>);
  routes.back().query = {{"name", "what it is called"}, {"owner", "whose it is"}};
  add_user_route(routes, "GET", "/peer/v1/users/{user}/datasets/{dataset}/manifest",
                 "get_peer_manifest", &for_peer_user<&get_dataset_manifest>);
  add_user_route(routes, "GET", "/peer/v1/users/{user}/datasets/{dataset}/content",
                 "get_peer_content", &for_peer_user<&get_dataset_content>);
  add_user_route(routes, "GET", kUserDataset, "get_peer_dataset", &for_peer_user<&get_dataset>);
}

}  // namespace

void add_peer_data_routes(std::vector<Route>& routes) {
  routes.push_back({"POST",
                    "/peer/v1/grants",
                    "give_grant",
                    "Leave to fetch an input of one of this hub's jobs there.",
                    Visibility::peer,
                    std::nullopt,
                    {},
                    &codec::openapi_schema<GrantRequest>,
                    &codec::openapi_schema<GrantAnswer>,
                    200,
                    &give_grant});
  routes.push_back({"POST",
                    "/peer/v1/locate",
                    "locate_datasets",
                    "Which of these datasets a user of the caller could read here.",
                    Visibility::peer,
                    std::nullopt,
                    {},
                    &codec::openapi_schema<LocateRequest>,
                    &codec::openapi_schema<LocateAnswer>,
                    200,
                    &locate_here});
  routes.push_back({"GET",
                    "/peer/v1/datasets/{dataset}/manifest",
                    "send_granted_manifest",
                    "The manifest, under the grant in Intertie-Grant.",
                    Visibility::peer,
                    std::nullopt,
                    {},
                    nullptr,
                    nullptr,
                    200,
                    &send_granted_manifest});
  routes.push_back({"GET",
                    "/peer/v1/datasets/{dataset}/content",
                    "send_granted_content",
                    "The bytes, under the grant in Intertie-Grant; Range is honoured.",
                    Visibility::peer,
                    std::nullopt,
                    {},
                    nullptr,
                    nullptr,
                    200,
                    &send_granted_content});
  routes.push_back({"POST",
                    "/peer/v1/datasets/{dataset}/passes",
                    "give_passes",
                    "Passes for a site of the caller, under the grant in Intertie-Grant.",
                    Visibility::peer,
                    std::nullopt,
                    {},
                    &codec::openapi_schema<PassRequest>,
                    &codec::openapi_schema<DataSources>,
                    200,
                    &give_passes});
  add_user_routes(routes);
}

}  // namespace intertie::api
