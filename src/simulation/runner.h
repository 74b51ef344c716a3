// The simulated runner and meters of one site. They survive the agent, as the real ones do.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>

#include "intertie/execution/site_messages.h"
#include "intertie/execution/task.h"

#include "process_table.h"
#include "world.h"

namespace intertie::simulation {

/// One rank to run, and what its command will do if nobody stops it.
struct TaskOrder {
  execution::TaskKey key;
  std::uint64_t serial = 0;
  std::uint32_t pool = 0;
  execution::TaskSlot slot;
  core::Duration length;
  std::int32_t exit_code = 0;
  core::Duration time_limit;
  std::optional<core::Duration> lease;
};

enum class TaskStage : std::uint8_t { accepted, running, ended };

struct Task {
  TaskOrder order;
  TaskStage stage = TaskStage::accepted;
  bool is_stopping = false;
  core::Duration lease_until = {INT64_MAX};  // On the boot-time clock.
  core::Duration started_boot;
  execution::TaskResult result;
};

class Runner {
 public:
  /// `offset` is the site's wall clock's; `on_change` hears of every start and end.
  Runner(World& world, ProcessTable& processes, std::size_t site, const core::Duration& offset,
         std::function<void(const execution::TaskKey&)> on_change);

  /// A key that is known already changes nothing.
  void start(TaskOrder order);
  /// SIGTERM, and SIGKILL after the grace. A key that is unknown is refused from now on.
  void cancel(const execution::TaskKey& key);
  void extend_lease(std::uint64_t job, std::uint32_t attempt, core::Duration until_boot);
  /// The results of this attempt are no longer wanted.
  void forget(std::uint64_t job, std::uint32_t attempt);

  /// Everything that runs on this node vanishes.
  void lose_node(std::uint32_t node);
  /// The machine is switched off: everything vanishes; the boot-time clock starts anew.
  void lose_power();
  void boot() { booted_ = world_.now(); }

  /// As the boot-time clock shows it.
  core::Duration boot_now() const { return world_.now() - booted_; }
  const std::map<execution::TaskKey, Task>& tasks() const { return tasks_; }

 private:
  void run(const execution::TaskKey& key);
  void arm(const execution::TaskKey& key);
  void look(const execution::TaskKey& key);
  void stop(Task& task, execution::TaskEnd how);
  void finish(Task& task, execution::TaskEnd how, std::int32_t exit_code);

  World& world_;
  ProcessTable& processes_;
  std::size_t site_;
  const core::Duration& offset_;
  std::function<void(const execution::TaskKey&)> on_change_;
  std::map<execution::TaskKey, Task> tasks_;
  core::Duration booted_;
};

}  // namespace intertie::simulation
