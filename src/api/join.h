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
/// plus one; serial: the number of sites plus one. It is `registered` and commits to the site's
/// next signing key; the hub signs it, then the site.
core::Result<identity::RegistrationRecord> make_site_record(const JoinRequest& request,
                                                            const SiteNumber& number,
                                                            core::Time now);

/// Whether a record with both signatures (verified before) is what this hub would propose for the
/// request, for some number of sites, and not long ago: bad_field, record_expired.
core::Result<void> check_site_record(const JoinRequest& request, const SiteNumber& number,
                                     const identity::RegistrationRecord& record, core::Time now);

/// The handler of POST /site/v1/join:propose: the record that the site is to countersign. Changes
/// nothing; the token stays unused.
void propose_site(const CallPointer& call);

/// The handler of POST /site/v1/join.
void join_site(const CallPointer& call);

}  // namespace intertie::api
