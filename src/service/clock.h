// The only place where the service reads the clock of the day.
#pragma once

#include "intertie/core/time.h"

namespace intertie::service {

/// CLOCK_REALTIME in microseconds. It may jump; the engine's log time does not. Any thread.
core::Time read_clock();

}  // namespace intertie::service
