#include "intertie/api/auth.h"

#include <algorithm>
#include <utility>

#include "intertie/api/backend.h"
#include "intertie/api/site_views.h"
#include "intertie/codec/json.h"
#include "intertie/core/limits.h"
#include "intertie/crypto/token.h"

namespace intertie::api {
namespace {

constexpr std::array<std::string_view, kScopes.size()> kScopeNames = {
    "jobs.read", "jobs.write", "sites.read", "sites.write", "ledger.read", "ledger.write", "admin"};

constexpr ScopeSet kAllScopes = (1u << kScopes.size()) - 1;
constexpr ScopeSet kUserScopes = scope_bit(Scope::jobs_read) | scope_bit(Scope::jobs_write) |
                                 scope_bit(Scope::sites_read) | scope_bit(Scope::ledger_read);

// Every cause has the same wording: a forger learns nothing.
core::Error refuse_token() { return {core::Reason::bad_token, "the token does not verify"}; }

template <class Claims>
core::Result<Claims> read_claims(const crypto::PublicKey& key, std::string_view token) {
  const auto content = crypto::verify_token(key, token);
  if (!content) return refuse_token();
  auto claims = codec::from_json<Claims>(content->payload, codec::Boundary::tolerant);
  if (!claims) return refuse_token();
  return claims;
}

}  // namespace

std::string_view scope_name(Scope scope) { return kScopeNames[static_cast<std::size_t>(scope)]; }

ScopeSet get_scopes_of(hub::Role role) {
  switch (role) {
    case hub::Role::user:
      return kUserScopes;
    case hub::Role::provider:
      return kUserScopes | scope_bit(Scope::sites_write);
    case hub::Role::operator_:
      return kAllScopes;
  }
  return 0;
}

std::vector<std::string> list_scopes(ScopeSet scopes) {
  std::vector<std::string> names;
  for (const Scope scope : kScopes) {
    if ((scopes & scope_bit(scope)) != 0) names.emplace_back(scope_name(scope));
  }
  return names;
}

core::Result<ScopeSet> parse_scopes(const std::vector<std::string>& names) {
  ScopeSet scopes = 0;
  for (const std::string& name : names) {
    const auto found = std::ranges::find(kScopeNames, name);
    if (found == kScopeNames.end()) return {core::Reason::bad_field, "scopes: no scope " + name};
    scopes |= scope_bit(kScopes[static_cast<std::size_t>(found - kScopeNames.begin())]);
  }
  return scopes;
}

std::string mint_token(const crypto::KeyPair& key, const TokenClaims& claims) {
  return crypto::sign_token(key, codec::to_json(claims));
}

core::Result<TokenClaims> read_token(const crypto::PublicKey& key, std::string_view token,
                                     std::string_view hub, core::Time now) {
  auto claims = read_claims<TokenClaims>(key, token);
  if (!claims) return claims;
  if (claims->sub.empty() || claims->aud != hub) return refuse_token();
  // Made by a clock that was far ahead, and not valid yet by the one there is.
  if (claims->iat > now + core::limits::clock_step_max) return refuse_token();
  if (now >= claims->exp) {
    return {core::Reason::token_expired, "expired at " + core::to_rfc3339(claims->exp)};
  }
  return claims;
}

std::string mint_join_token(const crypto::KeyPair& key, const JoinClaims& claims) {
  return crypto::sign_token(key, codec::to_json(claims));
}

core::Result<JoinClaims> read_join_token(const crypto::PublicKey& key, std::string_view token,
                                         std::string_view hub, core::Time now) {
  auto claims = read_claims<JoinClaims>(key, token);
  if (!claims) return claims;
  const bool is_complete = !claims->operator_.empty() && !claims->nonce.empty();
  if (claims->kind != "join" || claims->hub != hub || !is_complete) return refuse_token();
  if (now >= claims->exp) {
    return {core::Reason::token_expired, "expired at " + core::to_rfc3339(claims->exp)};
  }
  return claims;
}

template <class Claims, class Read>
static core::Result<Claims> read_with_any_key(const Backend& backend, Read read) {
  const core::Time now = backend.now();
  auto claims = read(backend.token_key().public_key(), now);
  if (claims || claims.error().reason != core::Reason::bad_token) return claims;
  for (const FormerTokenKey& former : backend.former_token_keys()) {
    if (former.until <= now) continue;
    auto older = read(former.key, now);
    if (older) older->exp = std::min(older->exp, former.until);
    if (older || older.error().reason != core::Reason::bad_token) return older;
  }
  return claims;
}

core::Result<TokenClaims> read_token_of(const Backend& backend, std::string_view token,
                                        std::string_view hub) {
  return read_with_any_key<TokenClaims>(backend, [&](const crypto::PublicKey& key, core::Time now) {
    return read_token(key, token, hub, now);
  });
}

core::Result<JoinClaims> read_join_token_of(const Backend& backend, std::string_view token,
                                            std::string_view hub) {
  return read_with_any_key<JoinClaims>(backend, [&](const crypto::PublicKey& key, core::Time now) {
    return read_join_token(key, token, hub, now);
  });
}

}  // namespace intertie::api
