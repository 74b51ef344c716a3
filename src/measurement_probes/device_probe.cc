#include "device_probe.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <cerrno>
#include <cstring>
#include <string>
#include <string_view>

#include <boost/describe.hpp>

#include "intertie/codec/json.h"
#include "intertie/core/limits.h"

extern char** environ;

namespace intertie::measurement_probes {

using core::Reason;

namespace {

struct Report {
  std::vector<measurement::Figure> figures;
};
BOOST_DESCRIBE_STRUCT(Report, (), (figures))

std::int64_t read_now_ms() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return std::int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1'000'000;
}

std::vector<std::string> make_environment(const measurement::DeviceKind& kind,
                                          const measurement::Device& device) {
  std::vector<std::string> variables = {"INTERTIE_DEVICE_NODE=" + device.node};
  const measurement::DeviceExposure exposure = measurement::compute_exposure(kind, {device});
  if (!exposure.variable.empty()) variables.push_back(exposure.variable + "=" + exposure.value);
  variables.insert(variables.end(), exposure.environment.begin(), exposure.environment.end());
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view variable = *entry;
    const bool is_replaced = std::any_of(variables.begin(), variables.end(), [&](const auto& own) {
      const std::size_t name = own.find('=') + 1;
      return variable.substr(0, name) == own.substr(0, name);
    });
    if (!is_replaced) variables.emplace_back(variable);
  }
  return variables;
}

std::vector<char*> as_pointers(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

/// Owns the child's session until it has been waited for.
class Child {
 public:
  core::Result<void> start(std::vector<std::string> arguments, std::vector<std::string> variables) {
    std::array<int, 2> pipe_ends{};
    if (::pipe2(pipe_ends.data(), O_CLOEXEC) != 0) return fail(errno, arguments.front());
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawnattr_init(&attributes);
    ::posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    ::posix_spawn_file_actions_adddup2(&actions, pipe_ends[1], 1);
    ::posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
    ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID);
    const int error = ::posix_spawnp(&pid_, arguments.front().c_str(), &actions, &attributes,
                                     as_pointers(arguments).data(), as_pointers(variables).data());
    ::posix_spawnattr_destroy(&attributes);
    ::posix_spawn_file_actions_destroy(&actions);
    ::close(pipe_ends[1]);
    output_ = pipe_ends[0];
    if (error != 0) {
      pid_ = -1;
      return fail(error, arguments.front());
    }
    return {};
  }

  ~Child() {
    if (pid_ > 0) {
      ::kill(-pid_, SIGKILL);
      wait();
    }
    if (output_ >= 0) ::close(output_);
  }
  Child() = default;
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  /// All it prints until it closes its output.
  core::Result<std::string> read_output(core::Duration limit) {
    const std::int64_t deadline = read_now_ms() + limit.count / 1000;
    std::string output;
    std::array<char, 4096> part{};
    while (true) {
      const std::int64_t left = deadline - read_now_ms();
      if (left <= 0) return {Reason::timed_out, "device probe"};
      pollfd wait_for{output_, POLLIN, 0};
      if (::poll(&wait_for, 1, static_cast<int>(std::min<std::int64_t>(left, 1000))) <= 0) continue;
      const ssize_t got = ::read(output_, part.data(), part.size());
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) return output;
      output.append(part.data(), static_cast<std::size_t>(got));
      if (output.size() > core::limits::device_probe_output_bytes_max)
        return {Reason::too_large, "device probe's output"};
    }
  }

  /// Its exit status as waitpid gives it.
  int wait() {
    int status = 0;
    while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    pid_ = -1;
    return status;
  }

  /// The same, or nothing if it has not ended after `limit`.
  core::Result<int> wait_at_most(core::Duration limit) {
    const std::int64_t deadline = read_now_ms() + limit.count / 1000;
    while (true) {
      int status = 0;
      const pid_t ended = ::waitpid(pid_, &status, WNOHANG);
      if (ended == pid_) {
        pid_ = -1;
        return status;
      }
      if (read_now_ms() >= deadline) return {Reason::timed_out, "device probe"};
      ::poll(nullptr, 0, 5);
    }
  }

 private:
  static core::Error fail(int error, const std::string& program) {
    return {Reason::start_failed, "device probe " + program + ": " +
                                      std::error_code(error, std::generic_category()).message()};
  }

  pid_t pid_ = -1;
  int output_ = -1;
};

}  // namespace

core::Result<std::vector<measurement::Figure>> probe_device(const measurement::DeviceKind& kind,
                                                            const measurement::Device& device,
                                                            core::Duration limit) {
  assert(!kind.probe.empty());
  Child child;
  if (auto started = child.start(kind.probe, make_environment(kind, device)); !started) {
    return started.error();
  }
  core::Result<std::string> output = child.read_output(limit);
  if (!output) return output.error();
  const core::Result<int> status = child.wait_at_most(limit);
  if (!status) return status.error();
  if (*status != 0) return {Reason::exited_nonzero, "device probe " + kind.probe.front()};
  core::Result<Report> report = codec::from_json<Report>(*output, codec::Boundary::strict);
  if (!report) return report.error();
  if (auto checked = measurement::check_figures(report->figures, "probe.figures"); !checked) {
    return checked.error();
  }
  return std::move(report->figures);
}

}  // namespace intertie::measurement_probes
