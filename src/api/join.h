// A site joins: from its token to its signed registration record.
#pragma once

#include <cstdint>
#include <string>

#include "intertie/api/site_views.h"
#include "intertie/core/result.h"
#include "intertie/core/time.h"
#include "intertie/identity/record.h"

#include "call.h"

namespace intertie::api {

/// Whose site it is and how many the hub had before: what its identifier is made of.
struct SiteNumber {
  std::string hub_region;
  std::uint32_t operator_principal = 0;
  std::uint32_t sites = 0;
};

/// Checks names and keys of a join, without the token. bad_field.
core::Result<void> check_join(const JoinRequest& request);

/// Version 1 of the site's record. Registry: the hub's region; participant: the operator's handle
/// plus one; serial: the number of sites plus one. With `keys.next` (a digest: the commitment to
/// the site's next signing key) the record is `registered` and names the signing key: the site
/// countersigns it. Without, it is `reserved` and names the TLS and the sealing key alone, which the
/// registry may sign by itself.
core::Result<identity::RegistrationRecord> make_site_record(const JoinRequest& request,
                                                            const SiteNumber& number,
                                                            core::Time now);

/// The handler of POST /site/v1/join.
void join_site(const CallPointer& call);

}  // namespace intertie::api
