// Serves clients and looks after meters. Single-threaded; nothing blocks for long.
#include "launcher_server.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "kernel_calls.h"
#include "meter.h"
#include "packet_socket.h"

namespace intertie::execution_runners {
namespace {

using core::Reason;
using core::Result;
using execution::TaskKey;
using execution::TaskResult;

constexpr std::size_t kClientsMax = 64;
constexpr std::size_t kTasksMax = 16'384;
constexpr std::size_t kOutboxMax = 4 * kTasksMax;  // Beyond it the client is cut off; it can list.
constexpr std::size_t kResultBytesMax = 64u << 10;
constexpr int kTickMilliseconds = 1'000;

}  // namespace

LauncherServer::LauncherServer(LauncherOptions options, Host host, Descriptor folder,
                               Descriptor lock)
    : options_(std::move(options)),
      host_(std::move(host)),
      folder_(std::move(folder)),
      lock_(std::move(lock)) {
  // Not the first one again after each restart: files of a task that ended long ago may remain.
  next_user_ = static_cast<std::uint32_t>(read_wall_clock().micros / 1'000'000);
}

bool LauncherServer::watch(int descriptor, std::uint32_t events) {
  epoll_event event{};
  event.events = events;
  event.data.fd = descriptor;
  if (::epoll_ctl(events_.get(), EPOLL_CTL_ADD, descriptor, &event) == 0) return true;
  return ::epoll_ctl(events_.get(), EPOLL_CTL_MOD, descriptor, &event) == 0;
}

void LauncherServer::unwatch(int descriptor) {
  ::epoll_ctl(events_.get(), EPOLL_CTL_DEL, descriptor, nullptr);
}

Result<void> LauncherServer::open() {
  const std::string tasks(kTasksName);
  if (::mkdirat(folder_.get(), tasks.c_str(), 0700) != 0 && errno != EEXIST) {
    return make_io_error(tasks, errno);
  }
  const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
  tasks_folder_.reset(::openat(folder_.get(), tasks.c_str(), flags));
  events_.reset(::epoll_create1(EPOLL_CLOEXEC));
  int pipe_ends[2];
  if (!tasks_folder_.is_open() || !events_.is_open() ||
      ::pipe2(pipe_ends, O_CLOEXEC | O_NONBLOCK) != 0) {
    return make_io_error("launcher", errno);
  }
  notices_read_.reset(pipe_ends[0]);
  notices_write_.reset(pipe_ends[1]);
  auto listener = listen_for_packets(folder_.get(), std::string(kSocketName));
  if (!listener) return listener.error();
  listener_ = std::move(*listener);
  adopt_tasks();
  watch(listener_.get(), EPOLLIN);
  watch(notices_read_.get(), EPOLLIN);
  return {};
}

void LauncherServer::adopt_tasks() {
  const int number = ::fcntl(tasks_folder_.get(), F_DUPFD_CLOEXEC, 0);
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(::fdopendir(number), ::closedir);
  std::set<TaskKey> keys;
  while (const dirent* entry = folder ? ::readdir(folder.get()) : nullptr) {
    const std::string_view name = entry->d_name;
    const std::size_t dot = name.rfind('.');
    if (name.ends_with(".new")) ::unlinkat(tasks_folder_.get(), entry->d_name, 0);
    if (!name.ends_with(".control") && !name.ends_with(".result")) continue;
    if (const auto key = execution::parse_task_key(name.substr(0, dot))) keys.insert(*key);
  }
  std::vector<std::string> kept;
  for (const TaskKey& key : keys) {
    adopt(key);
    if (tasks_[key].pidfd.is_open()) kept.push_back(make_group_name(host_, key));
  }
  remove_groups(host_.groups, host_.group_prefix, kept);
}

void LauncherServer::adopt(const TaskKey& key) {
  Task& task = tasks_[key];
  auto control = ControlFile::open(tasks_folder_.get(), make_control_name(key));
  if (control) {
    const ControlBlock& block = control->block();
    task.is_started = block.started != 0;
    task.network.assign(block.network.data(), ::strnlen(block.network.data(), 128));
    if (control->is_meter_alive()) {
      task.pidfd.reset(open_pidfd(static_cast<pid_t>(block.meter_pid.load())));
    }
    if (block.user >= 0) users_.insert(static_cast<std::uint32_t>(block.user));
    control->close_descriptor();
    task.control = std::move(*control);
  }
  if (task.pidfd.is_open()) {
    watch_meter(key, task);
  } else {
    ++running_;  // end_task takes it back.
    end_task(key, task);
  }
}

void LauncherServer::watch_meter(const TaskKey& key, Task& task) {
  ++running_;
  keys_by_pidfd_[task.pidfd.get()] = key;
  watch(task.pidfd.get(), EPOLLIN);
}

/// The meter has gone: what it left is the task's end.
void LauncherServer::end_task(const TaskKey& key, Task& task) {
  --running_;
  if (task.pidfd.is_open()) {
    keys_by_pidfd_.erase(task.pidfd.get());
    unwatch(task.pidfd.get());
  }
  task.pidfd.reset();
  while (::waitpid(-1, nullptr, WNOHANG) > 0) {
  }
  const std::string name = make_result_name(key);
  if (const auto text = read_file(tasks_folder_.get(), name, kResultBytesMax)) {
    if (auto result = decode_result(*text); result && result->key == key) {
      task.result = std::move(*result);
    }
  }
  if (!task.result) {
    remove_group(host_.groups, make_group_name(host_, key));
    kill_orphans();
    TaskResult lost;
    lost.key = key;
    lost.end = execution::TaskEnd::lost;
    lost.exit_code = 128 + SIGKILL;
    task.result = task.control ? make_lost_result(key, task.control->block()) : lost;
    (void)write_file_durably(tasks_folder_.get(), name, encode_result(*task.result));
  }
  if (task.control) {
    const std::int64_t user = task.control->block().user;
    if (user >= 0) users_.erase(static_cast<std::uint32_t>(user));
  }
  const bool is_last = std::ranges::none_of(tasks_, [&task](const auto& entry) {
    return entry.second.pidfd.is_open() && entry.second.network == task.network;
  });
  if (!task.network.empty() && is_last) networks_.erase(task.network);
  Tell tell;
  tell.notice = Notice::ended;
  tell.key = key;
  tell.result = task.result;
  send_to_all(tell);
}

/// Processes of a meter that died come to the launcher, which is a subreaper: they must not live.
void LauncherServer::kill_orphans() {
  const auto children = read_file(AT_FDCWD, "/proc/thread-self/children", 1u << 20);
  if (!children) return;
  std::set<pid_t> meters;
  for (const auto& [key, task] : tasks_) {
    if (task.pidfd.is_open() && task.control) {
      meters.insert(static_cast<pid_t>(task.control->block().meter_pid.load()));
    }
  }
  std::string_view rest = *children;
  while (!rest.empty()) {
    const auto pid = static_cast<pid_t>(parse_count(rest, 0));
    if (pid > 1 && !meters.contains(pid)) ::kill(pid, SIGKILL);
    const std::size_t blank = rest.find(' ');
    rest.remove_prefix(blank == std::string_view::npos ? rest.size() : blank + 1);
  }
}

std::optional<std::uint32_t> LauncherServer::choose_user(const Call& call) {
  if (!host_.is_root) return std::nullopt;
  if (call.run_as && *call.run_as != 0) return call.run_as;
  for (std::uint32_t round = 0; round < options_.uid_count; ++round) {
    const std::uint32_t user = options_.uid_first + next_user_++ % options_.uid_count;
    if (!users_.contains(user)) return user;
  }
  return std::nullopt;
}

Result<const GangNetwork*> LauncherServer::find_network(const std::string& name) {
  if (const auto known = networks_.find(name); known != networks_.end()) return &known->second;
  for (const auto& [key, task] : tasks_) {
    if (task.pidfd.is_open() && task.network == name) {
      return {Reason::start_failed, "the gang's network belongs to an earlier launcher"};
    }
  }
  auto network = make_gang_network(host_.is_root);
  if (!network) return network.error();
  return &(networks_[name] = std::move(*network));
}

Result<void> LauncherServer::fork_meter(const Call& call, const Descriptor& request) {
  if (is_stopping_) return {Reason::stopping, "the launcher is stopping"};
  if (tasks_.size() > kTasksMax) return {Reason::overloaded, "too many tasks at this launcher"};
  if (!request.is_open()) return {Reason::missing_field, "the request came without its memory"};
  Task& task = tasks_[call.key];
  const GangNetwork* network = nullptr;
  if (!call.network.empty()) {
    auto found = find_network(call.network);
    if (!found) return found.error();
    network = *found;
  }
  const std::optional<std::uint32_t> user = choose_user(call);
  if (host_.is_root && !user) return {Reason::overloaded, "all user ids of tasks are in use"};
  auto control = ControlFile::create(tasks_folder_.get(), make_control_name(call.key));
  if (!control) return control.error();
  ControlBlock& block = control->block();
  if (call.lease) block.lease_deadline = (read_boot_clock() + *call.lease).count;
  if (user) block.user = *user;
  call.network.substr(0, block.network.size() - 1).copy(block.network.data(), call.network.size());
  const pid_t meter = ::fork();
  if (meter == 0) {
    run_meter({.key = call.key,
               .host = host_,
               .control = *control,
               .tasks_folder = tasks_folder_.get(),
               .request = request.get(),
               .notices = notices_write_.get(),
               .gang_user = network == nullptr ? -1 : network->user.get(),
               .gang_net = network == nullptr ? -1 : network->net.get(),
               .user = user});
  }
  if (meter < 0) return make_io_error("fork", errno);
  block.meter_pid = meter;  // The meter writes the same; neither waits for the other.
  control->close_descriptor();
  task.control = std::move(*control);
  task.network = call.network;
  task.pidfd.reset(open_pidfd(meter));
  if (user) users_.insert(*user);
  watch_meter(call.key, task);
  return {};
}

void LauncherServer::start(const Call& call, Descriptor request) {
  if (tasks_.contains(call.key)) return;
  const auto forked = fork_meter(call, request);
  if (forked) return;
  Task& task = tasks_[call.key];
  TaskResult result;
  result.key = call.key;
  result.end = execution::TaskEnd::start_failed;
  result.exit_code = 126;
  result.ended = read_wall_clock();
  result.ended_boottime = read_boot_clock();
  result.detail = forked.error().detail;
  (void)write_file_durably(tasks_folder_.get(), make_result_name(call.key), encode_result(result));
  ++running_;  // end_task takes it back.
  end_task(call.key, task);
}

void LauncherServer::forget(const TaskKey& key) {
  const auto task = tasks_.find(key);
  if (task == tasks_.end() || !task->second.result) return;
  // In this order: a control file without a result would read as a lost task.
  ::unlinkat(tasks_folder_.get(), make_control_name(key).c_str(), 0);
  ::unlinkat(tasks_folder_.get(), make_result_name(key).c_str(), 0);
  tasks_.erase(task);
}

void LauncherServer::list(Client& client) {
  for (const auto& [key, task] : tasks_) {
    Tell tell;
    tell.notice = Notice::listed;
    tell.key = key;
    tell.result = task.result;
    if (task.control) {
      const std::int64_t started = task.control->block().started;
      if (started != 0) tell.started = core::Time{started};
      tell.measured = load_measured(task.control->block());
    }
    send(client, encode(tell));
  }
  send(client, encode(Tell{}));
}

void LauncherServer::stop(bool cancel_all) {
  is_stopping_ = true;
  if (!cancel_all) return;
  for (const auto& [key, task] : tasks_) {
    if (task.pidfd.is_open()) send_pidfd_signal(task.pidfd.get(), SIGTERM);
  }
}

void LauncherServer::handle_call(Client& client, const Call& call, Descriptor request) {
  if (call.verb == Verb::start) return start(call, std::move(request));
  if (call.verb == Verb::acknowledge) return forget(call.key);
  if (call.verb == Verb::list) return list(client);
  if (call.verb == Verb::stop) return stop(call.cancel_all);
  const auto found = tasks_.find(call.key);
  if (found == tasks_.end() || !found->second.pidfd.is_open()) return;
  const Task& task = found->second;
  if (call.verb == Verb::cancel) send_pidfd_signal(task.pidfd.get(), SIGTERM);
  if (call.verb == Verb::extend_lease && call.lease) {
    std::atomic<std::int64_t>& deadline = task.control->block().lease_deadline;
    // The meter reads it again when the old deadline comes. A task without a lease keeps none.
    deadline = std::max(deadline.load(), (read_boot_clock() + *call.lease).count);
  }
}

void LauncherServer::accept_clients() {
  while (true) {
    Descriptor socket(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!socket.is_open()) return;
    const bool is_welcome = is_own_peer(socket.get()) && clients_.size() < kClientsMax;
    if (!is_welcome || !watch(socket.get(), EPOLLIN)) continue;
    const int number = socket.get();
    clients_[number].socket = std::move(socket);
  }
}

void LauncherServer::handle_client(int socket) {
  while (true) {
    const auto found = clients_.find(socket);
    if (found == clients_.end()) return;
    Packet packet;
    const PacketState state = receive_packet(socket, packet);
    if (state == PacketState::none) break;
    if (state == PacketState::closed) return close_client(socket);
    const auto call = decode_call(packet.bytes);
    if (!call) return close_client(socket);
    handle_call(found->second, *call, std::move(packet.attachment));
  }
  const auto found = clients_.find(socket);
  if (found != clients_.end() && !flush(found->second)) close_client(socket);
}

void LauncherServer::handle_notices() {
  std::array<TaskKey, 128> keys;
  while (true) {
    const ssize_t bytes = ::read(notices_read_.get(), keys.data(), sizeof(keys));
    if (bytes <= 0) return;
    for (std::size_t index = 0; index < static_cast<std::size_t>(bytes) / sizeof(TaskKey);
         ++index) {
      const auto task = tasks_.find(keys[index]);
      if (task == tasks_.end() || task->second.is_started || task->second.result) continue;
      task->second.is_started = true;
      Tell tell;
      tell.notice = Notice::started;
      tell.key = keys[index];
      send_to_all(tell);
    }
  }
}

void LauncherServer::send_to_all(const Tell& tell) {
  const std::string packet = encode(tell);
  for (auto& [socket, client] : clients_) send(client, packet);
}

void LauncherServer::send(Client& client, std::string packet) {
  client.outbox.push_back(std::move(packet));
}

/// False when the client has gone or does not read.
bool LauncherServer::flush(Client& client) {
  while (!client.outbox.empty()) {
    const PacketState state = send_packet(client.socket.get(), client.outbox.front(), -1);
    if (state == PacketState::closed) return false;
    if (state == PacketState::none) {
      watch(client.socket.get(), EPOLLIN | EPOLLOUT);
      return client.outbox.size() <= kOutboxMax;
    }
    client.outbox.pop_front();
  }
  return true;
}

void LauncherServer::close_client(int socket) {
  unwatch(socket);
  clients_.erase(socket);
}

bool LauncherServer::has_vanished() const {
  struct stat ours {};
  struct stat there {};
  if (::fstat(lock_.get(), &ours) != 0) return true;
  if (::fstatat(folder_.get(), std::string(kLockName).c_str(), &there, 0) != 0) return true;
  return ours.st_ino != there.st_ino || ours.st_dev != there.st_dev;
}

void LauncherServer::serve() {
  std::array<epoll_event, 128> ready;
  while (!(is_stopping_ && running_ == 0)) {
    const int count = ::epoll_wait(events_.get(), ready.data(), static_cast<int>(ready.size()),
                                   kTickMilliseconds);
    // Starts are told before ends, whatever the order of descriptors.
    handle_notices();
    for (int index = 0; index < count; ++index) {
      const int descriptor = ready[static_cast<std::size_t>(index)].data.fd;
      if (descriptor == listener_.get()) accept_clients();
      if (clients_.contains(descriptor)) {
        if ((ready[static_cast<std::size_t>(index)].events & EPOLLOUT) != 0) {
          watch(descriptor, EPOLLIN);
        }
        handle_client(descriptor);
      }
      const auto ended = keys_by_pidfd_.find(descriptor);
      if (ended == keys_by_pidfd_.end()) continue;
      const TaskKey key = ended->second;
      handle_notices();
      end_task(key, tasks_.at(key));
    }
    std::vector<int> gone;
    for (auto& [socket, client] : clients_) {
      if (!flush(client)) gone.push_back(socket);
    }
    for (const int socket : gone) close_client(socket);
    if (count != 0) continue;
    while (::waitpid(-1, nullptr, WNOHANG) > 0) {
    }
    kill_orphans();
    if (!has_vanished()) continue;
    // Nobody can ask for the results any more: end at once, without grace.
    is_stopping_ = true;
    for (const auto& [key, task] : tasks_) {
      if (!task.pidfd.is_open()) continue;
      task.control->block().lease_deadline = 0;
      send_pidfd_signal(task.pidfd.get(), SIGUSR1);  // Only wakes the meter.
    }
  }
  ::unlinkat(folder_.get(), std::string(kSocketName).c_str(), 0);
  remove_roots(host_.groups);
}

}  // namespace intertie::execution_runners
