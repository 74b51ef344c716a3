// Walks /proc/PID/task/TID/children (proc(5)).
#include "process_tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "descriptor.h"
#include "kernel_calls.h"

namespace intertie::execution_runners {
namespace {

constexpr std::size_t kProcessesMax = 100'000;
constexpr std::size_t kBytesMax = 1u << 20;
constexpr std::int64_t kBlockBytes = 512;  // Unit of ru_oublock (getrusage(2)).
constexpr core::Duration kKillTimeMax = core::seconds(2);

void add_children(pid_t process, std::vector<pid_t>& found) {
  const std::string tasks = "/proc/" + std::to_string(process) + "/task";
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(::opendir(tasks.c_str()), ::closedir);
  if (folder == nullptr) return;
  while (const dirent* entry = ::readdir(folder.get())) {
    if (entry->d_name[0] == '.') continue;
    const auto text = read_file(AT_FDCWD, tasks + "/" + entry->d_name + "/children", kBytesMax);
    if (!text) continue;
    std::string_view rest = *text;
    while (found.size() < kProcessesMax) {
      const auto pid = static_cast<pid_t>(parse_count(rest, 0));
      if (pid <= 0) break;
      found.push_back(pid);
      const std::size_t blank = rest.find(' ');
      if (blank == std::string_view::npos) break;
      rest.remove_prefix(blank + 1);
    }
  }
}

std::vector<pid_t> list_descendants(pid_t root) {
  std::vector<pid_t> found;
  add_children(root, found);
  for (std::size_t next = 0; next < found.size(); ++next) add_children(found[next], found);
  return found;
}

}  // namespace

void TreeUsage::add(const rusage& usage) {
  const auto to_duration = [](const timeval& time) {
    return core::Duration{std::int64_t{time.tv_sec} * 1'000'000 + time.tv_usec};
  };
  measured_.cpu_user = measured_.cpu_user + to_duration(usage.ru_utime);
  measured_.cpu_system = measured_.cpu_system + to_duration(usage.ru_stime);
  measured_.memory_peak.count =
      std::max(measured_.memory_peak.count, std::int64_t{usage.ru_maxrss} * 1'024);
  measured_.bytes_written.count += usage.ru_oublock * kBlockBytes;
  measured_.cpu_source = execution::MeterSource::rusage;
  measured_.memory_source = execution::MeterSource::rusage;
  measured_.io_source = execution::MeterSource::rusage;
}

bool has_children_besides(pid_t kept) {
  const auto text = read_file(AT_FDCWD, "/proc/thread-self/children", kBytesMax);
  if (!text) return true;
  std::string_view rest = *text;
  while (rest.find_first_not_of(" \n") != std::string_view::npos) {
    if (parse_count(rest, 0) != kept) return true;
    const std::size_t blank = rest.find(' ');
    rest.remove_prefix(blank == std::string_view::npos ? rest.size() : blank + 1);
  }
  return false;
}

void signal_descendants(int signal, pid_t kept) {
  for (const pid_t process : list_descendants(::getpid())) {
    if (process != kept) ::kill(process, signal);
  }
}

bool kill_descendants(pid_t kept, TreeUsage& usage) {
  const core::Duration deadline = read_boot_clock() + kKillTimeMax;
  while (true) {
    rusage used{};
    const pid_t ended = ::wait4(-1, nullptr, WNOHANG, &used);
    if (ended < 0) return true;
    if (ended > 0) {
      usage.add(used);
      continue;
    }
    if (!has_children_besides(kept)) return true;
    if (read_boot_clock() > deadline) return false;
    signal_descendants(SIGKILL, kept);
    const timespec pause{0, 500'000};
    ::nanosleep(&pause, nullptr);
  }
}

execution::Measured read_tree_use(pid_t root) {
  std::vector<pid_t> processes = list_descendants(root);
  processes.push_back(root);
  const std::int64_t micros_per_tick = 1'000'000 / ::sysconf(_SC_CLK_TCK);
  execution::Measured measured;
  for (const pid_t process : processes) {
    const std::string folder = "/proc/" + std::to_string(process);
    const auto stat = read_file(AT_FDCWD, folder + "/stat", kBytesMax);
    if (!stat) continue;
    // Fields 14 to 17: utime, stime, cutime, cstime. Field 2 may hold blanks, so count from ")".
    std::size_t position = stat->rfind(')');
    std::int64_t ticks[4] = {};
    for (int field = 3; position != std::string::npos && field <= 17; ++field) {
      position = stat->find(' ', position + 1);
      if (field < 14 || position == std::string::npos) continue;
      ticks[field - 14] = parse_count(std::string_view(*stat).substr(position), 0);
    }
    measured.cpu_user.count += (ticks[0] + ticks[2]) * micros_per_tick;
    measured.cpu_system.count += (ticks[1] + ticks[3]) * micros_per_tick;
    const auto status = read_file(AT_FDCWD, folder + "/status", kBytesMax);
    if (!status) continue;
    const std::int64_t peak_kib = find_count(*status, "VmHWM:", 0);
    measured.memory_peak.count = std::max(measured.memory_peak.count, peak_kib * 1'024);
  }
  measured.cpu_source = execution::MeterSource::rusage;
  measured.memory_source = execution::MeterSource::rusage;
  return measured;
}

}  // namespace intertie::execution_runners
