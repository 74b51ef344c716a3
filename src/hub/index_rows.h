// Which index rows follow from an event.
#pragma once

#include <vector>

#include "intertie/engine/state_machine.h"
#include "intertie/hub/events.h"
#include "intertie/hub/index_tables.h"
#include "intertie/hub/state.h"

namespace intertie::hub {

/// Called before the event is applied. Pure.
void write_index_rows(const State& state, const Event& event, const engine::RecordPlace& place,
                      std::vector<storage::IndexWrite>& writes);

}  // namespace intertie::hub
