// The command, environment and paths a task's program is started with, ready for execve.
#pragma once

#include <string>
#include <vector>

#include "intertie/execution/task.h"

namespace intertie::execution_runners {

/// Built before the sandbox is entered, so that nothing allocates between clone and exec.
class CommandLine {
 public:
  explicit CommandLine(const execution::RunRequest& request);
  CommandLine(const CommandLine&) = delete;
  CommandLine& operator=(const CommandLine&) = delete;

  /// Tries the program's candidates in PATH order, as execvp does, with the task's own PATH.
  /// Returns errno of the best failure; does not return on success. Async-signal-safe.
  int execute() const;

 private:
  std::vector<std::string> candidates_;
  std::vector<std::string> environment_texts_;
  std::vector<char*> arguments_;
  std::vector<char*> environment_;
  std::vector<std::string> argument_texts_;
};

/// The task's environment as NAME=value, sorted by name: the runner's own small set, overlaid by
/// the request's, overlaid by what INTERTIE_* and the devices' variable say.
std::vector<std::string> make_environment(const execution::RunRequest& request);

}  // namespace intertie::execution_runners
