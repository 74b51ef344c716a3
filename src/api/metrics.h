// The hub's state as Prometheus text (exposition format 0.0.4).
#pragma once

#include <string>

#include "intertie/core/time.h"
#include "intertie/hub/machine.h"

namespace intertie::api {

/// Figures of the hub. No identifiers of jobs or cards stand in labels.
std::string render_metrics(const hub::HubMachine& machine, core::Time now);

}  // namespace intertie::api
