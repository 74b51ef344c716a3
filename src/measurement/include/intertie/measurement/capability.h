// From a measurement statement to the capability figures that placement reads.
#pragma once

#include "intertie/measurement/statement.h"
#include "intertie/topology/capability.h"

namespace intertie::measurement {

/// Capability of one node as measured. Rates per processor are the medians per CPU second
/// (achieved, not peak); rates per device are the medians of the first device group; memory
/// bandwidth is of the whole node, per CPU second times usable processors; disk is wall clock.
/// Figures that were not measured (or only imported) are absent or zero. Pure.
topology::Capability compute_capability(const Statement& statement);

}  // namespace intertie::measurement
