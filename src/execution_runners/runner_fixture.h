// A launcher and a runner of its own for each test, in a temporary folder.
#pragma once

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "intertie/execution_runners/local_runner.h"
#include "intertie/execution_runners/task_tree.h"

#include "descriptor.h"
#include "kernel_calls.h"
#include "packet_socket.h"

namespace intertie::execution_runners {

/// This test program; as "PROGRAM launcher --folder F" it is a launcher, as "PROGRAM check NAME"
/// one of the checks of sandbox_checks_test.cc.
inline std::string find_own_program() { return std::filesystem::read_symlink("/proc/self/exe"); }

inline std::string read_text(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

/// Waits until `condition` holds; false after ten seconds.
template <class Condition>
bool wait_until(Condition condition) {
  const core::Duration deadline = read_boot_clock() + core::seconds(10);
  while (!condition()) {
    if (read_boot_clock() > deadline) return false;
    ::poll(nullptr, 0, 5);
  }
  return true;
}

/// True when a process has ended, reaped or not.
inline bool has_ended(pid_t process) {
  const std::string stat = read_text("/proc/" + std::to_string(process) + "/stat");
  return stat.empty() || stat.find(") Z ") != std::string::npos;
}

/// Processes whose command line contains `mark`, by the host's numbers.
inline std::vector<pid_t> find_processes(const std::string& mark) {
  std::vector<pid_t> found;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const std::string name = entry.path().filename();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    if (read_text(entry.path() / "cmdline").find(mark) != std::string::npos) {
      found.push_back(static_cast<pid_t>(std::stol(name)));
    }
  }
  return found;
}

/// False where the kernel has no user namespaces for this user: asked of the kernel itself, so
/// that a broken sandbox fails tests instead of skipping them.
inline bool has_namespaces() {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(::unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID) == 0 ? 0 : 1);
  int status = 1;
  ::waitpid(child, &status, 0);
  return status == 0;
}

class RunnerTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "runner-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    base_ = pattern;
    ASSERT_NO_FATAL_FAILURE(attach());
  }

  void TearDown() override {
    if (runner_ == nullptr) runner_ = try_attach();
    const pid_t launcher = find_launcher();
    EXPECT_TRUE(runner_ != nullptr && runner_->stop(true));
    runner_.reset();
    EXPECT_TRUE(launcher < 0 || wait_until([launcher] { return has_ended(launcher); }));
    EXPECT_FALSE(has_groups());
    EXPECT_TRUE(remove_tree(base_));
  }

  /// Who listens at the launcher's socket, or -1. (What /proc shows of it is wiped.)
  pid_t find_launcher() const {
    const Descriptor folder(::open(launcher_folder().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    const auto socket = connect_for_packets(folder.get(), "launcher.sock");
    if (!socket) return -1;
    ucred peer{};
    socklen_t size = sizeof(peer);
    ::getsockopt(socket->get(), SOL_SOCKET, SO_PEERCRED, &peer, &size);
    return peer.pid;
  }

  /// Control groups of this test's launcher that are left.
  bool has_groups() const {
    struct stat status {};
    if (::stat(launcher_folder().c_str(), &status) != 0) return false;
    const std::string prefix =
        std::to_string(status.st_dev) + "-" + std::to_string(status.st_ino) + "-";
    for (const char* root : {"", "unified/", "memory/", "cpu/", "pids/"}) {
      const std::string top = "/sys/fs/cgroup/" + std::string(root) + "intertie";
      std::error_code error;
      for (const auto& entry : std::filesystem::directory_iterator(top, error)) {
        if (entry.path().filename().string().starts_with(prefix)) return true;
      }
    }
    return false;
  }

  std::string launcher_folder() const { return base_ + "/launcher"; }

  std::unique_ptr<LocalRunner> try_attach() {
    auto attached = LocalRunner::attach(
        {launcher_folder(), {find_own_program(), "launcher", "--folder", launcher_folder()}});
    if (!attached) ADD_FAILURE() << core::to_text(attached.error());
    return attached ? std::move(*attached) : nullptr;
  }

  void attach() {
    ended_.clear();
    runner_ = try_attach();
    ASSERT_NE(runner_, nullptr);
  }

  execution::RunRequest make_request(std::vector<std::string> argv) {
    execution::RunRequest request;
    request.key = {++jobs_, 1, 0};
    request.folder = base_ + "/" + std::to_string(jobs_);
    std::filesystem::create_directories(request.folder + "/in");
    request.argv = std::move(argv);
    request.grace = core::milliseconds(300);
    request.time_limit = core::seconds(60);
    return request;
  }
  execution::RunRequest make_script(const std::string& script) {
    return make_request({"/bin/sh", "-c", script});
  }

  /// Takes events in until the task has ended.
  std::optional<execution::TaskResult> wait_for_end(const execution::TaskKey& key) {
    const core::Duration deadline = read_boot_clock() + core::seconds(60);
    while (!ended_.contains(key)) {
      if (read_boot_clock() > deadline) {
        ADD_FAILURE() << "no end of " << to_text(key);
        return std::nullopt;
      }
      if (!take_events()) return std::nullopt;
    }
    return ended_.at(key);
  }
  bool wait_for_start(const execution::TaskKey& key) {
    const core::Duration deadline = read_boot_clock() + core::seconds(10);
    while (!started_.contains(key) && !ended_.contains(key)) {
      if (read_boot_clock() > deadline || !take_events()) return false;
    }
    return started_.contains(key);
  }
  bool take_events() {
    pollfd watched{runner_->descriptor(), POLLIN, 0};
    ::poll(&watched, 1, 50);
    auto events = runner_->poll();
    if (!events) {
      ADD_FAILURE() << core::to_text(events.error());
      return false;
    }
    for (const RunnerEvent& event : *events) {
      if (event.is_start()) {
        started_[event.key] = read_boot_clock();
        begun_[event.key] = event.started;
      } else {
        EXPECT_FALSE(ended_.contains(event.key)) << "ended twice";
        ended_[event.key] = *event.result;
      }
    }
    return true;
  }

  std::optional<execution::TaskResult> run(const execution::RunRequest& request) {
    const auto asked = runner_->start(request);
    if (!asked) {
      ADD_FAILURE() << core::to_text(asked.error());
      return std::nullopt;
    }
    auto result = wait_for_end(request.key);
    if (result && result->end == execution::TaskEnd::start_failed) {
      failures_ += result->detail + "\n";
    }
    return result;
  }

  std::string read_output(const execution::RunRequest& request) {
    return read_text(request.folder + "/stdout.log");
  }
  std::string read_errors(const execution::RunRequest& request) {
    return read_text(request.folder + "/stderr.log");
  }

  std::string base_;
  std::unique_ptr<LocalRunner> runner_;
  std::map<execution::TaskKey, execution::TaskResult> ended_;
  std::map<execution::TaskKey, core::Duration> started_;
  std::map<execution::TaskKey, core::Time> begun_;  // As the events say.
  std::uint64_t jobs_ = 0;
  std::string failures_;
};

}  // namespace intertie::execution_runners
