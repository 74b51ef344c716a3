// A site's operator changes what its record says, while the agent is stopped.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "intertie/core/rate.h"
#include "intertie/core/result.h"
#include "intertie/core/time.h"
#include "intertie/identity/record.h"

namespace intertie::service {

/// What a site says of itself in its record; absent: stays as it is.
struct SiteFacts {
  std::optional<std::string> place;  // GB/T 2260, six digits.
  std::optional<core::Time> commissioned;
  std::optional<std::vector<core::Rate>> claimed;  // Of one node of each of its pools.
  std::optional<std::vector<identity::Alias>> aka;
};

struct AmendedSite {
  std::string site;      // Identifier.
  std::int64_t seq = 0;  // Version of its record.
  identity::RecordStatus status = identity::RecordStatus::registered;
};

/// Signs the next version of the record with these facts and has the hub sign it too. A higher
/// claim makes the record stale: the site takes jobs again once its agent has measured within the
/// claim. Refuses with not_found (no site here), store_unavailable (the agent runs), busy (a change
/// of keys is under way), and what the hub refuses; asking again after a lost answer does no harm.
core::Result<AmendedSite> amend_site(const std::string& folder, const SiteFacts& facts);

/// Retires the site for ever: its keys count no more, and its identifier is not used again. The hub
/// refuses while jobs run there (in_use), or rows of the site have not come (busy). Refuses like
/// amend_site; certificate_refused also says that it had retired before.
core::Result<AmendedSite> retire_site(const std::string& folder);

}  // namespace intertie::service
