// Running Slurm's commands.
#pragma once

#include <string>
#include <vector>

#include "intertie/core/time.h"

namespace intertie::slurm_runner {

struct Command {
  std::vector<std::string> words;  // words[0] is looked up in PATH.
  std::string input;
  std::string config;     // SLURM_CONF.
  std::string unix_user;  // Run as that user; empty, or the caller's own: as the caller.
  core::Duration timeout = core::seconds(30);
};

/// exit_code: -1 if it could not be started, was killed, or took too long (then it is killed).
struct CommandAnswer {
  int exit_code = -1;
  std::string output;
  std::string errors;
};

/// Waits for its end. Nothing of the caller's environment is passed on. What it prints beyond 64
/// MiB makes it a failure. Any thread.
CommandAnswer run_command(const Command& command);

}  // namespace intertie::slurm_runner
