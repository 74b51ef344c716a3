#include "cpu_limits.h"

#include <sched.h>

#include <algorithm>
#include <sstream>
#include <string>
#include <vector>

#include "small_file.h"

namespace intertie::measurement_probes {

namespace {

template <class Q>
void tighten(std::optional<Q>& limit, Q value) {
  if (!limit || value < *limit) limit = value;
}

/// quota and period in microseconds.
void tighten_cpus(GroupLimits& limits, std::optional<std::int64_t> quota,
                  std::optional<std::int64_t> period) {
  if (!quota || !period || *quota <= 0 || *period <= 0 || *quota > INT64_MAX / 1000) return;
  tighten(limits.cpus, core::MilliCpus{*quota * 1000 / *period});
}

/// Version 1 writes "no memory limit" as a number near 2^63.
constexpr std::int64_t memory_unlimited = std::int64_t{1} << 60;

void tighten_memory(GroupLimits& limits, const std::optional<std::string>& text) {
  const std::optional<std::int64_t> bytes = text ? find_number(*text) : std::nullopt;
  if (bytes && *bytes > 0 && *bytes < memory_unlimited) tighten(limits.memory, core::Bytes{*bytes});
}

std::optional<std::int64_t> read_number(const std::filesystem::path& path) {
  const std::optional<std::string> text = read_small_file(path);
  return text ? find_number(*text) : std::nullopt;
}

void read_folder(GroupLimits& limits, const std::filesystem::path& folder) {
  // Version 2: "max 100000" or "150000 100000".
  if (const auto text = read_small_file(folder / "cpu.max")) {
    const std::size_t space = text->find(' ');
    if (space != std::string::npos) {
      tighten_cpus(limits, find_number(*text), find_number(std::string_view(*text).substr(space)));
    }
  }
  tighten_memory(limits, read_small_file(folder / "memory.max"));
  // Version 1.
  tighten_cpus(limits, read_number(folder / "cpu.cfs_quota_us"),
               read_number(folder / "cpu.cfs_period_us"));
  tighten_memory(limits, read_small_file(folder / "memory.limit_in_bytes"));
}

/// The group's folder and all its ancestors up to the mount of the hierarchy.
void read_hierarchy(GroupLimits& limits, const std::filesystem::path& mount,
                    const std::string& group) {
  std::filesystem::path relative = std::filesystem::path(group).relative_path().lexically_normal();
  while (!relative.empty() && *relative.begin() != "..") {
    read_folder(limits, mount / relative);
    relative = relative.parent_path();
  }
  read_folder(limits, mount);
}

}  // namespace

GroupLimits read_group_limits(std::string_view self_cgroup, const std::filesystem::path& root) {
  GroupLimits limits;
  const std::filesystem::path mounts = root / "sys/fs/cgroup";
  std::istringstream lines{std::string(self_cgroup)};
  // "number:controllers:path"; version 2 has number 0 and no controllers (cgroups(7)).
  for (std::string line; std::getline(lines, line);) {
    const std::size_t first = line.find(':');
    const std::size_t second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    const std::string group = line.substr(second + 1);
    if (controllers.empty()) {
      read_hierarchy(limits, mounts, group);
      read_hierarchy(limits, mounts / "unified", group);
      continue;
    }
    std::istringstream names(controllers);
    for (std::string name; std::getline(names, name, ',');) {
      if (name != "cpu" && name != "memory") continue;
      read_hierarchy(limits, mounts / name, group);
      read_hierarchy(limits, mounts / controllers, group);
    }
  }
  return limits;
}

int count_usable_processors() {
  // Sized for more processors than any machine has: a smaller set is refused with EINVAL.
  constexpr int processors_max = 1 << 16;
  cpu_set_t* set = CPU_ALLOC(processors_max);
  if (set == nullptr) return 1;
  const std::size_t size = CPU_ALLOC_SIZE(processors_max);
  CPU_ZERO_S(size, set);
  const int count = ::sched_getaffinity(0, size, set) == 0 ? CPU_COUNT_S(size, set) : 1;
  CPU_FREE(set);
  return std::max(count, 1);
}

CpuTicks read_cpu_ticks() {
  CpuTicks ticks;
  const std::optional<std::string> text = read_small_file("/proc/stat");
  if (!text) return ticks;
  std::istringstream line(text->substr(0, text->find('\n')));
  std::string word;
  line >> word;
  // user nice system idle iowait irq softirq steal; guest time is part of user already.
  constexpr int fields = 8;
  for (int field = 0; field < fields; ++field) {
    std::int64_t value = 0;
    if (!(line >> value)) return ticks;
    ticks.all += value;
    if (field == fields - 1) ticks.steal = value;
  }
  return ticks;
}

}  // namespace intertie::measurement_probes
