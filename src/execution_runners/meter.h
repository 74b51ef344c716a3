// The meter: the parent of one task's command. It measures, enforces the time limit and the run
// lease, ends the whole tree, and writes the result. It needs neither agent nor launcher to live.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "intertie/execution/task.h"

#include "control_file.h"
#include "descriptor.h"
#include "host.h"
#include "sandbox.h"

namespace intertie::execution_runners {

/// What the launcher hands to a freshly forked meter. Descriptors are the fork's own copies.
struct MeterPlan {
  execution::TaskKey key;
  const Host& host;
  ControlFile& control;
  int tasks_folder = -1;  // Where the result goes.
  int request = -1;       // Sealed memory with the encoded RunRequest.
  int notices = -1;       // Pipe to the launcher: one TaskKey when the command runs.
  int gang_user = -1;
  int gang_net = -1;
  std::optional<std::uint32_t> user;
};

/// Names in the launcher's tasks folder.
std::string make_control_name(const execution::TaskKey& key);
std::string make_result_name(const execution::TaskKey& key);
/// The name of the task's control groups.
std::string make_group_name(const Host& host, const execution::TaskKey& key);

/// Runs the task to its end and leaves the process. SIGTERM cancels it.
[[noreturn]] void run_meter(const MeterPlan& plan);

/// The result of a task whose meter has gone: the last figures in its control file.
execution::TaskResult make_lost_result(const execution::TaskKey& key, const ControlBlock& block);

}  // namespace intertie::execution_runners
