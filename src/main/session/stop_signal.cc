// Waiting for signals in one thread.
#include "session/stop_signal.h"

#include <dirent.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "output/exit_code.h"
#include "session/clock.h"

namespace intertie::cli {
namespace {

constexpr core::Duration kStep = core::milliseconds(50);

sigset_t make_set() {
  sigset_t set;
  ::sigemptyset(&set);
  ::sigaddset(&set, SIGINT);
  ::sigaddset(&set, SIGTERM);
  ::sigaddset(&set, SIGHUP);
  return set;
}

timespec to_timespec(core::Duration duration) {
  timespec time{};
  time.tv_sec = duration.count / 1'000'000;
  time.tv_nsec = duration.count % 1'000'000 * 1'000;
  return time;
}

/// The parent's process id from /proc/PID/stat; the name in parentheses may hold anything.
pid_t read_parent(const std::string& pid) {
  std::ifstream file("/proc/" + pid + "/stat");
  std::string text;
  std::getline(file, text);
  const std::size_t end = text.rfind(')');
  if (end == std::string::npos || end + 4 >= text.size()) return 0;
  return static_cast<pid_t>(std::strtol(text.c_str() + end + 4, nullptr, 10));
}

std::multimap<pid_t, pid_t> read_children() {
  std::multimap<pid_t, pid_t> children;
  DIR* const folder = ::opendir("/proc");
  if (folder == nullptr) return children;
  while (const dirent* const entry = ::readdir(folder)) {
    const std::string name = entry->d_name;
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    children.emplace(read_parent(name), static_cast<pid_t>(std::atol(name.c_str())));
  }
  ::closedir(folder);
  return children;
}

}  // namespace

StopSignal::StopSignal(std::function<void()> on_repeat) : on_repeat_(std::move(on_repeat)) {
  const sigset_t set = make_set();
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
  watcher_ = std::thread([this] { watch(); });
}

StopSignal::~StopSignal() {
  is_over_ = true;
  watcher_.join();
  const sigset_t set = make_set();
  ::pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
}

void StopSignal::watch() {
  const sigset_t set = make_set();
  const timespec step = to_timespec(kStep);
  while (!is_over_) {
    if (::sigtimedwait(&set, nullptr, &step) < 0) continue;
    if (++count_ < 2) continue;
    if (on_repeat_) on_repeat_();
    ::_exit(kInterrupted);
  }
}

bool StopSignal::wait(core::Duration at_most) const {
  for (core::Duration waited; waited < at_most && !has_come(); waited += kStep) {
    sleep_for(std::min(kStep, at_most - waited));
  }
  return has_come();
}

void StopSignal::wait() const {
  while (!has_come()) sleep_for(kStep);
}

void StopSignal::wait_for_repeat(core::Duration at_most) const {
  sleep_for(at_most);
  // A repeat is under way on the watching thread, which ends the process when it is done.
  while (count_.load() > 1) sleep_for(kStep);
}

void become_subreaper() { ::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); }

void kill_descendants() {
  // A few rounds: a process may start another one between the look and the signal.
  for (int round = 0; round < 5; ++round) {
    const std::multimap<pid_t, pid_t> children = read_children();
    std::vector<pid_t> found = {::getpid()};
    for (std::size_t i = 0; i < found.size(); ++i) {
      const auto [first, last] = children.equal_range(found[i]);
      for (auto it = first; it != last; ++it) found.push_back(it->second);
    }
    if (found.size() == 1) return;
    for (std::size_t i = 1; i < found.size(); ++i) ::kill(found[i], SIGKILL);
    sleep_for(core::milliseconds(20));
  }
}

}  // namespace intertie::cli
