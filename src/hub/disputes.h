// Usage records that were not accepted: what they ask for, and what becomes of them.
#pragma once

#include <optional>
#include <string>

#include "intertie/execution/usage_record.h"
#include "intertie/hub/dispute.h"

#include "context.h"

namespace intertie::hub {

/// What a record of the reservation's attempt asks for, and the most of it that could be due: at
/// most what was reserved, no time that was charged before or in which it cannot have run.
DisputedClaim make_claim(const Context& context, const Reservation& reservation,
                         const execution::UsageRecord& record);

/// What amounts cost over a length, without a minimum time; 0 if that is beyond Money.
core::Money compute_interval_price(const execution::ReservedUse& amounts,
                                   topology::PriceTable price, core::Duration length);

/// The dispute as the state keeps it until it is resolved; nothing if the site has too many open
/// ones. Its job is in the state, with a reservation.
std::optional<OpenDispute> make_open_dispute(const State& state, const UsageDisputed& event);

// The changes that events make (apply.cc).
void open_dispute(State& state, std::uint64_t number, const OpenDispute& dispute);
void close_dispute(State& state, std::uint64_t number);
/// [from, to) of the attempt was charged `paid`: what its open disputes could get is less now.
void shrink_disputes(State& state, std::uint64_t job, std::uint32_t attempt, core::Time from,
                     core::Time to, core::Money paid);
/// Apart from what its present attempt holds, the job may still cost so much.
void bound_disputes(State& state, std::uint64_t job, core::Money left);
/// The same from its price limit, if it has one, and what is held for it now.
void bound_by_price(State& state, const Job& job, core::Money held);
/// A dispute of the job was paid.
void spend_of_bounds(State& state, std::uint64_t job, core::Money paid);
/// Of the ended attempt no record is charged any more.
void note_attempt_over(State& state, std::uint64_t job, std::uint32_t attempt);
void rebuild_dispute_lists(State& state);

}  // namespace intertie::hub
