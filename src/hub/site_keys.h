// Which key of a site counts for which of its rows, and how its keys change.
#pragma once

#include <cstdint>
#include <optional>

#include "intertie/core/result.h"
#include "intertie/crypto/digest.h"
#include "intertie/crypto/signature.h"
#include "intertie/identity/signed_record.h"

#include "context.h"

namespace intertie::hub {

/// Where a message stands.
struct MessagePlace {
  std::uint32_t site = 0;
  std::uint64_t number = 0;  // In the site's outbox.
};

/// The site's signing key with this id, if it counts for row `row` of its channel: the present key,
/// or the one before for rows that the site had written when it changed keys (ARCHITECTURE.md,
/// idea 8). Pure; O(1).
std::optional<crypto::PublicKey> find_site_key(const SiteState& site, const crypto::Digest& key_id,
                                               std::uint64_t row);

/// That a version stands where it says: of this site, right after the one in force (which there
/// is). bad_field, stale_sequence, record_forked. O(1).
core::Result<void> check_record_place(const SiteState& site, const identity::SignedRecord& newer);

}  // namespace intertie::hub
