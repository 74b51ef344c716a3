// The checks a task runs on itself to show that its isolation holds on this machine.
#pragma once

#include <span>
#include <string_view>

#include "intertie/execution/sandbox_probe.h"
#include "intertie/execution/task.h"

#include "host.h"

namespace intertie::execution_runners {

/// Variables of a probe's environment that name what its starter listens at on the host: an
/// abstract socket, a port of the loopback. Without them those doors stay untried.
inline constexpr std::string_view kProbeSocketVariable = "INTERTIE_PROBE_SOCKET";
inline constexpr std::string_view kProbePortVariable = "INTERTIE_PROBE_PORT";

struct ProbeContext {
  const execution::RunRequest& request;
  const Host& host;
};

inline execution::ProbeOutcome open_if(bool is_open) {
  return is_open ? execution::ProbeOutcome::open : execution::ProbeOutcome::closed;
}

/// A way out that one level or both should close. `try_it` detects and never acts: it compares,
/// opens, or makes a call that cannot succeed, and changes nothing outside the task even where
/// isolation is broken.
struct Door {
  std::uint32_t number;
  std::string_view name;
  execution::ProbeOutcome at_process;    // What each level promises.
  execution::ProbeOutcome at_namespace;  // open: nothing.
  execution::ProbeOutcome (*try_it)(const ProbeContext&);
  int landlock = 0;  // The version from which level process can promise it.
};

/// The number of a door that level process closes only with Landlock, in its first version.
inline constexpr std::uint32_t kLandlockDoor = 52;

/// Doors that are files, and those that are system calls, by number.
std::span<const Door> list_file_doors();
std::span<const Door> list_call_doors();

/// Runs in the place of a task's program: writes a line (execution::to_text) for each door to
/// stdout, and one (kLackMark) for each thing the machine lacks. Returns 0 if none is open that
/// should be closed, else 1.
int run_probe(const ProbeContext& context);

}  // namespace intertie::execution_runners
