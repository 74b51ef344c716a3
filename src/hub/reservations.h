// Reserve and commit: capacity, then money, then the attempt (ARCHITECTURE.md 10, 7).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "intertie/core/result.h"
#include "intertie/market/charge.h"
#include "intertie/placement/placer.h"

#include "context.h"

namespace intertie::hub {

/// Holds and entries share one space of ids; the upper half of it belongs to holds, so no id that a
/// client chooses for a deposit can stand in a hold's way.
inline constexpr std::uint64_t kHoldIds = std::uint64_t{1} << 63;
/// Holds for offers to other regions, numbered by offer.
inline constexpr std::uint64_t kOfferHolds = std::uint64_t{1} << 62;
/// Above the 32 bits of an attempt's number: entries that pay a dispute, and those with a peer.
inline constexpr std::uint64_t kDisputeEntries = kHoldIds | std::uint64_t{1} << 32;
inline constexpr std::uint64_t kPeerEntries = kHoldIds | std::uint64_t{1} << 33;
ledger::EntryId make_hold_id(std::uint64_t job, std::uint32_t attempt);

/// Everything that a reservation sets aside, all tasks together: what is charged for.
market::ReservedAmounts compute_reserved(const std::vector<execution::TaskSlot>& slots);

/// Of all tasks, by rank.
std::vector<execution::TaskSlot> make_slots(
    const std::vector<placement::TaskAllocation>& allocations);

/// What is held: the charge at the time limit, as the plan quoted it. The moments that the meter
/// needs to stop a task there are the site's. Nothing if that is more than the job may still cost.
std::optional<core::Money> compute_hold(const JobShape& shape, const Job& job,
                                        const market::ReservedAmounts& amounts,
                                        const topology::PriceTable& price);

/// started: reserved, held and committed. busy: the pool has no room after all. short_of_money: the
/// account cannot cover the hold. above_price_max: with what earlier attempts have cost, the job
/// could cost more than its owner allows.
enum class StartVerdict : std::uint8_t { started, busy, short_of_money, above_price_max };

struct StartResult {
  StartVerdict verdict = StartVerdict::busy;
  core::Money needed;  // If short of money: what the hold would take.
};

/// Reserves capacity of the pool, holds the most the attempt can cost, and commits. Nothing is
/// emitted unless all of it succeeds.
StartResult try_start(Context& context, const Job& job, topology::PoolHandle pool,
                      std::string explanation);

}  // namespace intertie::hub
