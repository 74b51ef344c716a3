// The processes below one process: signals to all of them, and what they have used.
#pragma once

#include <sys/types.h>

#include "intertie/execution/task.h"

namespace intertie::execution_runners {

/// Sends `signal` to every descendant of the calling process, deepest last. Processes that are
/// born meanwhile may be missed.
void signal_descendants(int signal);

/// SIGKILLs and reaps until no descendant is left. The caller is a subreaper, so whatever detached
/// itself comes back as its child. Bounded by two seconds; false if something is still alive then
/// (stuck in the kernel).
bool kill_descendants();

/// CPU time of `root` and its descendants, from /proc; what already reaped children used is in
/// their parents' figures. Memory: the largest resident peak of one process. Source rusage.
execution::Measured read_tree_use(pid_t root);

}  // namespace intertie::execution_runners
