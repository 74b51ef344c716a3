// The meter: the parent of a task's command. It measures, enforces the time limit and the run
// lease, ends the whole tree, and writes the result. It needs neither agent nor launcher to live.
// It runs one task after another and keeps its control groups and its zygote meanwhile.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "intertie/execution/task.h"

#include "control_file.h"
#include "host.h"

namespace intertie::execution_runners {

/// What the launcher hands to a freshly forked meter. Descriptors are the fork's own copies.
struct MeterPlan {
  const Host& host;
  int tasks_folder = -1;  // Where results go.
  int notices = -1;       // Pipe to the launcher: one TaskKey when a command runs.
  int channel = -1;       // Packets: orders come, notices of ends go.
};

/// A task for the meter. With it come descriptors: of the locked control file, of the request (in
/// sealed memory), and of the gang's user and network namespaces where it has them.
struct MeterOrder {
  execution::TaskKey key;
  std::optional<std::uint32_t> user;
  bool has_gang_user = false;
  bool has_gang_net = false;
};

/// The task has ended, its result is written and its control file is unlocked. A meter that is not
/// `is_reusable` leaves by itself. Behind it stands the result (JSON) if the disk did not take it.
struct MeterNotice {
  execution::TaskKey key;
  bool is_reusable = false;
};

/// Names in the launcher's tasks folder.
std::string make_control_name(const execution::TaskKey& key);
std::string make_result_name(const execution::TaskKey& key);
/// The name of the control groups of a meter's tasks.
std::string make_group_name(const Host& host, std::int64_t meter);

/// Makes the groups and the zygote, then runs one task after the other. Ends when the channel is
/// closed and no task runs. SIGTERM cancels the task that runs, as ControlBlock::cancelled does;
/// SIGUSR1 makes it look at the control block.
[[noreturn]] void run_meter(const MeterPlan& plan);

/// The result of a task whose meter has gone: the last figures in its control file.
execution::TaskResult make_lost_result(const execution::TaskKey& key, const ControlBlock& block);

}  // namespace intertie::execution_runners
