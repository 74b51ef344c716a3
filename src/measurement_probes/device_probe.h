// Runs a device kind's probe program and reads the figures it prints.
#pragma once

#include <vector>

#include "intertie/core/quantity.h"
#include "intertie/core/result.h"
#include "intertie/measurement/device_kind.h"
#include "intertie/measurement/statement.h"

namespace intertie::measurement_probes {

/// Starts kind.probe with only `device` visible (its visible-devices variable) and
/// INTERTIE_DEVICE_NODE set, waits at most `limit` for it to end, and reads its output as
/// {"figures": [...]} of one device. Refuses with start_failed, timed_out (it is killed with its
/// whole session), exited_nonzero, too_large (more than 64 KiB), and the codec's and check_figures'
/// reasons.
core::Result<std::vector<measurement::Figure>> probe_device(const measurement::DeviceKind& kind,
                                                            const measurement::Device& device,
                                                            core::Duration limit);

}  // namespace intertie::measurement_probes
