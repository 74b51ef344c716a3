// How each event changes the state. Cannot fail; sees only state, event and its place in the log.
#pragma once

#include "intertie/engine/state_machine.h"
#include "intertie/hub/state.h"

namespace intertie::hub {

void apply(State& state, const Event& event, const engine::RecordPlace& place);

/// Rebuilds everything marked "derived" from the rest (after a snapshot was read).
void rebuild_derived(State& state);

/// The allocations that a reservation has taken from its pool.
std::vector<placement::TaskAllocation> make_allocations(
    const std::vector<execution::TaskSlot>& slots);

}  // namespace intertie::hub
