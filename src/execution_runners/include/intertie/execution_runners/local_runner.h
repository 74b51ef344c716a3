// The agent's side of the launcher: starts tasks on this machine and learns how they end.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "intertie/core/quantity.h"
#include "intertie/core/result.h"
#include "intertie/execution/sandbox_probe.h"
#include "intertie/execution/task.h"
#include "intertie/execution_runners/task_runner.h"

namespace intertie::execution_runners {

/// One connection to the launcher of a folder. Not thread-safe; owned by one thread. No call
/// blocks except attach, list, stop and read_isolation (each at most 10 s).
class LocalRunner final : public TaskRunner {
 public:
  /// `folder`: absolute, private to the site; created (0700) if missing. `launcher`: the command
  /// that calls run_launcher for this folder, run with an empty environment, no descriptors but
  /// stdio on /dev/null, its complaints in launcher.log. argv[0] is an absolute path.
  struct Options {
    std::string folder;
    std::vector<std::string> launcher;
  };

  /// Connects to the folder's launcher, which is started if none serves it. Tasks of an earlier
  /// agent go on; list() finds them. unreachable or io_failed with the launcher's complaint.
  static core::Result<std::unique_ptr<LocalRunner>> attach(Options options);
  ~LocalRunner() override;
  LocalRunner(const LocalRunner&) = delete;
  LocalRunner& operator=(const LocalRunner&) = delete;

  /// For poll(2) or epoll: readable when poll() may have events; write_pending() tells whether
  /// to wait for writability too. The descriptor changes when attach is called anew.
  int descriptor() const override;
  bool write_pending() const override;

  /// Asks for a task. Refusals that need no machine come at once (execution::check); everything
  /// else arrives as an ended event with start_failed. A key that the launcher knows already is
  /// not started again. overloaded when too much waits to be sent; unreachable when the launcher
  /// has gone: attach anew and list.
  core::Result<void> start(const execution::RunRequest& request);
  /// The same: this machine needs no more than the request.
  core::Result<void> start_task(const execution::RunRequest& request, const TaskOrigin&) override {
    return start(request);
  }

  /// SIGTERM to all of the task, SIGKILL after its grace. Without effect on what has ended.
  core::Result<void> cancel(execution::TaskKey key) override;

  /// The task may run for `duration` from now (boot-time clock); never shortens a lease.
  core::Result<void> extend_lease(execution::TaskKey key, core::Duration duration) override;

  /// The result is safe with the caller: the launcher forgets the task and removes its files.
  core::Result<void> acknowledge(execution::TaskKey key) override;

  /// What has happened since the last call, oldest first; empty if nothing. Each end is told once
  /// on each connection. unreachable when the launcher has gone.
  core::Result<std::vector<RunnerEvent>> poll() override;

  /// All tasks the launcher knows, by key. Ends that it shows are not told again by poll().
  core::Result<std::vector<RunnerTask>> list() override;

  /// Really starts a probe at every isolation level and reports what holds here. About 50 ms; a
  /// host abstract socket and a port of the loopback are open meanwhile.
  core::Result<std::vector<execution::SandboxTrial>> read_isolation();

  /// Tells the launcher to exit once no task runs (it keeps unacknowledged results on disk), and
  /// with `cancel_all` to end those that do. Waits until it has gone: timed_out after 10 s.
  core::Result<void> stop(bool cancel_all) override;

 private:
  class Connection;
  explicit LocalRunner(std::unique_ptr<Connection> connection);
  core::Result<execution::TaskResult> run_to_end(const execution::RunRequest& request);
  core::Result<execution::SandboxTrial> read_level(execution::Isolation level);

  std::unique_ptr<Connection> connection_;
};

}  // namespace intertie::execution_runners
