// A site's record gets a new version: with other keys, or the last one.
#pragma once

#include <string>

#include "intertie/core/result.h"

#include "call.h"

namespace intertie::api {

/// The handler of POST /site/v1/keys. The site sends the next version of its record, signed with
/// its old key and with the one that the present version commits to; the hub verifies, signs too,
/// logs it, and from then on knows the site by its new keys. The same version again gets the same
/// answer, so a lost answer does no harm.
void rotate_site_keys(const CallPointer& call);

/// The handler of POST /v1/sites/{site}:revoke: the last version of the site's record, signed by
/// the hub alone. Its keys count no more, at once and for ever; name and identifier stay taken.
void revoke_site(const CallPointer& call);

/// Whether a version that a site brings was made not long ago (record_expired), for at most
/// identity::record_lifetime_default (out_of_range).
core::Result<void> check_version_times(const identity::RegistrationRecord& record, core::Time now);

/// The envelope with the hub's signature put first. It verifies nothing.
core::Result<std::string> countersign(Backend& backend, const std::string& envelope,
                                      const std::string& payload);

}  // namespace intertie::api
