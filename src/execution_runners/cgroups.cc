// Files below /sys/fs/cgroup, as described in the kernel's cgroup-v1 and cgroup-v2 documents.
#include "cgroups.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <string_view>

namespace intertie::execution_runners {
namespace {

using core::Result;
using execution::MeterSource;

constexpr std::size_t kControlBytesMax = 1u << 20;
constexpr std::int64_t kPeriodMicros = 100'000;  // The kernel's default period of CPU quotas.
constexpr std::int64_t kQuotaMicrosMin = 1'000;  // The smallest quota the kernel takes.
constexpr std::string_view kTop = "intertie";

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(separator), text.size());
    if (end > 0) parts.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

bool has_word(std::string_view text, std::string_view word) {
  if (!text.empty() && text.back() == '\n') text.remove_suffix(1);
  const auto words = split(text, text.find(',') == text.npos ? ' ' : ',');
  return std::ranges::find(words, word) != words.end();
}

std::string read_text(const std::string& path) {
  auto text = read_file(AT_FDCWD, path, kControlBytesMax);
  return text ? std::move(*text) : std::string();
}

/// Where a v1 controller or the unified tree is mounted; empty if nowhere.
std::string find_mount(std::string_view controller) {
  const std::string mounts = read_text("/proc/self/mounts");
  for (const std::string_view line : split(mounts, '\n')) {
    const auto fields = split(line, ' ');
    if (fields.size() < 4) continue;
    const bool is_match = controller.empty()
                              ? fields[2] == "cgroup2"
                              : fields[2] == "cgroup" && has_word(fields[3], controller);
    if (is_match) return std::string(fields[1]);
  }
  return {};
}

/// The caller's own group in the unified tree, "/" when it is the root.
std::string find_own_group() {
  const std::string groups = read_text("/proc/self/cgroup");
  for (const std::string_view line : split(groups, '\n')) {
    if (line.starts_with("0::/")) return std::string(line.substr(3));
  }
  return {};
}

/// The folder in which task groups are made: made if missing, and proven to be writable.
std::string prepare_root(const std::string& mount, const std::string& own_group) {
  if (mount.empty()) return {};
  const std::string parent = ::geteuid() == 0 || own_group == "/" ? mount : mount + own_group;
  const std::string top = parent + "/" + std::string(kTop);
  if (::mkdir(top.c_str(), 0755) != 0 && errno != EEXIST) return {};
  return ::access(top.c_str(), W_OK) == 0 ? top : std::string();
}

bool make_group(const std::string& path) {
  if (::mkdir(path.c_str(), 0755) == 0 || errno == EEXIST) return true;
  if (errno != ENOENT) return false;
  // Another launcher has just removed the empty top group; only v2 has the file written here.
  const std::string top = path.substr(0, path.rfind('/'));
  ::mkdir(top.c_str(), 0755);
  for (const char* controller : {"+memory", "+cpu", "+pids", "+io"}) {
    (void)write_control(AT_FDCWD, top + "/cgroup.subtree_control", controller);
  }
  return ::mkdir(path.c_str(), 0755) == 0;
}

/// Hands the controllers on to our groups, as far as the machine lets us.
void enable_controllers(GroupRoots& roots, const std::string& mount) {
  for (const char* controller : {"+memory", "+cpu", "+pids", "+io"}) {
    (void)write_control(AT_FDCWD, mount + "/cgroup.subtree_control", controller);
    (void)write_control(AT_FDCWD, roots.unified + "/cgroup.subtree_control", controller);
  }
  const std::string enabled = read_text(roots.unified + "/cgroup.subtree_control");
  roots.unified_has_memory = has_word(enabled, "memory");
  roots.unified_has_cpu = has_word(enabled, "cpu");
  roots.unified_has_pids = has_word(enabled, "pids");
}

void sleep_briefly() {
  const timespec pause{0, 2'000'000};
  ::nanosleep(&pause, nullptr);
}

void remove_path(const std::string& path) {
  for (int round = 0; round < 500; ++round) {
    if (::rmdir(path.c_str()) == 0 || errno == ENOENT) return;
    sleep_briefly();  // Dead processes leave their group a moment after they were reaped.
  }
}

std::vector<std::string> list_groups(const std::string& root, const std::string& prefix) {
  std::vector<std::string> names;
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(::opendir(root.c_str()), ::closedir);
  if (folder == nullptr) return names;
  while (const dirent* entry = ::readdir(folder.get())) {
    const std::string_view name = entry->d_name;
    if (name.starts_with(prefix)) names.emplace_back(name);
  }
  return names;
}

void kill_group(const std::string& path) {
  if (write_control(AT_FDCWD, path + "/cgroup.kill", "1")) return;
  for (int round = 0; round < 100; ++round) {
    const std::string processes = read_text(path + "/cgroup.procs");
    if (processes.empty()) return;
    for (const std::string_view line : split(processes, '\n')) {
      const auto pid = static_cast<pid_t>(parse_count(line, 0));
      if (pid > 1) ::kill(pid, SIGKILL);
    }
    sleep_briefly();
  }
}

std::vector<std::string> list_roots(const GroupRoots& roots) {
  std::vector<std::string> paths;
  for (const std::string& path : {roots.unified, roots.memory, roots.cpu, roots.pids}) {
    if (!path.empty() && std::ranges::find(paths, path) == paths.end()) paths.push_back(path);
  }
  return paths;
}

std::int64_t compute_quota(core::MilliCpus cpus) {
  return std::max(cpus.count * (kPeriodMicros / 1'000), kQuotaMicrosMin);
}

}  // namespace

GroupRoots find_group_roots() {
  GroupRoots roots;
  const std::string unified = find_mount("");
  const std::string own_group = find_own_group();
  roots.unified = prepare_root(unified, own_group);
  if (!roots.unified.empty()) enable_controllers(roots, unified);
  // v1 groups are never delegated to users by default, so only root uses them.
  if (::geteuid() != 0) return roots;
  if (!roots.unified_has_memory) roots.memory = prepare_root(find_mount("memory"), "/");
  if (!roots.unified_has_cpu) roots.cpu = prepare_root(find_mount("cpu"), "/");
  if (!roots.unified_has_pids) roots.pids = prepare_root(find_mount("pids"), "/");
  return roots;
}

void remove_groups(const GroupRoots& roots, const std::string& prefix,
                   const std::vector<std::string>& kept) {
  for (const std::string& root : list_roots(roots)) {
    for (const std::string& name : list_groups(root, prefix)) {
      if (std::ranges::find(kept, name) == kept.end()) remove_group(roots, name);
    }
  }
}

void remove_group(const GroupRoots& roots, const std::string& name) {
  for (const std::string& root : list_roots(roots)) {
    const std::string path = root + "/" + name;
    if (::access(path.c_str(), F_OK) != 0) continue;
    kill_group(path);
    remove_path(path);
  }
}

void remove_roots(const GroupRoots& roots) {
  for (const std::string& root : list_roots(roots)) ::rmdir(root.c_str());
}

Result<TaskGroup> TaskGroup::create(const GroupRoots& roots, const std::string& name,
                                    const GroupLimits& limits) {
  TaskGroup group;
  core::Result<void> done;
  const auto set = [&done](const std::string& path, const std::string& text) {
    if (done) done = write_control(AT_FDCWD, path, text);
  };
  const auto join_v1 = [&group, &done, &name](const std::string& root) {
    const std::string path = root + "/" + name;
    if (!make_group(path)) {
      done = make_io_error(path, errno);
      return path;
    }
    if (std::ranges::find(group.paths_, path) != group.paths_.end()) return path;
    group.paths_.push_back(path);
    group.joins_.emplace_back(::open((path + "/cgroup.procs").c_str(), O_WRONLY | O_CLOEXEC));
    return path;
  };
  const std::string quota = std::to_string(compute_quota(limits.cpus));
  if (!roots.unified.empty()) {
    const std::string path = roots.unified + "/" + name;
    if (!make_group(path)) return make_io_error(path, errno);
    group.paths_.push_back(path);
    group.unified_.reset(::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    group.has_unified_memory_ = roots.unified_has_memory;
    if (roots.unified_has_memory && limits.memory.count > 0) {
      set(path + "/memory.max", std::to_string(limits.memory.count));
      (void)write_control(AT_FDCWD, path + "/memory.swap.max", "0");  // Absent without swap.
      set(path + "/memory.oom.group", "1");
    }
    if (roots.unified_has_cpu && limits.cpus.count > 0) {
      set(path + "/cpu.max", quota + " " + std::to_string(kPeriodMicros));
    }
    if (roots.unified_has_pids) set(path + "/pids.max", std::to_string(limits.processes_max));
  }
  if (!roots.memory.empty()) {
    group.memory_v1_ = join_v1(roots.memory);
    if (limits.memory.count > 0) {
      const std::string bytes = std::to_string(limits.memory.count);
      set(group.memory_v1_ + "/memory.limit_in_bytes", bytes);
      (void)write_control(AT_FDCWD, group.memory_v1_ + "/memory.memsw.limit_in_bytes", bytes);
    }
  }
  if (!roots.cpu.empty() && limits.cpus.count > 0) {
    const std::string path = join_v1(roots.cpu);
    set(path + "/cpu.cfs_quota_us", quota);
  }
  if (!roots.pids.empty()) {
    const std::string path = join_v1(roots.pids);
    set(path + "/pids.max", std::to_string(limits.processes_max));
  }
  if (done) return group;
  group.remove();
  return done.error();
}

execution::Measured TaskGroup::read_measured(const execution::Measured& otherwise) const {
  execution::Measured measured = otherwise;
  if (unified_.is_open()) {
    const auto cpu = read_file(unified_.get(), "cpu.stat", kControlBytesMax);
    if (cpu && find_count(*cpu, "usage_usec", -1) >= 0) {
      measured.cpu_user.count = find_count(*cpu, "user_usec", 0);
      measured.cpu_system.count = find_count(*cpu, "system_usec", 0);
      measured.cpu_source = MeterSource::cgroup_v2;
    }
  }
  if (has_unified_memory_) {
    const auto peak = read_file(unified_.get(), "memory.peak", kControlBytesMax);
    if (peak) {
      measured.memory_peak.count = parse_count(*peak, 0);
      measured.memory_source = MeterSource::cgroup_v2;
    }
  }
  if (!memory_v1_.empty()) {
    const std::string peak = read_text(memory_v1_ + "/memory.max_usage_in_bytes");
    if (!peak.empty()) {
      measured.memory_peak.count = parse_count(peak, 0);
      measured.memory_source = MeterSource::cgroup_v1;
    }
  }
  return measured;
}

bool TaskGroup::was_out_of_memory() const {
  if (has_unified_memory_) {
    const auto events = read_file(unified_.get(), "memory.events", kControlBytesMax);
    return events && find_count(*events, "oom_kill", 0) > 0;
  }
  if (memory_v1_.empty()) return false;
  return find_count(read_text(memory_v1_ + "/memory.oom_control"), "oom_kill", 0) > 0;
}

bool TaskGroup::kill_all() const {
  if (!unified_.is_open()) return false;
  return write_control(unified_.get(), "cgroup.kill", "1").has_value();
}

void TaskGroup::remove() {
  unified_.reset();
  joins_.clear();
  for (const std::string& path : paths_) remove_path(path);
  paths_.clear();
}

}  // namespace intertie::execution_runners
