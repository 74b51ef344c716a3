// The first start of a site: from a join token to an identity.
#pragma once

#include <string>
#include <string_view>

#include "intertie/api/site_views.h"
#include "intertie/core/result.h"

#include "site_identity.h"
#include "site_keys.h"

namespace intertie::service {

/// The claims of a token that has NOT been verified: the bearer cannot, as it does not know the
/// hub's key yet. The fingerprint in it pins the connection to whoever made the token. `address`
/// is returned as an https URL. Refuses with bad_token.
core::Result<api::JoinClaims> read_join_claims(std::string_view token);

/// Asks the hub named in `request.token` to take the site in: the hub proposes a record, the site
/// checks and countersigns it. The request's keys and record are filled in. After a lost answer the
/// same token and keys give the same site. Refuses with bad_signature (the hub's), bad_token,
/// token_expired, already_exists (the name), unreachable, certificate_refused, bad_field.
core::Result<SiteIdentity> join_hub(api::JoinRequest request, const SiteKeys& keys);

}  // namespace intertie::service
