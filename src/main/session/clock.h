// The present, and waiting.
#pragma once

#include "intertie/core/quantity.h"
#include "intertie/core/time.h"

namespace intertie::cli {

/// The present, for output and for signing.
core::Time read_clock();

/// Blocks this thread; a signal may end it early.
void sleep_for(core::Duration duration);

}  // namespace intertie::cli
