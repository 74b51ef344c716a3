// The registration record of a site as the hub reads it: both signatures, and what may follow it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "intertie/core/rate.h"
#include "intertie/core/result.h"
#include "intertie/crypto/signature.h"
#include "intertie/hub/events.h"
#include "intertie/identity/signed_record.h"

namespace intertie::hub {

/// The keys that a site's record must name, as texts.
struct SiteRecordKeys {
  std::string sign;
  std::string tls;
  std::string seal;  // Empty: none.
};

/// Verifies a version of a site's record: the hub's signature and the site's own, and that it is a
/// site's. Refuses with bad_signature (either is missing or wrong; also a revocation, which has the
/// hub's alone), bad_field, bad_key, and what identity::open_record says. 150 us.
core::Result<identity::SignedRecord> open_site_record(std::string_view envelope,
                                                      const crypto::PublicKey& hub_key);

/// The keys that the record names. bad_key if it lacks one of sign and tls.
core::Result<SiteRecordKeys> read_site_keys(const identity::RegistrationRecord& record);

/// Whether `newer` changes the keys of `older` as it may: identity::check_successor, another
/// signing key, the old key's signature beside the new one's, and nothing changed but keys and
/// times. Both must have been opened.
core::Result<void> check_site_rotation(const identity::SignedRecord& older,
                                       const identity::SignedRecord& newer);

/// Whether `newer` may follow `older` with the same keys: identity::check_successor, and that
/// nothing differs but status, successor, times, and what a holder says of itself: place, point,
/// commissioned, claimed, endpoints, aka. bad_key, bad_field. Both must have been opened.
core::Result<void> check_site_amendment(const identity::SignedRecord& older,
                                        const identity::SignedRecord& newer);

/// Whether any rate is above what was claimed of its precision before. O(rates squared).
bool raises_claims(const std::vector<core::Rate>& older, const std::vector<core::Rate>& newer);

/// Whether this key is among those that signed. The envelope must have been opened.
bool has_signed(const identity::SignedRecord& record, const crypto::PublicKey& key);

/// What the log's head keeps of a version.
RecordFacts make_record_facts(const identity::SignedRecord& record);

}  // namespace intertie::hub
