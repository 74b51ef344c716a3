// The processes below one process: signals to all of them, and what they have used.
#pragma once

#include <sys/resource.h>
#include <sys/types.h>

#include "intertie/execution/task.h"

namespace intertie::execution_runners {

/// What reaped processes have used, each with the children it had waited for. Memory is the largest
/// resident peak of one process.
class TreeUsage {
 public:
  void add(const rusage& usage);
  /// Source rusage.
  const execution::Measured& measured() const { return measured_; }

 private:
  execution::Measured measured_;
};

/// True when the calling process has a child other than `kept`, reaped ones excepted.
bool has_children_besides(pid_t kept);

/// Sends `signal` to every descendant of the calling process but `kept`, deepest last. Processes
/// that are born meanwhile may be missed.
void signal_descendants(int signal, pid_t kept);

/// SIGKILLs and reaps until no descendant but `kept` is left. The caller is a subreaper, so
/// whatever detached itself comes back as its child. Bounded by two seconds; false if something is
/// still alive then (stuck in the kernel).
bool kill_descendants(pid_t kept, TreeUsage& usage);

/// CPU time of `root` and its descendants, from /proc; what already reaped children used is in
/// their parents' figures. Memory: the largest resident peak of one process. Source rusage.
execution::Measured read_tree_use(pid_t root);

}  // namespace intertie::execution_runners
