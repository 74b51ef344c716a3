// The site's own record: which version is in force, and the next one.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "intertie/api/site_views.h"
#include "intertie/core/result.h"
#include "intertie/crypto/signature.h"
#include "intertie/identity/signed_record.h"
#include "intertie/net/http_client.h"

#include "site_identity.h"

namespace intertie::service {

/// A version that has the hub's signature, and the site's or none; not yet compared with anything.
/// bad_signature; bad_field: not a site's.
core::Result<identity::SignedRecord> open_own_record(const std::string& envelope,
                                                     const SiteIdentity& identity);

/// Whether what the hub shows as the version in force is a record that this site may build on: not
/// older than the one it knows, and either signed with the site's own key or, where the hub has
/// signed alone, different in status and times only. So no hub gets the site to sign a record of
/// the hub's making. stale_sequence, record_forked, bad_signature.
core::Result<void> check_own_record(const identity::SignedRecord& known,
                                    const identity::SignedRecord& shown,
                                    const crypto::PublicKey& own_key);

struct RecordInForce {
  identity::SignedRecord record;
  std::optional<identity::RecordStatus> status;  // Of the version that the hub asks for.
};

/// Asks the hub, checks the answer and keeps it in `identity` (not in its file).
core::Result<RecordInForce> fetch_own_record(net::HttpClient& client, SiteIdentity& identity,
                                             const crypto::PublicKey& own_key);

/// The version after `older` with the same keys, for a week from now.
identity::RegistrationRecord make_next_version(const identity::SignedRecord& older, core::Time now);

/// Signs it, sends it, checks the hub's signature, and keeps it in `identity` and its file. `rows`:
/// of a retirement.
core::Result<void> send_own_record(net::HttpClient& client, const std::string& folder,
                                   SiteIdentity& identity,
                                   const identity::RegistrationRecord& record,
                                   const crypto::KeyPair& key, std::uint64_t rows = 0);

/// What an agent does when a heartbeat's answer says that a version is due: asks, and if one is
/// due, signs it. Returns whether there was one.
core::Result<bool> renew_own_record(net::HttpClient& client, const std::string& folder,
                                    SiteIdentity& identity, const crypto::KeyPair& key);

}  // namespace intertie::service
