// Control groups: limits, figures and the whole-tree kill, over three backends (v2, v1/hybrid,
// none).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "intertie/core/quantity.h"
#include "intertie/core/result.h"
#include "intertie/execution/task.h"

#include "descriptor.h"

namespace intertie::execution_runners {

struct GroupLimits {
  core::MilliCpus cpus;  // 0 = none.
  core::Bytes memory;    // 0 = none.
  std::int64_t processes_max = 0;
};

/// Where this machine lets us make groups. Found once, at the launcher's start. Every path is
/// empty where the backend is missing. root: a top-level group "intertie"; otherwise the caller's
/// own group if it was delegated.
struct GroupRoots {
  std::string unified;  // v2: born-in placement, cgroup.kill, cpu.stat.
  bool unified_has_memory = false;
  bool unified_has_cpu = false;
  bool unified_has_pids = false;
  std::string memory;  // v1 hierarchies, used where v2 has not the controller.
  std::string cpu;
  std::string pids;
};

/// Finds and prepares them.
GroupRoots find_group_roots();
/// Kills and removes the groups whose names begin with `prefix` and that a dead launcher or meter
/// left, those of `kept` excepted.
void remove_groups(const GroupRoots& roots, const std::string& prefix,
                   const std::vector<std::string>& kept);
/// Kills and removes what a dead meter left of one task's groups.
void remove_group(const GroupRoots& roots, const std::string& name);
/// Removes the top-level groups, unless another launcher uses them.
void remove_roots(const GroupRoots& roots);

/// The groups of a meter's tasks, of one after the other. The meter makes and removes them; it is
/// never in them. Where v1 groups are used the meter's zygote lives in all of them (see Zygote).
class TaskGroup {
 public:
  /// Makes the groups, without limits.
  static core::Result<TaskGroup> create(const GroupRoots& roots, const std::string& name);
  TaskGroup() = default;

  /// For the next task: sets its limits, each where the machine can, and starts the figures anew.
  /// io_failed when a limit that the machine offers was refused.
  core::Result<void> prepare(const GroupLimits& limits);

  /// v2 group to be born in, or -1.
  int unified() const { return unified_.get(); }
  /// cgroup.procs files of v1: the zygote writes "0" to each. Empty: it stays outside.
  const std::vector<Descriptor>& joins() const { return joins_; }

  /// Takes what the groups hold with only the zygote in them as their normal state.
  void note_empty();
  /// Nobody but `zygote` is left. Waits up to 20 ms for processes that are just leaving.
  bool is_empty(pid_t zygote) const;
  /// The next task may use these groups: nothing in them would show in its figures or count against
  /// its limits, up to 4 MiB. Only v1 memory can be told to forget its high-water
  /// mark on every kernel, so groups with a v2 one serve a single task.
  bool is_reusable() const;

  /// What the groups have counted; fields without a counter stay as in `otherwise`.
  execution::Measured read_measured(const execution::Measured& otherwise) const;
  bool was_out_of_memory() const;
  /// SIGKILL to all in the v2 group at once. False where there is none.
  bool kill_all();
  /// Removes the groups; they must be empty. Tries for up to a second.
  void remove();

 private:
  Descriptor unified_;
  std::vector<Descriptor> joins_;
  struct Limit {
    std::string path;
    std::string text;  // As it stands in the file.
  };
  core::Result<void> set(Limit& limit, std::string text);

  std::vector<std::string> paths_;
  std::string memory_v1_;
  bool has_unified_memory_ = false;
  bool was_killed_ = false;  // The zygote as well, if it is in there.
  std::optional<Limit> memory_max_;
  std::optional<Limit> memory_swap_max_;
  std::optional<Limit> cpu_max_;
  std::optional<Limit> processes_max_;
  // Kept open: read or written for each task.
  Descriptor processes_;
  Descriptor processes_count_;
  Descriptor memory_used_;
  Descriptor memory_peak_;
  Descriptor memory_events_;
  Descriptor cpu_counts_;
  std::int64_t memory_when_empty_ = 0;
  // What the counters showed before the task.
  core::Duration user_before_;
  core::Duration system_before_;
  std::int64_t kills_before_ = 0;
};

}  // namespace intertie::execution_runners
