// What a content store admits and what it gives up. Pure decisions over a catalogue.
//
// Sizes are counted per dataset as if nothing were shared: whether two owners hold the same chunks
// must not show in what fits. Never given up: what is pinned, leased by a running job, on its way
// in, or kept by an owner's wish. The rest goes in the order of last use, the longest unused first,
// and only as far as needed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "intertie/core/quantity.h"
#include "intertie/core/result.h"
#include "intertie/core/time.h"

namespace intertie::transfer {

struct StoredItem {
  std::uint64_t number = 0;  // The store's own; ties are broken by it.
  std::uint64_t bytes = 0;
  core::Time last_used;
  bool is_pinned = false;
  bool is_leased = false;
  bool is_incoming = false;
  /// A copy of what lies elsewhere: may be given up for space. Otherwise only keep_until ends it.
  bool is_cache = false;
  std::optional<core::Time> keep_until;
};

struct StoreRules {
  core::Bytes bytes_max;
  /// Of one owner; 0: no limit but the store's.
  core::Bytes owner_bytes_max;
  /// What was not completed within this time is given up (uploads nobody goes on with).
  core::Duration incoming_max = core::hours(24 * 7);
};

/// The numbers of what must go because its time is over: keep_until has passed, or an upload
/// nobody went on with. Leases hold even then. Ascending.
std::vector<std::uint64_t> list_expired(const std::vector<StoredItem>& items,
                                        const StoreRules& rules, core::Time now);

/// What must go so that `bytes` more fit, in the order of going; empty if they fit as it is.
/// `owner_bytes`: what the owner of the new dataset has already. too_large: it never fits, or the
/// owner's limit; store_unavailable: what is in use leaves too little room.
core::Result<std::vector<std::uint64_t>> make_room(const std::vector<StoredItem>& items,
                                                   const StoreRules& rules,
                                                   std::uint64_t owner_bytes, std::uint64_t bytes);

}  // namespace intertie::transfer
