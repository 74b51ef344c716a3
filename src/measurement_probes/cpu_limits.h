// What this process may use of the machine, and what others take.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string_view>

#include "intertie/core/quantity.h"

namespace intertie::measurement_probes {

/// Limits of the control groups a process is in, the tightest of the group and its ancestors.
struct GroupLimits {
  std::optional<core::MilliCpus> cpus;
  std::optional<core::Bytes> memory;
};

/// Reads cgroup version 2 and version 1 limits of the process that `self_cgroup` (the text of
/// /proc/self/cgroup) describes, below `root` (whose sys/fs/cgroup is read). Never fails.
GroupLimits read_group_limits(std::string_view self_cgroup, const std::filesystem::path& root);

/// Hardware threads this process may be scheduled on; at least 1.
int count_usable_processors();

/// CPU time of the whole machine since it started, in clock ticks; zeros where unknown.
struct CpuTicks {
  std::int64_t all = 0;
  std::int64_t steal = 0;
};

/// Reads the first line of /proc/stat (proc(5)).
CpuTicks read_cpu_ticks();

}  // namespace intertie::measurement_probes
