// Fingerprints that tell a repeated request from a conflicting one.
#pragma once

#include <cstdint>

#include "intertie/ledger/entry.h"
#include "intertie/ledger/hold.h"

namespace intertie::ledger {

/// 64-bit fingerprints of a request's content, its id apart; different for the three kinds. Stable
/// across versions, for they stand in snapshots. They guard against mistakes of the hub's own
/// callers, not against forgery: two contents under one id coincide by chance once in 2^64.
/// The order of postings counts. O(postings).
std::uint64_t compute_content(const Entry& entry);
std::uint64_t compute_content(const HoldRequest& request);
std::uint64_t compute_content(const Post& post);

/// As of the request that placed the hold.
std::uint64_t compute_content(const Hold& hold);

}  // namespace intertie::ledger
