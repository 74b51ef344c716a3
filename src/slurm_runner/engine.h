// The two threads behind SlurmRunner. The worker runs Slurm's commands, which may take long; the
// listener hears the drivers, which must not wait. The table of tasks is between them and the
// agent.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "intertie/crypto/signature.h"
#include "intertie/execution_slurm/fate.h"
#include "intertie/execution_slurm/plan.h"
#include "intertie/slurm_runner/slurm_runner.h"

#include "batch_record.h"
#include "descriptor.h"
#include "line_stream.h"

namespace intertie::slurm_runner {

/// A request that waits to be put into a batch.
struct WaitingStart {
  execution::RunRequest request;
  execution_runners::TaskOrigin origin;
  execution_slurm::UnixUser user;
  std::optional<core::Time> lease_until;  // Boot time.
};

/// One task that has a batch.
struct EngineTask {
  std::uint64_t batch = 0;
  std::uint32_t index = 0;  // Within the batch.
  RecordedTask recorded;
  execution_slurm::TaskSight sight;
  std::optional<core::Time> lease_until;  // Boot time.
  bool is_cancel_sent = false;
  core::Time started;
  std::optional<execution_slurm::DriverReport> report;  // That it is over.
  std::optional<execution::TaskResult> result;          // What the agent is told.
  bool is_start_told = false;
  bool is_end_told = false;
  bool is_acknowledged = false;
};

struct EngineBatch {
  BatchRecord record;
  bool must_submit = false;                    // Slurm certainly does not have it.
  core::Time submit_from;                      // Boot time.
  core::Duration submit_pause;                 // Grows while slurmctld is away.
  std::map<std::uint32_t, std::string> alive;  // Signs of life by driver.
};

class SlurmRunner::Engine {
 public:
  explicit Engine(SlurmOptions options) : options_(std::move(options)) {}
  ~Engine() { stop(false); }

  core::Result<void> start();
  void stop(bool cancel_all);
  int descriptor() const { return event_.get(); }

  core::Result<void> add(const execution::RunRequest& request,
                         const execution_runners::TaskOrigin& origin);
  void cancel(const execution::TaskKey& key);
  void extend_lease(const execution::TaskKey& key, core::Duration duration);
  void acknowledge(const execution::TaskKey& key);
  std::vector<execution_runners::RunnerEvent> take_events();
  std::vector<execution_runners::RunnerTask> list();
  Counts counts() const { return {list_calls_.load(), submissions_.load()}; }

 private:
  using Lock = std::unique_lock<std::mutex>;
  using Tasks = std::map<execution::TaskKey, EngineTask>;

  // engine.cc: the table.
  void adopt(BatchRecord record);
  void tell(const std::string& text) const;
  void push(execution_runners::RunnerEvent event);
  void finish(EngineTask& task, execution::TaskResult result);
  void wake();
  void forget_done();

  // engine_submit.cc: the worker makes and submits batches.
  void submit_waiting();
  void submit_group(std::vector<WaitingStart> group, execution_slurm::BatchKind kind);
  core::Result<void> write_task(const WaitingStart& start, const std::string& unix_user,
                                RecordedTask& recorded) const;
  core::Result<void> write_batch(const BatchRecord& record) const;
  void fail_all(const std::vector<WaitingStart>& group, const core::Error& error);
  void open_batch(BatchRecord record);
  void submit_due();
  void submit_one(std::uint64_t number);
  void run_again(std::uint64_t number, const std::vector<execution::TaskKey>& keys);
  execution_slurm::Submission make_submission(const std::vector<WaitingStart>& group,
                                              execution_slurm::BatchKind kind) const;
  std::uint32_t compute_slots(const execution_slurm::TaskNeed& need, std::uint32_t pool,
                              std::size_t tasks) const;

  // engine_watch.cc: the worker looks at queue and files, and decides.
  void work();
  void cancel_due();
  void look();
  void take_queue(const std::vector<execution_slurm::QueueRow>& rows, core::Time asked_at);
  void look_at_files();
  void decide();

  // engine_reports.cc: the listener.
  void listen();
  void serve_lines(LineStream& stream, std::set<execution::TaskKey>& keys);
  std::string take_line(const std::string& line, std::set<execution::TaskKey>& keys);
  bool take_report(EngineTask& task, const std::string& envelope);
  void settle(EngineTask& task);

  const SlurmOptions options_;
  SlurmFacts facts_;
  std::string tag_;
  BatchStore store_;
  Descriptor event_;       // Tells the agent.
  Descriptor wake_event_;  // Tells the listener to end, or that answers are to be pushed.
  Listening listening_;
  std::string report_address_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::map<execution::TaskKey, WaitingStart> waiting_;
  Tasks tasks_;
  std::map<std::uint64_t, EngineBatch> batches_;
  std::vector<execution_runners::RunnerEvent> events_;
  std::set<execution::TaskKey> pushes_;  // Cancelled ones whose drivers are to hear of it.
  std::uint64_t next_number_ = 1;
  bool has_work_ = false;
  bool is_stopping_ = false;
  std::string last_complaint_;
  core::Time look_from_;
  core::Time submitted_at_;

  std::atomic<std::uint64_t> list_calls_{0};
  std::atomic<std::uint64_t> submissions_{0};
  std::thread worker_;
  std::thread listener_;
};

}  // namespace intertie::slurm_runner
