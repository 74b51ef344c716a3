// The thread that starts, watches and stops tasks, and finds them again after a restart.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "intertie/agent/machine.h"
#include "intertie/core/result.h"
#include "intertie/core/time.h"
#include "intertie/execution/task.h"
#include "intertie/execution_runners/task_runner.h"

#include "site_context.h"
#include "site_descriptor.h"
#include "site_preparer.h"

namespace intertie::service {

/// Connects to the runner anew after it has gone.
using AttachRunner = std::function<core::Result<std::unique_ptr<execution_runners::TaskRunner>>()>;

/// Asks the agent's machine what is to be done after each durable change, and does it. A task's end
/// is acknowledged to the runner only when the journal has it.
class SiteRunner {
 public:
  /// All tasks that the runner knows are adopted before anything is started.
  static core::Result<std::unique_ptr<SiteRunner>> start(
      const SiteContext& context, SitePreparer& preparer,
      std::unique_ptr<execution_runners::TaskRunner> runner, AttachRunner attach);
  /// stop(false).
  ~SiteRunner();
  SiteRunner(const SiteRunner&) = delete;
  SiteRunner& operator=(const SiteRunner&) = delete;

  /// Something has changed: look again. Any thread, cheap.
  void wake();

  /// The attempt may run until then (boot time). Any thread.
  void extend_lease(const agent::AttemptId& attempt, core::Time until_boot);

  /// Joins the thread; with `stop_tasks` every task is ended and the runner with them.
  void stop(bool stop_tasks);

 private:
  struct Todo;
  struct Known {  // A task that the launcher was given and has not been told to forget.
    bool is_start_submitted = false;
    bool is_cancelled = false;
    bool is_end_submitted = false;
    std::optional<execution::TaskResult> result;
  };
  struct Outcome {  // Of a report about a task, from the engine's thread.
    execution::TaskKey key;
    bool is_end = false;
    std::optional<core::Error> error;
  };

  SiteRunner(const SiteContext& context, SitePreparer& preparer,
             std::unique_ptr<storage::Reader> reader,
             std::unique_ptr<execution_runners::TaskRunner> runner, AttachRunner attach);

  void run();
  void wait_for_work();
  void attach_again();
  bool take_list();
  void take_events();
  void take_outcomes();
  void take_leases();
  void submit_start(const execution::TaskKey& key, core::Time at);
  void submit_end(const execution::TaskKey& key, const execution::TaskResult& result);
  void submit_ends();
  void find_lost(const std::vector<Todo>& attempts);
  std::vector<Todo> read_attempts();
  void act();
  void start_ranks(const Todo& todo);
  void start_rank(const Todo& todo, const execution::TaskSlot& slot,
                  const core::Result<hub::JobDocument>& document);
  void stop_ranks(const Todo& todo);
  void note_failure(const core::Error& error);

  const SiteContext& context_;
  SitePreparer& preparer_;
  const std::unique_ptr<storage::Reader> reader_;
  const AttachRunner attach_;
  SiteDescriptor wake_event_;

  std::mutex mutex_;
  std::vector<Outcome> outcomes_;
  std::vector<std::pair<agent::AttemptId, core::Time>> leases_;
  bool is_stopping_ = false;
  bool has_change_ = true;

  // Of the thread alone.
  std::unique_ptr<execution_runners::TaskRunner> runner_;
  std::map<execution::TaskKey, Known> known_;
  core::Time listed_at_;
  core::Time looked_at_;
  bool is_adopted_ = false;
  bool is_attached_ = true;

  std::thread thread_;
};

}  // namespace intertie::service
