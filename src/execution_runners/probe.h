// The checks a task runs on itself to show that its isolation holds on this machine.
#pragma once

#include "intertie/execution/isolation.h"

#include "host.h"

namespace intertie::execution_runners {

/// Runs in the place of a task's program. Writes one line for each door that is open but should be
/// closed at this level to stdout; returns 0 if there is none, else 1. Tries doors, never goes
/// through them: nothing outside the task changes even where isolation is broken.
int run_probe(execution::Isolation level, const Host& host);

}  // namespace intertie::execution_runners
