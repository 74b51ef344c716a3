// The port between a site's agent and whatever runs its tasks: this machine, or an engine.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "intertie/core/result.h"
#include "intertie/core/time.h"
#include "intertie/execution/task.h"

namespace intertie::execution_runners {

/// Something that happened to a task. `started`: the command runs. Otherwise it has ended and
/// `result` is there.
struct RunnerEvent {
  execution::TaskKey key;
  std::optional<execution::TaskResult> result;
  core::Time started;  // By the meter's clock, however late this is heard of; 0: never.

  bool is_start() const { return !result.has_value(); }
};

/// A task the runner knows: running (with what it used until the last heartbeat), or ended and
/// not yet acknowledged.
struct RunnerTask {
  execution::TaskKey key;
  bool is_started = false;
  core::Time started;
  execution::Measured measured;
  std::optional<execution::TaskResult> result;
};

/// What an engine needs to know of a task besides its request. `owner`: the Intertie user, as the
/// hub's order names it. `pool`: the position in the site's offer. `size`: ranks of the attempt.
struct TaskOrigin {
  std::string owner;
  std::uint32_t pool = 0;
  std::uint32_t size = 1;
};

/// Owned by one thread; no call waits for a task. A key that is known is not started again.
class TaskRunner {
 public:
  virtual ~TaskRunner() = default;

  /// Readable when poll() may have events; write_pending(): wait for writability too.
  virtual int descriptor() const = 0;
  virtual bool write_pending() const = 0;

  /// Asks for a task. Refusals that need no machine come at once; everything else arrives as an
  /// ended event with start_failed. overloaded: try later. unreachable: the runner has gone.
  virtual core::Result<void> start_task(const execution::RunRequest& request,
                                        const TaskOrigin& origin) = 0;
  /// Asks it to end. Without effect on what has ended.
  virtual core::Result<void> cancel(execution::TaskKey key) = 0;
  /// The task may run for `duration` from now; never shortens a lease.
  virtual core::Result<void> extend_lease(execution::TaskKey key, core::Duration duration) = 0;
  /// The result is safe with the caller: the runner forgets the task.
  virtual core::Result<void> acknowledge(execution::TaskKey key) = 0;
  /// What has happened since the last call, oldest first. unreachable: the runner has gone.
  virtual core::Result<std::vector<RunnerEvent>> poll() = 0;
  /// All tasks that are known, by key. Ends that it shows are not told again by poll().
  virtual core::Result<std::vector<RunnerTask>> list() = 0;
  /// Ends the runner's own processes and threads; with `cancel_all` the tasks too.
  virtual core::Result<void> stop(bool cancel_all) = 0;
};

}  // namespace intertie::execution_runners
