// Who asks and what the token allows: PASETO v4.public tokens of this hub.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <boost/describe.hpp>

#include "intertie/core/result.h"
#include "intertie/core/time.h"
#include "intertie/crypto/signature.h"
#include "intertie/hub/events.h"

namespace intertie::api {

class Backend;

/// What a token may allow. `admin` includes all others.
enum class Scope : std::uint8_t {
  jobs_read,
  jobs_write,
  sites_read,
  sites_write,
  ledger_read,
  ledger_write,
  admin
};
inline constexpr std::array kScopes = {Scope::jobs_read,   Scope::jobs_write,  Scope::sites_read,
                                       Scope::sites_write, Scope::ledger_read, Scope::ledger_write,
                                       Scope::admin};

/// "jobs.read", ...
std::string_view scope_name(Scope scope);

/// A set of scopes, one bit each.
using ScopeSet = std::uint8_t;
constexpr ScopeSet scope_bit(Scope scope) {
  return static_cast<ScopeSet>(1u << static_cast<unsigned>(scope));
}

/// The most that a principal of this role can be given, whatever its token says.
ScopeSet get_scopes_of(hub::Role role);
std::vector<std::string> list_scopes(ScopeSet scopes);
/// bad_field for a name that is no scope.
core::Result<ScopeSet> parse_scopes(const std::vector<std::string>& names);

/// The payload of a user's token.
struct TokenClaims {
  std::string sub;  // The principal's name.
  std::vector<std::string> scopes;
  core::Time iat;
  core::Time exp;
  std::string jti;
  std::string aud;  // The hub's identifier.
};
BOOST_DESCRIBE_STRUCT(TokenClaims, (), (sub, scopes, iat, exp, jti, aud))

/// Signs the claims. The service mints its first tokens with it.
std::string mint_token(const crypto::KeyPair& key, const TokenClaims& claims);

/// Verifies a token of this hub: bad_token (one wording; also made after `now`), token_expired.
core::Result<TokenClaims> read_token(const crypto::PublicKey& key, std::string_view token,
                                     std::string_view hub, core::Time now);

/// The same with the hub's present token key, else with a former one that counts at `now`; the
/// token then ends with the key, if that is earlier.
core::Result<TokenClaims> read_token_of(const Backend& backend, std::string_view token,
                                        std::string_view hub);

/// A join token for one site of this principal (docs/formats/site-channel.md).
struct JoinClaims;
std::string mint_join_token(const crypto::KeyPair& key, const JoinClaims& claims);
core::Result<JoinClaims> read_join_token(const crypto::PublicKey& key, std::string_view token,
                                         std::string_view hub, core::Time now);
core::Result<JoinClaims> read_join_token_of(const Backend& backend, std::string_view token,
                                            std::string_view hub);

}  // namespace intertie::api
