#include "runner.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "intertie/engine/fault.h"

namespace intertie::simulation {
namespace {

constexpr core::Duration kGraceMax = core::seconds(5);

}  // namespace

Runner::Runner(World& world, ProcessTable& processes, std::size_t site,
               const core::Duration& offset,
               std::function<void(const execution::TaskKey&)> on_change)
    : world_(world),
      processes_(processes),
      site_(site),
      offset_(offset),
      on_change_(std::move(on_change)) {}

void Runner::start(TaskOrder order) {
  const execution::TaskKey key = order.key;
  if (tasks_.contains(key)) return;
  Task task;
  task.result.key = key;
  if (order.lease) task.lease_until = boot_now() + *order.lease;
  task.order = std::move(order);
  tasks_.emplace(key, std::move(task));
  world_.queue.after(world_.between(core::milliseconds(2), core::milliseconds(40)),
                     [this, key] { run(key); });
}

void Runner::run(const execution::TaskKey& key) {
  const auto found = tasks_.find(key);
  if (found == tasks_.end() || found->second.stage != TaskStage::accepted) return;
  Task& task = found->second;
  if (task.lease_until <= boot_now()) return finish(task, execution::TaskEnd::lease_lapsed, 0);
  task.stage = TaskStage::running;
  task.started_boot = boot_now();
  task.result.started = world_.wall(offset_);
  task.result.started_boottime = task.started_boot;
  Process process;
  process.site = site_;
  process.serial = task.order.serial;
  process.pool = task.order.pool;
  process.slot = task.order.slot;
  process.began = world_.now();
  process.started = world_.wall({});
  processes_.start(key, std::move(process));
  arm(key);
  on_change_(key);
}

// Looks again when the command would exit, or its limit or lease would be over.
void Runner::arm(const execution::TaskKey& key) {
  const Task& task = tasks_.at(key);
  core::Duration due = task.started_boot + std::min(task.order.length, task.order.time_limit);
  if (!engine::is_fault_planted(engine::Fault::lease_not_enforced)) {
    due = std::min(due, task.lease_until);
  }
  world_.queue.after(std::max(due - boot_now(), core::Duration{}), [this, key] { look(key); });
}

void Runner::look(const execution::TaskKey& key) {
  const auto found = tasks_.find(key);
  if (found == tasks_.end()) return;
  Task& task = found->second;
  if (task.stage != TaskStage::running || task.is_stopping) return;
  const core::Duration ran = boot_now() - task.started_boot;
  if (ran >= task.order.length) {
    finish(task, execution::TaskEnd::exited, task.order.exit_code);
  } else if (ran >= task.order.time_limit) {
    stop(task, execution::TaskEnd::time_limit);
  } else if (boot_now() >= task.lease_until &&
             !engine::is_fault_planted(engine::Fault::lease_not_enforced)) {
    stop(task, execution::TaskEnd::lease_lapsed);
  } else {
    arm(key);
  }
}

void Runner::stop(Task& task, execution::TaskEnd how) {
  task.is_stopping = true;
  world_.queue.after(world_.between({}, kGraceMax), [this, key = task.order.key, how] {
    const auto found = tasks_.find(key);
    if (found == tasks_.end() || found->second.stage != TaskStage::running) return;
    finish(found->second, how, 143);
  });
}

void Runner::finish(Task& task, execution::TaskEnd how, std::int32_t exit_code) {
  const bool has_run = task.stage == TaskStage::running;
  task.stage = TaskStage::ended;
  task.result.end = how;
  task.result.exit_code = exit_code;
  task.result.signal = exit_code == 143 ? 15 : 0;
  if (has_run) {
    task.result.ended = world_.wall(offset_);
    task.result.ended_boottime = boot_now();
    task.result.wall = boot_now() - task.started_boot;
    task.result.measured.cpu_user = task.result.wall;
    processes_.end(site_, task.order.key, world_.wall({}), how, exit_code);
  }
  on_change_(task.order.key);
}

void Runner::cancel(const execution::TaskKey& key) {
  const auto found = tasks_.find(key);
  if (found == tasks_.end()) {
    Task& refused = tasks_[key];
    refused.order.key = refused.result.key = key;
    finish(refused, execution::TaskEnd::cancelled, 0);
  } else if (found->second.stage == TaskStage::accepted) {
    finish(found->second, execution::TaskEnd::cancelled, 0);
  } else if (found->second.stage == TaskStage::running && !found->second.is_stopping) {
    stop(found->second, execution::TaskEnd::cancelled);
  }
}

void Runner::extend_lease(std::uint64_t job, std::uint32_t attempt, core::Duration until_boot) {
  for (auto it = tasks_.lower_bound({job, attempt, 0});
       it != tasks_.end() && it->first.job == job && it->first.attempt == attempt; ++it) {
    Task& task = it->second;
    if (task.order.lease) task.lease_until = std::max(task.lease_until, until_boot);
  }
}

void Runner::forget(std::uint64_t job, std::uint32_t attempt) {
  auto it = tasks_.lower_bound({job, attempt, 0});
  while (it != tasks_.end() && it->first.job == job && it->first.attempt == attempt) {
    it = it->second.stage == TaskStage::ended ? tasks_.erase(it) : std::next(it);
  }
}

void Runner::lose_node(std::uint32_t node) {
  std::vector<Task*> lost;
  for (auto& [key, task] : tasks_) {
    if (task.stage != TaskStage::ended && task.order.slot.node == node) lost.push_back(&task);
  }
  for (Task* task : lost) finish(*task, execution::TaskEnd::lost, 0);
}

void Runner::lose_power() {
  const std::int64_t nodes = list_sites(world_.scenario)[site_].spec->nodes;
  for (std::int64_t node = 0; node < nodes; ++node) lose_node(static_cast<std::uint32_t>(node));
}

}  // namespace intertie::simulation
