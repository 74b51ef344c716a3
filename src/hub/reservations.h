// Reserve and commit: legs of capacity, then money, then the attempt (DESIGN.md 5.4 to 5.6).
#pragma once

#include "intertie/core/result.h"
#include "intertie/market/charge.h"
#include "intertie/placement/placer.h"

#include "context.h"

namespace intertie::hub {

/// Holds and entries share one space of ids; the upper half of it belongs to holds, so no id that a
/// client chooses for a deposit can stand in a hold's way.
inline constexpr std::uint64_t kHoldIds = std::uint64_t{1} << 63;
ledger::EntryId make_hold_id(std::uint64_t job, std::uint32_t attempt);

/// Everything that a reservation sets aside, all tasks together: what is charged for.
market::ReservedAmounts compute_reserved(const std::vector<execution::TaskSlot>& slots);

/// Reserves capacity of the pool, holds the most the attempt can cost, and commits. Gives
/// Reason::waiting when the attempt was chosen; else why this pool cannot take the job now: busy,
/// or insufficient_funds. Nothing is emitted unless all of it succeeds.
core::Reason try_start(Context& context, const Job& job, topology::PoolHandle pool,
                       const placement::Placement& explanation);

}  // namespace intertie::hub
