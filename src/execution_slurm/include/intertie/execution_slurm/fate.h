// What has become of a task in Slurm, from everything that is known of it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "intertie/core/time.h"
#include "intertie/execution/task.h"
#include "intertie/execution_slurm/queue.h"

namespace intertie::execution_slurm {

/// What the agent sees of one task. Times are on its boot-time clock.
struct TaskSight {
  bool is_submitted = false;             // Slurm has given a number.
  bool is_claimed = false;               // A driver has taken it: it may run, or have run.
  bool is_cancelled = false;             // By us.
  bool was_waiting = false;              // When Slurm was last seen to know it, it had not started.
  std::optional<QueueRow> row;           // In the newest answer of squeue.
  core::Time answered_at;                // When that answer came.
  std::optional<core::Time> gone_since;  // Since when squeue's answers say that nothing runs.
  std::optional<core::Time> alive_at;    // When the driver's sign of life last changed.
};

/// keep: nothing is known to be over. run_again: no driver has taken it and none will; submit it
/// anew. over: nothing of it runs any more.
struct Fate {
  enum class Kind : std::uint8_t { keep, run_again, over };
  Kind kind = Kind::keep;
  execution::TaskEnd end = execution::TaskEnd::lost;
  std::string detail;
};

/// For a task without a report of its driver. What Slurm says alone never ends a task that a driver
/// has taken: a node may be cut off from slurmctld and run on. Such a driver loses its own lease
/// after `silence` without a written sign of life, and ends its tasks; so a task is over `silence`
/// and a margin of a third after the last sign, if Slurm says, too, that it is gone. `may_rerun`:
/// of a pilot's tasks, which wait for their turn inside a job. Pure.
Fate decide_fate(const TaskSight& sight, core::Duration silence, bool may_rerun, core::Time now);

/// The end of a task whose driver has reported it. `is_terminated`: Slurm told the driver to end;
/// then Slurm's word explains what the meter could only see as a signal. Nothing: Slurm's word is
/// still to come.
std::optional<execution::TaskResult> settle_report(execution::TaskResult result, bool is_terminated,
                                                   const TaskSight& sight);

}  // namespace intertie::execution_slurm
