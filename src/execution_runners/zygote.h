// A small process, made before a meter has seen any task, that starts the tasks' first processes.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>

#include "intertie/core/result.h"

#include "cgroups.h"
#include "descriptor.h"
#include "host.h"

namespace intertie::execution_runners {

/// What a task's first process is given; each -1 where there is none. They stay the caller's.
struct ZygoteOrder {
  std::optional<std::uint32_t> user;
  int request = -1;  // Sealed memory with the encoded RunRequest.
  int folder = -1;
  int output = -1;
  int errors = -1;
  int reports = -1;
  int pids = -1;
  int group = -1;  // v2 group to be born in.
  int gang_user = -1;
  int gang_net = -1;
};

/// Moving a process into a v1 control group takes a lock of the whole machine and waits until every
/// processor has passed a quiet state (10 to 20 ms), but a child is born into its parent's group at
/// no cost. So the zygote moves once, and the tasks' processes are its copies. They become children
/// of the meter (CLONE_PARENT), which stays outside of the group. The zygote's memory holds nothing
/// of any task: each child reads its own request.
class Zygote {
 public:
  /// A child of the caller, in the v1 groups of `group` (and its v2 group if it has v1 groups).
  /// Dies with the caller.
  static core::Result<Zygote> start(const Host& host, const TaskGroup& group);
  Zygote() = default;
  Zygote(Zygote&&) noexcept;
  Zygote& operator=(Zygote&&) noexcept;
  ~Zygote() { stop(); }

  pid_t process() const { return process_; }
  /// Reaps it if it has ended.
  bool is_alive();
  /// Starts a child of the caller that runs run_sandbox_child; returns its pid.
  core::Result<pid_t> start_child(const ZygoteOrder& order);
  /// Kills and reaps it.
  void stop();

 private:
  pid_t process_ = -1;
  Descriptor socket_;
};

}  // namespace intertie::execution_runners
