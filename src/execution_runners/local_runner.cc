// The client of the launcher.
#include "intertie/execution_runners/local_runner.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <deque>
#include <set>
#include <span>
#include <string_view>
#include <utility>

#include "intertie/core/limits.h"
#include "intertie/execution_runners/task_tree.h"

#include "descriptor.h"
#include "kernel_calls.h"
#include "packet_socket.h"
#include "probe_report.h"
#include "sandbox.h"
#include "wire.h"

namespace intertie::execution_runners {
namespace {

using core::Duration;
using core::Reason;
using core::Result;
using execution::TaskKey;

constexpr Duration kPatience = core::seconds(10);
constexpr std::size_t kPacketsWaitingMax = 20'000;
constexpr std::size_t kComplaintBytesMax = 1u << 20;

core::Error make_gone_error() { return {Reason::unreachable, "the launcher has gone"}; }

Result<Descriptor> open_folder(const std::string& path) {
  if (!path.starts_with('/')) return {Reason::bad_argument, "the launcher's folder: not absolute"};
  ::mkdir(path.c_str(), 0700);
  Descriptor folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder.is_open()) return make_io_error(path, errno);
  return folder;
}

/// The last line of launcher.log, for the detail of an error.
std::string read_complaint(int folder) {
  auto text = read_file(folder, std::string(kComplaintsName), kComplaintBytesMax);
  if (!text || text->empty()) return "no complaint in launcher.log";
  while (!text->empty() && text->back() == '\n') text->pop_back();
  return text->substr(text->rfind('\n') + 1);
}

/// Runs the launcher's command; it returns when the launcher listens.
Result<void> spawn_launcher(const LocalRunner::Options& options, int folder) {
  if (options.launcher.empty()) return {Reason::bad_argument, "no command for the launcher"};
  std::vector<char*> arguments;
  for (const std::string& argument : options.launcher) {
    arguments.push_back(const_cast<char*>(argument.c_str()));
  }
  arguments.push_back(nullptr);
  char* environment[] = {nullptr};  // Nothing of the agent's may reach a task.
  const std::string log = options.folder + "/" + std::string(kComplaintsName);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  ::posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, log.c_str(),
                                     O_WRONLY | O_CREAT | O_APPEND, 0600);
  ::posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
  posix_spawnattr_t attributes;
  ::posix_spawnattr_init(&attributes);
  sigset_t none;
  ::sigemptyset(&none);
  ::posix_spawnattr_setsigmask(&attributes, &none);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSID);
  pid_t launcher = -1;
  const int error =
      ::posix_spawn(&launcher, arguments[0], &actions, &attributes, arguments.data(), environment);
  ::posix_spawnattr_destroy(&attributes);
  ::posix_spawn_file_actions_destroy(&actions);
  if (error != 0) return make_io_error(options.launcher.front(), error);
  int status = 0;
  while (::waitpid(launcher, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
  return {Reason::io_failed, "the launcher did not start: " + read_complaint(folder)};
}

/// The request as sealed memory: the launcher passes it on to the meter without reading it.
Result<Descriptor> seal_request(const execution::RunRequest& request) {
  Descriptor memory(::memfd_create("request", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!memory.is_open()) return make_io_error("memfd_create", errno);
  std::string bytes = encode(request);
  if (bytes.size() > core::limits::document_bytes_max) {
    return {Reason::too_large, "the request: above document_bytes_max"};
  }
  const auto written = write_all(memory.get(), bytes);
  ::explicit_bzero(bytes.data(), bytes.size());  // It may hold secrets of the task.
  if (!written) return written.error();
  ::fcntl(memory.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL);
  return memory;
}

}  // namespace

class LocalRunner::Connection {
 public:
  Connection(Options chosen, Descriptor opened, Descriptor connected)
      : options(std::move(chosen)), folder(std::move(opened)), socket(std::move(connected)) {}

  struct Outgoing {
    std::string bytes;
    Descriptor attachment;
  };

  Result<void> send(const Call& call, Descriptor attachment);
  Result<void> flush();
  /// Takes in what has arrived. Packets of a list go to `listed`.
  Result<void> receive();
  void take(const Tell& tell);
  /// Waits until the socket is readable (or writable, if something waits to be sent).
  Result<void> wait(Duration deadline);

  Options options;
  Descriptor folder;
  Descriptor socket;
  std::deque<Outgoing> outgoing;
  std::vector<RunnerEvent> events;
  std::vector<RunnerTask> listed;
  std::set<TaskKey> told;  // Ends this connection has told.
  bool is_list_complete = false;
};

Result<void> LocalRunner::Connection::send(const Call& call, Descriptor attachment) {
  if (outgoing.size() >= kPacketsWaitingMax) return {Reason::overloaded, "calls to the launcher"};
  outgoing.push_back({encode(call), std::move(attachment)});
  return flush();
}

Result<void> LocalRunner::Connection::flush() {
  while (!outgoing.empty()) {
    const Outgoing& next = outgoing.front();
    const int attachment = next.attachment.get();
    const PacketState state =
        send_packet(socket.get(), next.bytes, std::span(&attachment, attachment < 0 ? 0u : 1u));
    if (state == PacketState::closed) return make_gone_error();
    if (state == PacketState::none) return {};
    outgoing.pop_front();
  }
  return {};
}

void LocalRunner::Connection::take(const Tell& tell) {
  if (tell.notice == Notice::list_end) {
    is_list_complete = true;
  } else if (tell.notice == Notice::listed) {
    RunnerTask task{tell.key, tell.started.has_value(), {}, tell.measured, tell.result};
    if (tell.started) task.started = *tell.started;
    listed.push_back(std::move(task));
  } else if (tell.notice == Notice::started) {
    events.push_back({tell.key, {}, tell.started.value_or(core::Time{})});
  } else if (tell.result && told.insert(tell.key).second) {
    events.push_back({tell.key, tell.result, tell.result->started});
  }
}

Result<void> LocalRunner::Connection::receive() {
  while (true) {
    Packet packet;
    const PacketState state = receive_packet(socket.get(), packet);
    if (state == PacketState::closed) return make_gone_error();
    if (state == PacketState::none) return {};
    const auto tell = decode_tell(packet.bytes);
    if (!tell) return tell.error();
    take(*tell);
  }
}

Result<void> LocalRunner::Connection::wait(Duration deadline) {
  const Duration left = deadline - read_boot_clock();
  if (left.count <= 0) return {Reason::timed_out, "the launcher does not answer"};
  pollfd watched{socket.get(), POLLIN, 0};
  if (!outgoing.empty()) watched.events |= POLLOUT;
  ::poll(&watched, 1, static_cast<int>(left.count / 1'000 + 1));
  return flush();
}

LocalRunner::LocalRunner(std::unique_ptr<Connection> connection)
    : connection_(std::move(connection)) {}

LocalRunner::~LocalRunner() = default;

Result<std::unique_ptr<LocalRunner>> LocalRunner::attach(Options options) {
  auto folder = open_folder(options.folder);
  if (!folder) return folder.error();
  const Duration deadline = read_boot_clock() + kPatience;
  while (true) {
    auto socket = connect_for_packets(folder->get(), std::string(kSocketName));
    if (socket) {
      return std::unique_ptr<LocalRunner>(new LocalRunner(std::make_unique<Connection>(
          std::move(options), std::move(*folder), std::move(*socket))));
    }
    if (read_boot_clock() > deadline) return socket.error();
    // A launcher that is just leaving still holds the lock; then this returns at once.
    if (auto spawned = spawn_launcher(options, folder->get()); !spawned) return spawned.error();
    ::poll(nullptr, 0, 5);
  }
}

int LocalRunner::descriptor() const { return connection_->socket.get(); }

bool LocalRunner::write_pending() const { return !connection_->outgoing.empty(); }

Result<void> LocalRunner::start(const execution::RunRequest& request) {
  if (auto checked = execution::check(request); !checked) return checked;
  auto memory = seal_request(request);
  if (!memory) return memory.error();
  Call call;
  call.verb = Verb::start;
  call.key = request.key;
  call.lease = request.lease;
  if (request.network == execution::Network::gang) call.network = request.gang->network;
  call.run_as = request.run_as;
  return connection_->send(call, std::move(*memory));
}

Result<void> LocalRunner::cancel(TaskKey key) {
  Call call;
  call.verb = Verb::cancel;
  call.key = key;
  return connection_->send(call, {});
}

Result<void> LocalRunner::extend_lease(TaskKey key, Duration duration) {
  Call call;
  call.verb = Verb::extend_lease;
  call.key = key;
  call.lease = duration;
  return connection_->send(call, {});
}

Result<void> LocalRunner::acknowledge(TaskKey key) {
  Call call;
  call.verb = Verb::acknowledge;
  call.key = key;
  connection_->told.erase(key);
  return connection_->send(call, {});
}

Result<std::vector<RunnerEvent>> LocalRunner::poll() {
  auto done = connection_->flush();
  if (done) done = connection_->receive();
  // What has arrived is told first, even if the launcher has gone since.
  if (!done && connection_->events.empty()) return done.error();
  return std::exchange(connection_->events, {});
}

Result<std::vector<RunnerTask>> LocalRunner::list() {
  Connection& connection = *connection_;
  connection.listed.clear();
  connection.is_list_complete = false;
  auto done = connection.send({}, {});
  const Duration deadline = read_boot_clock() + kPatience;
  while (done && !connection.is_list_complete) {
    done = connection.wait(deadline);
    if (done) done = connection.receive();
  }
  if (!done) return done.error();
  for (const RunnerTask& task : connection.listed) {
    if (!task.result) continue;
    connection.told.insert(task.key);
    std::erase_if(connection.events,
                  [&task](const RunnerEvent& event) { return event.key == task.key; });
  }
  return std::exchange(connection.listed, {});
}

Result<void> LocalRunner::stop(bool cancel_all) {
  Connection& connection = *connection_;
  Call call;
  call.verb = Verb::stop;
  call.cancel_all = cancel_all;
  auto done = connection.send(call, {});
  const Duration deadline = read_boot_clock() + kPatience;
  while (done) {
    done = connection.wait(deadline);
    if (done) done = connection.receive();
  }
  if (done.error().reason == Reason::unreachable) return {};
  return done;
}

Result<execution::TaskResult> LocalRunner::run_to_end(const execution::RunRequest& request) {
  auto done = start(request);
  std::vector<RunnerEvent> others;
  std::optional<execution::TaskResult> result;
  const Duration deadline = read_boot_clock() + kPatience;
  while (done && !result) {
    done = connection_->wait(deadline);
    if (!done) break;
    auto arrived = poll();
    if (!arrived) return arrived.error();
    for (RunnerEvent& event : *arrived) {
      if (event.key != request.key) {
        others.push_back(std::move(event));
      } else if (event.result) {
        result = std::move(event.result);
      }
    }
  }
  // Events of other tasks are told by the next poll.
  connection_->events.insert(connection_->events.begin(), others.begin(), others.end());
  if (!done) return done.error();
  if (auto forgotten = acknowledge(request.key); !forgotten) return forgotten.error();
  return *result;
}

Result<execution::SandboxTrial> LocalRunner::read_level(execution::Isolation level) {
  execution::RunRequest request;
  // Keys at the very end of the range belong to probes; the clock keeps them apart.
  request.key = {UINT64_MAX, static_cast<std::uint32_t>(read_boot_clock().count / 1'000),
                 static_cast<std::uint32_t>(level)};
  request.folder = connection_->options.folder + "/probe-" + to_text(request.key);
  request.argv = {std::string(kProbeCommand)};
  request.isolation = level;
  request.time_limit = core::seconds(5);
  request.log_bytes_max = core::Bytes{64 << 10};
  const ProbeListeners listeners;
  request.environment = listeners.variables();
  if (::mkdir(request.folder.c_str(), 0700) != 0) return make_io_error(request.folder, errno);
  const auto result = run_to_end(request);
  const auto output =
      read_file(AT_FDCWD, request.folder + "/" + std::string(execution::kStdoutFile), 1u << 17);
  (void)remove_tree(connection_->folder.get(), "probe-" + to_text(request.key));
  if (!result) return result.error();
  return make_trial(level, *result, output ? *output : "");
}

Result<std::vector<execution::SandboxTrial>> LocalRunner::read_isolation() {
  std::vector<execution::SandboxTrial> trials;
  for (const auto level : {execution::Isolation::process, execution::Isolation::namespace_}) {
    auto trial = read_level(level);
    if (!trial) return trial.error();
    trials.push_back(std::move(*trial));
  }
  return trials;
}

}  // namespace intertie::execution_runners
