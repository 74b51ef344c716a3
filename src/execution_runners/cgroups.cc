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
// Bytes a task may leave in a group: file cache, and its network, which the kernel frees later.
constexpr std::int64_t kResidueMax = 4 << 20;
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

Descriptor open_control(const std::string& path, int flags) {
  return Descriptor(::open(path.c_str(), flags | O_CLOEXEC));
}

/// Empty if the file is not there.
std::string read_open(const Descriptor& file) {
  if (!file.is_open()) return {};
  auto text = read_descriptor(file.get(), kControlBytesMax);
  return text ? std::move(*text) : std::string();
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

Result<TaskGroup> TaskGroup::create(const GroupRoots& roots, const std::string& name) {
  TaskGroup group;
  core::Result<void> done;
  const auto make = [&](const std::string& root, bool is_v1) {
    const std::string path = root + "/" + name;
    if (std::ranges::find(group.paths_, path) != group.paths_.end()) return path;
    if (!make_group(path)) {
      if (done) done = make_io_error(path, errno);
      return path;
    }
    group.paths_.push_back(path);
    if (is_v1) group.joins_.push_back(open_control(path + "/cgroup.procs", O_WRONLY));
    return path;
  };
  if (!roots.unified.empty()) {
    const std::string path = make(roots.unified, false);
    group.unified_.reset(::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    group.cpu_counts_ = open_control(path + "/cpu.stat", O_RDONLY);
    group.has_unified_memory_ = roots.unified_has_memory;
    if (roots.unified_has_memory) {
      group.memory_max_ = Limit{path + "/memory.max", "max"};
      group.memory_peak_ = open_control(path + "/memory.peak", O_RDONLY);
      group.memory_events_ = open_control(path + "/memory.events", O_RDONLY);
      (void)write_control(AT_FDCWD, path + "/memory.swap.max", "0");  // Absent without swap.
      (void)write_control(AT_FDCWD, path + "/memory.oom.group", "1");
    }
    if (roots.unified_has_cpu) group.cpu_max_ = Limit{path + "/cpu.max", "max"};
    if (roots.unified_has_pids) {
      group.processes_max_ = Limit{path + "/pids.max", "max"};
      group.processes_count_ = open_control(path + "/pids.current", O_RDONLY);
    }
  }
  if (!roots.memory.empty()) {
    group.memory_v1_ = make(roots.memory, true);
    group.memory_max_ = Limit{group.memory_v1_ + "/memory.limit_in_bytes", "-1"};
    group.memory_swap_max_ = Limit{group.memory_v1_ + "/memory.memsw.limit_in_bytes", "-1"};
    group.memory_peak_ = open_control(group.memory_v1_ + "/memory.max_usage_in_bytes", O_RDWR);
    group.memory_used_ = open_control(group.memory_v1_ + "/memory.usage_in_bytes", O_RDONLY);
    group.memory_events_ = open_control(group.memory_v1_ + "/memory.oom_control", O_RDONLY);
  }
  if (!roots.cpu.empty()) group.cpu_max_ = Limit{make(roots.cpu, true) + "/cpu.cfs_quota_us", "-1"};
  if (!roots.pids.empty()) {
    const std::string path = make(roots.pids, true);
    group.processes_max_ = Limit{path + "/pids.max", "max"};
    group.processes_count_ = open_control(path + "/pids.current", O_RDONLY);
  }
  if (!group.paths_.empty()) {
    group.processes_ = open_control(group.paths_.front() + "/cgroup.procs", O_RDONLY);
  }
  if (done) return group;
  group.remove();
  return done.error();
}

Result<void> TaskGroup::set(Limit& limit, std::string text) {
  if (text == limit.text) return {};
  if (auto done = write_control(AT_FDCWD, limit.path, text); !done) return done;
  limit.text = std::move(text);
  return {};
}

Result<void> TaskGroup::prepare(const GroupLimits& limits) {
  const bool has_zygote = !joins_.empty();
  core::Result<void> done;
  if (memory_max_) {
    const std::string text = limits.memory.count > 0 ? std::to_string(limits.memory.count)
                             : has_unified_memory_   ? "max"
                                                     : "-1";
    // The limit with swap may never be the smaller one; the file is absent without swap.
    const bool has_changed = text != memory_max_->text;
    if (has_changed && memory_swap_max_) (void)set(*memory_swap_max_, "-1");
    done = set(*memory_max_, text);
    if (done && has_changed && memory_swap_max_) (void)set(*memory_swap_max_, text);
  }
  if (done && processes_max_) {
    // The zygote, and processes that are reaped but not yet uncounted: of the last task, and the
    // one that makes this task's namespaces. RLIMIT_NPROC holds the task to its own number.
    const std::int64_t others = has_zygote ? parse_count(read_open(processes_count_), 1) + 1 : 0;
    done = set(*processes_max_, std::to_string(limits.processes_max + others));
  }
  if (done && cpu_max_) {
    const bool is_v2 = cpu_max_->path.ends_with("cpu.max");
    const std::string quota = std::to_string(compute_quota(limits.cpus));
    std::string text = is_v2 ? "max" : "-1";
    if (limits.cpus.count > 0) text = is_v2 ? quota + " " + std::to_string(kPeriodMicros) : quota;
    // Written even if it is the same: that ends what is left of the last task's throttling.
    if (has_zygote && limits.cpus.count > 0) cpu_max_->text.clear();
    done = set(*cpu_max_, std::move(text));
  }
  if (!done || !has_zygote) return done;
  if (!memory_v1_.empty()) (void)!::pwrite(memory_peak_.get(), "0", 1, 0);
  kills_before_ = find_count(read_open(memory_events_), "oom_kill", 0);
  const std::string cpu = read_open(cpu_counts_);
  user_before_.count = find_count(cpu, "user_usec", 0);
  system_before_.count = find_count(cpu, "system_usec", 0);
  return done;
}

void TaskGroup::note_empty() { memory_when_empty_ = parse_count(read_open(memory_used_), 0); }

bool TaskGroup::is_empty(pid_t zygote) const {
  for (int round = 0; round < 10; ++round) {
    const std::string processes = read_open(processes_);
    const auto numbers = split(processes, '\n');
    if (std::ranges::all_of(numbers, [zygote](std::string_view number) {
          return parse_count(number, 0) == zygote;
        })) {
      return true;
    }
    sleep_briefly();
  }
  return false;
}

bool TaskGroup::is_reusable() const {
  if (joins_.empty() || has_unified_memory_ || was_killed_) return false;
  return parse_count(read_open(memory_used_), 0) <= memory_when_empty_ + kResidueMax;
}

execution::Measured TaskGroup::read_measured(const execution::Measured& otherwise) const {
  execution::Measured measured = otherwise;
  const std::string cpu = read_open(cpu_counts_);
  if (find_count(cpu, "usage_usec", -1) >= 0) {
    measured.cpu_user.count = find_count(cpu, "user_usec", 0) - user_before_.count;
    measured.cpu_system.count = find_count(cpu, "system_usec", 0) - system_before_.count;
    measured.cpu_source = MeterSource::cgroup_v2;
  }
  if (const std::string peak = read_open(memory_peak_); !peak.empty()) {
    measured.memory_peak.count = parse_count(peak, 0);
    measured.memory_source = has_unified_memory_ ? MeterSource::cgroup_v2 : MeterSource::cgroup_v1;
  }
  return measured;
}

bool TaskGroup::was_out_of_memory() const {
  return find_count(read_open(memory_events_), "oom_kill", 0) > kills_before_;
}

bool TaskGroup::kill_all() {
  if (!unified_.is_open()) return false;
  was_killed_ = true;
  return write_control(unified_.get(), "cgroup.kill", "1").has_value();
}

void TaskGroup::remove() {
  unified_.reset();
  joins_.clear();
  for (const std::string& path : paths_) remove_path(path);
  paths_.clear();
}

}  // namespace intertie::execution_runners
