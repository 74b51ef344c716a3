// What time does: silent sites, lapsed leases, start times, deadlines, open breakers.
#pragma once

#include "context.h"

namespace intertie::hub {

/// Whether check_liveness would find something to do or to look at.
bool is_liveness_due(const State& state, const Soft& soft, core::Time now);

/// Emits what has come due. A clock that jumped by more than clock_step_max expires nothing: the
/// deadlines start anew (ARCHITECTURE.md, idea 7).
/// The longest that an attempt can run after its start, stopping included.
core::Duration compute_bound(const State& state, const Job& job);

void check_liveness(Context& context);

/// Starts every site's deadline anew.
void restart_deadlines(const State& state, Soft& soft, core::Time now);

}  // namespace intertie::hub
