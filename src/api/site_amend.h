// A site's record gets another version with the same keys.
#pragma once

#include "call.h"

namespace intertie::api {

/// The handler of GET /site/v1/record: the version in force, also one that the hub has signed
/// alone, and what the site is to sign now.
void give_site_record(const CallPointer& call);

/// The handler of POST /site/v1/record: the hub verifies what the site has signed, compares it with
/// the version before, signs too and logs it. The same version again gets the same answer.
void amend_site_record(const CallPointer& call);

/// The handler of POST /v1/sites/{site}:suspend: a version signed by the hub alone. Only an active
/// record can be suspended (illegal_transition).
void suspend_site(const CallPointer& call);

/// The handler of POST /v1/sites/{site}:reinstate. The record stays suspended until the site has
/// signed the next version; the answer is the version in force.
void reinstate_site(const CallPointer& call);

}  // namespace intertie::api
