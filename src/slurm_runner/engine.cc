// The runner's table of tasks, and what the agent asks of it.
#include "engine.h"

#include <errno.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "intertie/execution_runners/task_tree.h"

#include "clocks.h"
#include "shared_files.h"
#include "slurm_commands.h"

namespace intertie::slurm_runner {

using core::Reason;
using core::Result;
using core::Time;
using execution::TaskEnd;
using execution::TaskKey;
using execution::TaskResult;
using execution_runners::RunnerEvent;
using execution_runners::RunnerTask;

namespace {

constexpr std::size_t kWaitingMax = 50'000;

void ring(int descriptor) {
  const std::uint64_t one = 1;
  (void)!::write(descriptor, &one, sizeof one);
}

}  // namespace

Result<void> prepare_shared(const std::string& shared) {
  if (!shared.starts_with('/')) return {Reason::bad_argument, "shared folder: not absolute"};
  for (const char* part : {"", "/tasks", "/batches"}) {
    if (auto made = make_folder(shared + part, 0711); !made) return made;
  }
  return {};
}

Result<void> SlurmRunner::Engine::start() {
  event_.reset(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  wake_event_.reset(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!event_.is_open() || !wake_event_.is_open()) return make_errno_error("eventfd");
  store_.folder = options_.folder;
  auto tag = store_.open_tag();
  if (!tag) return tag.error();
  tag_ = std::move(*tag);
  if (auto made = prepare_shared(options_.shared); !made) return made;
  const auto facts = probe_slurm(options_.config);
  if (!facts && facts.error().reason != Reason::unreachable) return facts.error();
  if (facts) facts_ = *facts;
  if (!facts) tell(core::to_text(facts.error()));  // It may come back; what is known goes on.
  if (!options_.report_listen.empty()) {
    auto listening = listen_lines(options_.report_listen);
    if (!listening) return listening.error();
    listening_ = std::move(*listening);
    report_address_ =
        options_.report_address.empty() ? listening_.address : options_.report_address;
  }
  auto records = store_.read_all();
  if (!records) return records.error();
  for (BatchRecord& record : *records) adopt(std::move(record));
  look_at_files();
  if (listening_.socket.is_open()) listener_ = std::thread([this] { listen(); });
  worker_ = std::thread([this] { work(); });
  return {};
}

void SlurmRunner::Engine::adopt(BatchRecord record) {
  next_number_ = std::max(next_number_, record.number + 1);
  std::uint32_t index = 0;
  for (const RecordedTask& recorded : record.tasks) {
    EngineTask task;
    task.batch = record.number;
    task.index = index++;
    task.recorded = recorded;
    task.sight.is_submitted = record.job != 0;
    // A task that was given to a later batch is that batch's.
    const auto known = tasks_.find(recorded.key);
    if (known != tasks_.end() && known->second.batch > record.number) continue;
    tasks_.insert_or_assign(recorded.key, std::move(task));
  }
  EngineBatch& batch = batches_[record.number];
  batch.record = std::move(record);
}

void SlurmRunner::Engine::stop(bool cancel_all) {
  if (cancel_all) {
    std::vector<TaskKey> keys;
    {
      const Lock lock(mutex_);
      for (const auto& [key, task] : tasks_) keys.push_back(key);
      for (const auto& [key, start] : waiting_) keys.push_back(key);
    }
    for (const TaskKey& key : keys) cancel(key);
    Lock lock(mutex_);
    changed_.wait_for(lock, std::chrono::seconds(10), [&] {
      return std::ranges::all_of(tasks_, [](const auto& each) {
        return each.second.is_cancel_sent || each.second.result.has_value();
      });
    });
  }
  {
    const Lock lock(mutex_);
    is_stopping_ = true;
    changed_.notify_all();
  }
  if (wake_event_.is_open()) ring(wake_event_.get());
  if (worker_.joinable()) worker_.join();
  if (listener_.joinable()) listener_.join();
}

void SlurmRunner::Engine::tell(const std::string& text) const {
  if (options_.tell) options_.tell(text);
}

void SlurmRunner::Engine::push(RunnerEvent event) {
  events_.push_back(std::move(event));
  ring(event_.get());
}

void SlurmRunner::Engine::wake() {
  has_work_ = true;
  changed_.notify_all();
}

void SlurmRunner::Engine::finish(EngineTask& task, TaskResult result) {
  if (task.result) return;
  // Its driver could not write to the shared folder; the hub's own lease is another matter.
  if (result.end == TaskEnd::lease_lapsed && !task.recorded.is_leased) {
    result.end = TaskEnd::lost;
    result.detail = "the node could not write to the shared folder";
  }
  task.result = std::move(result);
  if (!std::exchange(task.is_end_told, true)) {
    push({task.recorded.key, task.result, task.result->started});
  }
  changed_.notify_all();
}

Result<void> SlurmRunner::Engine::add(const execution::RunRequest& request,
                                      const execution_runners::TaskOrigin& origin) {
  if (auto checked = execution::check(request); !checked) return checked;
  auto user = execution_slurm::find_unix_user(options_.users, origin.owner);
  if (!user) return user.error();
  if (origin.pool >= options_.pools.size()) return {Reason::internal, "no such pool"};
  const Lock lock(mutex_);
  if (tasks_.contains(request.key) || waiting_.contains(request.key)) return {};
  if (waiting_.size() >= kWaitingMax) return {Reason::overloaded, "tasks that wait for sbatch"};
  WaitingStart start{request, origin, std::move(*user), {}};
  if (request.lease) start.lease_until = read_boot_time() + *request.lease;
  waiting_.emplace(request.key, std::move(start));
  wake();
  return {};
}

void SlurmRunner::Engine::cancel(const TaskKey& key) {
  const Lock lock(mutex_);
  if (const auto start = waiting_.find(key); start != waiting_.end()) {
    TaskResult result;
    result.key = key;
    result.end = TaskEnd::cancelled;
    result.detail = "before it was submitted";
    push({key, std::move(result), {}});
    waiting_.erase(start);
    return;
  }
  const auto found = tasks_.find(key);
  if (found == tasks_.end() || found->second.result) return;
  found->second.sight.is_cancelled = true;
  wake();
}

void SlurmRunner::Engine::extend_lease(const TaskKey& key, core::Duration duration) {
  const Lock lock(mutex_);
  const Time until = read_boot_time() + duration;
  if (const auto start = waiting_.find(key); start != waiting_.end()) {
    start->second.lease_until = std::max(start->second.lease_until.value_or(Time{}), until);
  }
  const auto found = tasks_.find(key);
  if (found == tasks_.end()) return;
  found->second.lease_until = std::max(found->second.lease_until.value_or(Time{}), until);
}

void SlurmRunner::Engine::acknowledge(const TaskKey& key) {
  const Lock lock(mutex_);
  const auto found = tasks_.find(key);
  if (found == tasks_.end() || !found->second.result) return;
  found->second.is_acknowledged = true;
  wake();
}

/// Removes batches of which every task is acknowledged. With the lock.
void SlurmRunner::Engine::forget_done() {
  for (auto each = batches_.begin(); each != batches_.end();) {
    const std::uint64_t number = each->first;
    const BatchRecord& record = each->second.record;
    const bool is_done = std::ranges::all_of(record.tasks, [&](const RecordedTask& recorded) {
      const auto task = tasks_.find(recorded.key);
      return task == tasks_.end() || task->second.batch != number || task->second.is_acknowledged;
    });
    if (!is_done) {
      ++each;
      continue;
    }
    for (const RecordedTask& recorded : record.tasks) {
      const auto task = tasks_.find(recorded.key);
      if (task != tasks_.end() && task->second.batch == number) tasks_.erase(task);
    }
    // A driver that is just ending may still write there; its folder goes with the next start.
    (void)execution_runners::remove_tree(record.submission.folder);
    store_.remove(number);
    each = batches_.erase(each);
  }
}

std::vector<RunnerEvent> SlurmRunner::Engine::take_events() {
  std::uint64_t count = 0;
  (void)!::read(event_.get(), &count, sizeof count);
  const Lock lock(mutex_);
  return std::exchange(events_, {});
}

std::vector<RunnerTask> SlurmRunner::Engine::list() {
  const Lock lock(mutex_);
  std::vector<RunnerTask> listed;
  for (auto& [key, task] : tasks_) {
    if (task.is_acknowledged) continue;
    RunnerTask one;
    one.key = key;
    one.is_started = task.started.micros > 0;
    one.started = task.started;
    one.result = task.result;
    if (task.result) one.measured = task.result->measured;
    listed.push_back(std::move(one));
    std::erase_if(events_, [&](const RunnerEvent& event) {
      return task.result && event.result && event.key == key;
    });
  }
  for (const auto& [key, start] : waiting_) {
    RunnerTask one;
    one.key = key;
    listed.push_back(std::move(one));
  }
  std::ranges::sort(listed, {}, &RunnerTask::key);
  return listed;
}

}  // namespace intertie::slurm_runner
