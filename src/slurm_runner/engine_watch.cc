// The worker's round: what waits is submitted, the queue is asked once, what is over is decided.
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>

#include "intertie/core/limits.h"

#include "clocks.h"
#include "engine.h"
#include "shared_files.h"
#include "slurm_commands.h"

namespace intertie::slurm_runner {

using core::Duration;
using core::Time;
using execution::TaskEnd;
using execution::TaskKey;
using execution::TaskResult;
using execution_slurm::BatchKind;
using execution_slurm::Fate;
using execution_slurm::JobStage;
using execution_slurm::QueueRow;
using execution_slurm::TaskSight;

namespace {

constexpr std::size_t kReportBytesMax = 1u << 20;
constexpr std::size_t kClaimBytesMax = 4'096;
/// After something has happened the queue is asked sooner, but not at every step.
constexpr Duration kSoon = core::milliseconds(300);
constexpr Duration kBurst = core::milliseconds(500);
constexpr std::chrono::milliseconds kGather{50};

std::string get_engine(const RecordedTask& task) {
  return task.folder + "/" + std::string(execution_slurm::kEngineFolder);
}

bool is_gang(BatchKind kind) { return kind == BatchKind::gang || kind == BatchKind::gang_on_node; }

/// Which driver of its batch has a task.
std::uint32_t find_driver(BatchKind kind, std::uint32_t index) {
  return kind == BatchKind::tasks || kind == BatchKind::gang ? index : 0;
}

/// The row that says most: of a batch that was submitted twice, the job that has not ended.
const QueueRow* choose_row(const std::vector<const QueueRow*>& rows, const EngineTask& task,
                           const execution_slurm::Submission& submission) {
  const QueueRow* best = nullptr;
  for (const QueueRow* row : rows) {
    const bool is_array = submission.kind == BatchKind::tasks && submission.tasks > 1;
    if (is_array && row->id.element != task.index) continue;
    const bool is_better =
        best == nullptr || (best->stage == JobStage::ended && row->stage != JobStage::ended);
    if (is_better) best = row;
  }
  return best;
}

}  // namespace

void SlurmRunner::Engine::work() {
  while (true) {
    {
      Lock lock(mutex_);
      const Time now = read_boot_time();
      Time next = look_from_;
      for (const auto& [number, batch] : batches_) {
        if (batch.must_submit) next = std::min(next, batch.submit_from);
      }
      const Duration left = next - now;
      if (!has_work_ && !is_stopping_ && left.count > 0) {
        changed_.wait_for(lock, std::chrono::microseconds(left.count),
                          [&] { return has_work_ || is_stopping_; });
      }
      if (is_stopping_) return;
      // The first task goes at once; in a burst a few that come together make an array.
      const bool is_burst = read_boot_time() - submitted_at_ < kBurst && !waiting_.empty();
      if (is_burst) changed_.wait_for(lock, kGather, [&] { return is_stopping_; });
      if (is_stopping_) return;
      if (!waiting_.empty()) submitted_at_ = read_boot_time();
      // What needs Slurm's word, or a cancelled job's end, need not wait for the whole interval.
      const bool is_eager = std::ranges::any_of(tasks_, [](const auto& each) {
        const EngineTask& task = each.second;
        return !task.result && (task.report || task.sight.is_cancelled);
      });
      if (is_eager) look_from_ = std::min(look_from_, read_boot_time() + kSoon);
      has_work_ = false;
    }
    submit_waiting();
    submit_due();
    cancel_due();
    if (read_boot_time() >= look_from_) look();
    const Lock lock(mutex_);
    forget_done();
  }
}

/// A task that no driver has taken is taken here, and is over at once; others hear of it.
void SlurmRunner::Engine::cancel_due() {
  struct Due {
    TaskKey key;
    std::string engine;
    std::uint64_t batch = 0;
    BatchKind kind = BatchKind::tasks;
    std::string name;  // Of the batch.
    std::string id;    // What scancel is given; empty: nothing.
  };
  std::vector<Due> due;
  {
    const Lock lock(mutex_);
    for (auto& [key, task] : tasks_) {
      if (!task.sight.is_cancelled || task.is_cancel_sent || task.result) continue;
      const BatchRecord& record = batches_.at(task.batch).record;
      Due one{key,
              get_engine(task.recorded),
              task.batch,
              record.submission.kind,
              record.submission.name,
              {}};
      const bool is_array = one.kind == BatchKind::tasks && record.submission.tasks > 1;
      const bool is_alone = one.kind != BatchKind::pilot || record.tasks.size() == 1;
      if (record.job != 0 && is_alone) {
        one.id = std::to_string(record.job) + (is_array ? "_" + std::to_string(task.index) : "");
      }
      // Whether it is there is not known yet: the claim below decides, and the queue comes later.
      if (record.job == 0 && task.sight.is_claimed) continue;
      due.push_back(std::move(one));
    }
  }
  if (due.empty()) return;
  std::map<std::string, std::set<std::string>> ids;  // By name.
  std::set<TaskKey> taken;
  for (const Due& one : due) {
    (void)write_shared(one.engine, "cancel", "", std::nullopt);
    const auto claimed = claim(one.engine, "agent\n");
    if (claimed && *claimed) taken.insert(one.key);
    if (!one.id.empty()) ids[one.name].insert(one.id);
  }
  for (const auto& [name, of_batch] : ids) {
    const auto done = cancel_jobs(options_.config, name, {of_batch.begin(), of_batch.end()});
    if (!done) tell(core::to_text(done.error()));
    if (!done && taken.empty()) {
      const Lock lock(mutex_);
      look_from_ = std::min(look_from_, read_boot_time() + core::seconds(1));
      for (const Due& one : due) pushes_.insert(one.key);
      return;  // Tried again in the next round.
    }
  }
  const Lock lock(mutex_);
  for (const Due& one : due) {
    EngineTask& task = tasks_.at(one.key);
    task.is_cancel_sent = true;
    pushes_.insert(one.key);
    if (!taken.contains(one.key)) continue;
    TaskResult result;
    result.key = one.key;
    result.end = TaskEnd::cancelled;
    result.detail = "before it started";
    finish(task, std::move(result));
  }
  look_from_ = std::min(look_from_, read_boot_time() + kSoon);
  const std::uint64_t one = 1;
  (void)!::write(wake_event_.get(), &one, sizeof one);
}

void SlurmRunner::Engine::look() {
  std::vector<std::string> users;
  {
    const Lock lock(mutex_);
    look_from_ = read_boot_time() + options_.poll_interval;
    for (const auto& [number, batch] : batches_) {
      const bool has_open = std::ranges::any_of(batch.record.tasks, [&](const auto& recorded) {
        const auto task = tasks_.find(recorded.key);
        return task != tasks_.end() && task->second.batch == number && !task->second.result;
      });
      if (has_open) users.push_back(batch.record.unix_user);
    }
  }
  std::ranges::sort(users);
  users.erase(std::unique(users.begin(), users.end()), users.end());
  if (users.empty()) return;
  const Time asked_at = read_boot_time();
  const auto rows = list_jobs(options_.config, users);
  ++list_calls_;
  look_at_files();
  std::string complaint;
  if (rows) {
    take_queue(*rows, asked_at);
  } else {
    complaint = core::to_text(rows.error());
  }
  if (complaint != last_complaint_ && !complaint.empty()) tell(complaint);
  if (complaint.empty() && !last_complaint_.empty()) tell("slurmctld answers again");
  last_complaint_ = complaint;
  // Without an answer nothing is concluded: silence of slurmctld is no news of a job.
  if (rows) decide();
}

void SlurmRunner::Engine::take_queue(const std::vector<QueueRow>& rows, Time asked_at) {
  std::map<std::uint64_t, std::vector<const QueueRow*>> by_batch;
  for (const QueueRow& row : rows) {
    const auto number = execution_slurm::find_batch_number(row.name, tag_);
    if (number) by_batch[*number].push_back(&row);
  }
  std::vector<BatchRecord> found;
  {
    const Lock lock(mutex_);
    for (auto& [number, batch] : batches_) {
      const auto& own = by_batch[number];
      if (batch.record.job != 0 || batch.must_submit) continue;
      if (own.empty()) {
        // Slurm has answered after the submission was over, and knows nothing of it.
        batch.must_submit = true;
        continue;
      }
      batch.record.job = own.front()->id.job;
      for (const RecordedTask& recorded : batch.record.tasks) {
        EngineTask& task = tasks_.at(recorded.key);
        if (task.batch == number) task.sight.is_submitted = true;
      }
      found.push_back(batch.record);
    }
    for (auto& [key, task] : tasks_) {
      if (task.result || !task.sight.is_submitted) continue;
      const EngineBatch& batch = batches_.at(task.batch);
      const QueueRow* row = choose_row(by_batch[task.batch], task, batch.record.submission);
      TaskSight& sight = task.sight;
      sight.answered_at = asked_at;
      sight.row = row == nullptr ? std::nullopt : std::optional<QueueRow>(*row);
      const bool is_gone = row == nullptr || row->stage == JobStage::ended;
      if (!is_gone) sight.gone_since.reset();
      if (is_gone && !sight.gone_since) sight.gone_since = asked_at;
      settle(task);
    }
  }
  for (const BatchRecord& record : found) {
    tell("found " + record.submission.name + " as job " + std::to_string(record.job));
    if (auto written = store_.write(record); !written) tell(core::to_text(written.error()));
  }
}

/// What drivers have written: their word if the listener has not heard it, and signs of life.
void SlurmRunner::Engine::look_at_files() {
  struct Seen {
    TaskKey key;
    std::string engine;
    std::string batch;
    std::uint32_t driver = 0;
    std::string begun;
    std::string report;
    bool is_claimed = false;
    std::string alive;
  };
  std::vector<Seen> seen;
  {
    const Lock lock(mutex_);
    for (const auto& [key, task] : tasks_) {
      if (task.result || task.report) continue;
      const execution_slurm::Submission& submission = batches_.at(task.batch).record.submission;
      seen.push_back({key,
                      get_engine(task.recorded),
                      submission.folder,
                      find_driver(submission.kind, task.index),
                      {},
                      {},
                      task.sight.is_claimed,
                      {}});
    }
  }
  std::map<std::string, std::string> alive;
  for (Seen& one : seen) {
    if (!one.is_claimed)
      one.is_claimed = read_shared(one.engine, "claim", kClaimBytesMax).has_value();
    if (!one.is_claimed) continue;
    if (auto text = read_shared(one.engine, "report.json", kReportBytesMax)) one.report = *text;
    if (auto text = read_shared(one.engine, "begun.json", kReportBytesMax)) one.begun = *text;
    const std::string name = "alive." + std::to_string(one.driver);
    const auto [place, is_new] = alive.emplace(one.batch + name, "");
    if (is_new) {
      if (auto text = read_shared(one.batch, name, kClaimBytesMax)) place->second = *text;
    }
    one.alive = place->second;
  }
  const Time now = read_boot_time();
  const Lock lock(mutex_);
  for (const Seen& one : seen) {
    const auto found = tasks_.find(one.key);
    if (found == tasks_.end() || !one.is_claimed) continue;
    EngineTask& task = found->second;
    task.sight.is_claimed = true;
    if (!one.begun.empty()) take_report(task, one.begun);
    if (!one.report.empty()) take_report(task, one.report);
  }
  std::set<std::pair<std::uint64_t, std::uint32_t>> changed;
  for (const Seen& one : seen) {
    const auto found = tasks_.find(one.key);
    if (found == tasks_.end() || one.alive.empty()) continue;
    EngineBatch& batch = batches_.at(found->second.batch);
    std::string& known = batch.alive[one.driver];
    if (known != one.alive) changed.insert({found->second.batch, one.driver});
    known = one.alive;
    if (changed.contains({found->second.batch, one.driver}) || !found->second.sight.alive_at) {
      found->second.sight.alive_at = now;
    }
  }
}

void SlurmRunner::Engine::decide() {
  std::map<std::uint64_t, std::vector<TaskKey>> again;
  std::map<TaskKey, TaskResult> over;  // By whom no driver has taken; claimed below.
  std::map<TaskKey, std::string> engines;
  {
    const Lock lock(mutex_);
    const Time now = read_boot_time();
    for (auto& [key, task] : tasks_) {
      if (task.result || task.report) continue;
      const EngineBatch& batch = batches_.at(task.batch);
      const BatchKind kind = batch.record.submission.kind;
      const bool is_any_taken = std::ranges::any_of(batch.record.tasks, [&](const auto& recorded) {
        return tasks_.at(recorded.key).sight.is_claimed;
      });
      const Fate fate =
          execution_slurm::decide_fate(task.sight, options_.silence, kind == BatchKind::pilot, now);
      if (fate.kind == Fate::Kind::keep) continue;
      // A gang runs whole or not at all.
      if (fate.kind == Fate::Kind::run_again && !(is_gang(kind) && is_any_taken)) {
        again[task.batch].push_back(key);
        continue;
      }
      TaskResult result;
      result.key = key;
      result.end = fate.end;
      result.exit_code = 127;
      result.started = task.started;
      if (task.started.micros > 0) result.ended = std::max(read_wall_time(), task.started);
      result.detail = fate.detail;
      if (task.sight.is_claimed) {
        finish(task, std::move(result));
      } else {
        engines[key] = get_engine(task.recorded);
        over[key] = std::move(result);
      }
    }
  }
  for (auto& [key, result] : over) {
    const auto claimed = claim(engines[key], "agent\n");
    if (!claimed || !*claimed) continue;  // A driver was first; its word will come.
    const Lock lock(mutex_);
    finish(tasks_.at(key), std::move(result));
  }
  for (const auto& [number, keys] : again) run_again(number, keys);
}

}  // namespace intertie::slurm_runner
