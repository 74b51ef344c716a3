// The boot-time clock: counts since the machine started, sleep included, and is never set.
#pragma once

#include "intertie/core/time.h"

namespace intertie::service {

/// CLOCK_BOOTTIME as a point in time. Heartbeats, leases and the right to start tasks are judged on
/// it alone (agent::NoteHubAnswer); log time is never compared with it. Any thread.
core::Time read_boot_time();

}  // namespace intertie::service
