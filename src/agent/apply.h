// How each event changes an agent's state.
#pragma once

#include "intertie/agent/events.h"
#include "intertie/agent/state.h"
#include "intertie/engine/state_machine.h"

namespace intertie::agent {

void apply(State& state, const Event& event, const engine::RecordPlace& place);

}  // namespace intertie::agent
