// The launcher: the small, long-lived process that starts tasks and outlives the agent.
#pragma once

#include <cstdint>
#include <string>

#include "intertie/core/result.h"

namespace intertie::execution_runners {

/// `uid_first` and `uid_count`: when the launcher is root, each running task gets a user id of its
/// own from this range. The default range is above those that people, systemd and container
/// engines use.
struct LauncherOptions {
  std::string folder;
  std::uint32_t uid_first = 2'000'000'000;
  std::uint32_t uid_count = 60'000;
};

/// Serves tasks from `options.folder` (absolute, mode 0700, this process's own) until it is told to
/// stop and no task is left, or until the folder vanishes. Call it first thing in main: no thread
/// and no key may exist, and the process's memory should be small, because it forks.
/// The calling process returns as soon as the launcher listens (0), or with 1 and a line on stderr
/// when it cannot; the launcher itself goes on in a child with its own session and never returns.
/// If another launcher already serves the folder the result is 0 as well.
int run_launcher(const LauncherOptions& options);

/// The same for a command line: argv is {"--folder", F} and optionally {"--uid-first", N} and
/// {"--uid-count", N}, without the program's name and verb. Returns 3 if it cannot be read.
int run_launcher(int argc, char** argv);

}  // namespace intertie::execution_runners
