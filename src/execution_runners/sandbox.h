// Starts a task's command at its isolation level. Used by the meter, which is the command's parent.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "intertie/core/result.h"
#include "intertie/execution/task.h"

#include "descriptor.h"
#include "host.h"
#include "zygote.h"

namespace intertie::execution_runners {

/// argv[0] of a probe task: instead of a program the sandbox runs the launcher's own checks.
inline constexpr std::string_view kProbeCommand = "intertie:probe";

/// The network of a gang, as open namespaces. `user` owns `net` and is there only when the launcher
/// is not root.
struct GangNetwork {
  Descriptor user;
  Descriptor net;
};

struct SandboxRequest {
  const execution::RunRequest& request;
  const Host& host;
  std::optional<std::uint32_t> user;  // Run under this user and group id; empty = the caller's.
  int folder = -1;                    // The request's folder.
  int gang_user = -1;                 // See GangNetwork.
  int gang_net = -1;
  int output = -1;  // Write ends of the task's stdout and stderr.
  int errors = -1;
};

/// What the sandbox tells the meter through its pipe. Written whole (below PIPE_BUF).
struct SandboxReport {
  enum class Kind : std::int32_t { started, failed, not_executed, ended };
  Kind kind = Kind::started;
  std::int32_t value = 0;  // failed, not_executed: the exit code to show; ended: the wait status.
  char text[240] = {};     // failed, not_executed: what could not be done.
};

/// `process` is the command itself, or the init of its PID namespace; it is the caller's child.
/// With namespace isolation `reports` says started, then ended; or failed; or not_executed. At
/// level process it says failed or not_executed, or closes without a word when the command has been
/// started; its end is then the wait status of `process`.
struct Sandbox {
  pid_t process = -1;
  Descriptor pidfd;
  Descriptor reports;
};

/// Starts the command through `zygote`, a child of the caller; `memory` holds the encoded request
/// and `group` is a v2 group to be born in, or -1. What goes wrong inside comes as a report; only
/// what fails outside is an error. Needs a single-threaded caller with all signals blocked.
core::Result<Sandbox> start_sandbox(const SandboxRequest& request, Zygote& zygote, int memory,
                                    int group);

/// What the zygote's child does: becomes the command (level process), or starts the init of its
/// namespaces and writes its pid to `pids`.
[[noreturn]] void run_sandbox_child(const SandboxRequest& request, int reports, int pids);

/// Makes an empty network with its loopback up, to be shared by a gang. When the caller is not
/// root, the network belongs to a new user namespace.
core::Result<GangNetwork> make_gang_network(bool is_root);

}  // namespace intertie::execution_runners
