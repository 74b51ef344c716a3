// Principals, their tokens, the join tokens of sites, and the hub itself.
#include <algorithm>
#include <utility>

#include "intertie/api/site_views.h"
#include "intertie/codec/schema.h"
#include "intertie/core/limits.h"
#include "intertie/hub/job_secret.h"

#include "route.h"
#include "router_core.h"

namespace intertie::api {
namespace {

core::Result<void> check_lifetime(core::Duration lifetime) {
  if (lifetime.count > 0 && lifetime <= core::limits::token_lifetime_max) return {};
  return {core::Reason::out_of_range,
          "lifetime: above 0, at most " + core::to_text(core::limits::token_lifetime_max)};
}

bool is_name(const std::string& name) {
  const auto is_plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.' || c == '@';
  };
  return !name.empty() && name.size() <= core::limits::account_name_bytes_max &&
         std::ranges::all_of(name, is_plain);
}

PrincipalView make_principal_view(const hub::State& state, std::uint32_t handle) {
  const hub::Principal& principal = state.principals[handle];
  return {principal.name, principal.role, handle,
          principal.name, principal.jobs, principal.jobs_max};
}

void create_principal(const CallPointer& call) {
  const auto request = read_body<PrincipalRequest>(*call);
  if (!request) return;
  if (!is_name(request->name)) {
    return fail(*call, {core::Reason::bad_field, "name: letters, digits and - _ . @, at most 200"});
  }
  hub::CreatePrincipal command{request->name, request->role, request->jobs_max,
                               request->credit_limit_micros};
  submit_then(call, command, [call](const hub::Reply& reply) {
    look_then(
        call,
        [handle = std::get<hub::Created>(reply).handle](const hub::HubMachine& machine) {
          return make_principal_view(machine.state(), handle);
        },
        [call](const PrincipalView& view) { respond_view(*call, view, 201); });
  });
}

void list_principals(const CallPointer& call) {
  look_then(
      call,
      [](const hub::HubMachine& machine) {
        PrincipalList list;
        for (std::uint32_t i = 0; i < machine.state().principals.size(); ++i) {
          list.principals.push_back(make_principal_view(machine.state(), i));
        }
        return list;
      },
      [call](const PrincipalList& list) { respond_view(*call, list); });
}

// Mints a token for a principal that exists. The caller's own token bounds what it can hand out,
// unless it is an administrator's.
void mint_for(const CallPointer& call, const TokenRequest& request, hub::Role role,
              const std::string& hub) {
  const auto asked = parse_scopes(request.scopes);
  if (!asked) return fail(*call, asked.error());
  ScopeSet allowed = get_scopes_of(role);
  const bool is_admin = call->caller.may(Scope::admin);
  if (!is_admin) allowed &= call->caller.scopes;
  const ScopeSet scopes = request.scopes.empty() ? allowed : *asked;
  if ((scopes & ~allowed) != 0) {
    return fail(*call, {core::Reason::denied, "scopes: more than the role or this token allows"});
  }
  TokenClaims claims;
  claims.sub = request.principal;
  claims.scopes = list_scopes(scopes);
  claims.iat = call->backend.now();
  claims.exp = claims.iat + request.lifetime;
  if (!is_admin) claims.exp = std::min(claims.exp, call->caller.expires);
  claims.jti = call->core.make_nonce();
  claims.aud = hub;
  const std::string token = mint_token(call->backend.token_key(), claims);
  respond_view(*call, TokenView{token, claims.jti, claims.sub, claims.scopes, claims.exp}, 201);
}

struct FoundPrincipal {
  hub::Role role = hub::Role::user;
  std::string hub;
};

// The principal's role, or not_found.
void use_principal(const CallPointer& call, const std::string& name,
                   std::function<void(const FoundPrincipal&)> then) {
  look_then(
      call,
      [name](const hub::HubMachine& machine) -> std::optional<FoundPrincipal> {
        const hub::State& state = machine.state();
        const auto found = state.principal_handles.find(name);
        if (found == state.principal_handles.end()) return std::nullopt;
        return FoundPrincipal{state.principals[found->second].role, state.facts.id};
      },
      [call, name, then = std::move(then)](const std::optional<FoundPrincipal>& found) {
        if (!found) return fail(*call, {core::Reason::not_found, "principal " + name});
        then(*found);
      });
}

void create_token(const CallPointer& call) {
  auto request = read_body<TokenRequest>(*call);
  if (!request) return;
  if (auto checked = check_lifetime(request->lifetime); !checked) {
    return fail(*call, checked.error());
  }
  if (request->principal.empty()) request->principal = call->caller.name;
  if (request->principal != call->caller.name && !call->caller.may(Scope::admin)) {
    return fail(*call, {core::Reason::denied, "principal: only administrators name another"});
  }
  use_principal(call, request->principal, [call, request = *request](const FoundPrincipal& found) {
    mint_for(call, request, found.role, found.hub);
  });
}

void create_site_token(const CallPointer& call) {
  auto request = read_body<SiteTokenRequest>(*call);
  if (!request) return;
  if (auto checked = check_lifetime(request->lifetime); !checked) {
    return fail(*call, checked.error());
  }
  if (request->operator_.empty()) request->operator_ = call->caller.name;
  if (request->operator_ != call->caller.name && !call->caller.is_operator()) {
    return fail(*call, {core::Reason::denied, "operator: only the hub's operators name another"});
  }
  use_principal(call, request->operator_, [call, request = *request](const FoundPrincipal& found) {
    JoinClaims claims;
    claims.kind = "join";
    claims.operator_ = request.operator_;
    claims.nonce = call->core.make_nonce();
    claims.exp = call->backend.now() + request.lifetime;
    claims.hub = found.hub;
    claims.address = call->backend.site_address();
    claims.fingerprint = call->backend.site_fingerprint();
    respond_view(*call,
                 SiteTokenView{mint_join_token(call->backend.token_key(), claims), claims.operator_,
                               claims.exp, claims.address, claims.fingerprint},
                 201);
  });
}

void get_hub(const CallPointer& call) {
  look_then(
      call,
      [caller = call->caller, key = call->backend.seal_key()](const hub::HubMachine& machine) {
        const hub::State& state = machine.state();
        HubView view;
        view.seal_key = crypto::to_text(key);
        view.seal_key_id = hub::make_seal_key_id(key);
        view.id = state.facts.id;
        view.name = state.facts.name;
        view.region = state.facts.region;
        view.currency = state.facts.currency;
        view.sign_key = state.facts.sign_key;
        view.fee_per_mille = state.facts.fee_per_mille;
        view.sites = static_cast<std::int64_t>(state.sites.size());
        view.jobs_waiting = state.jobs.size() - state.reservations.size();
        view.jobs_running = state.reservations.size();
        view.principal = caller.name;
        view.role = caller.role;
        view.scopes = list_scopes(caller.scopes);
        return view;
      },
      [call](const HubView& view) { respond_view(*call, view); });
}

}  // namespace

void add_token_routes(std::vector<Route>& routes) {
  routes.push_back({"GET",
                    "/v1/hub",
                    "get_hub",
                    "The hub, and what this token allows there.",
                    Visibility::everybody,
                    std::nullopt,
                    {},
                    nullptr,
                    &codec::openapi_schema<HubView>,
                    200,
                    &get_hub});
  routes.push_back({"GET",
                    "/v1/principals",
                    "list_principals",
                    "Who may sign in, and how many jobs each has.",
                    Visibility::operators,
                    Scope::admin,
                    {},
                    nullptr,
                    &codec::openapi_schema<PrincipalList>,
                    200,
                    &list_principals});
  routes.push_back({"POST",
                    "/v1/principals",
                    "create_principal",
                    "Creates a principal and its account.",
                    Visibility::operators,
                    Scope::admin,
                    {},
                    &codec::openapi_schema<PrincipalRequest>,
                    &codec::openapi_schema<PrincipalView>,
                    201,
                    &create_principal});
  routes.push_back({"POST",
                    "/v1/tokens",
                    "create_token",
                    "Mints a token with the same rights or fewer; administrators: for anyone.",
                    Visibility::everybody,
                    std::nullopt,
                    {},
                    &codec::openapi_schema<TokenRequest>,
                    &codec::openapi_schema<TokenView>,
                    201,
                    &create_token});
  routes.push_back({"POST",
                    "/v1/site-tokens",
                    "create_site_token",
                    "Mints a token with which one site can join.",
                    Visibility::everybody,
                    Scope::sites_write,
                    {},
                    &codec::openapi_schema<SiteTokenRequest>,
                    &codec::openapi_schema<SiteTokenView>,
                    201,
                    &create_site_token});
}

}  // namespace intertie::api
