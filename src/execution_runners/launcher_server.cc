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
#include <cstring>
#include <utility>
#include <vector>

#include "kernel_calls.h"
#include "leftovers.h"
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
constexpr core::Duration kTick = core::seconds(1);
constexpr core::Duration kSyncAfter = core::seconds(1);
constexpr int kOrderTries = 3;
constexpr std::size_t kSyncsMax = 64;  // At once: the loop must not stand still for long.

std::optional<TaskResult> read_result(const TaskKey& key, std::string_view text) {
  auto result = decode_result(text);
  if (!result || result->key != key) return std::nullopt;
  return std::move(*result);
}

}  // namespace

LauncherServer::LauncherServer(LauncherOptions options, Host host, Descriptor folder,
                               Descriptor lock)
    : options_(std::move(options)),
      host_(std::move(host)),
      folder_(std::move(folder)),
      lock_(std::move(lock)),
      meters_(host_) {
  // Not the first one again after each restart: files of a task that ended long ago may remain. And
  // not the same as another launcher that starts now.
  next_user_ = static_cast<std::uint32_t>(read_wall_clock().micros / 1'000) * 31 +
               static_cast<std::uint32_t>(::getpid()) * 7'919;
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
  meters_.open(tasks_folder_.get(), notices_write_.get());
  adopt_tasks();
  add_spare();
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
    if (tasks_[key].pidfd.is_open()) kept.push_back(make_group_name(host_, tasks_[key].meter));
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
    task.meter = static_cast<pid_t>(block.meter_pid.load());
    if (control->is_meter_alive()) task.pidfd.reset(open_pidfd(task.meter));
    if (block.user >= 0) users_.insert(static_cast<std::uint32_t>(block.user));
    control->close_descriptor();
    task.control = std::move(*control);
  }
  ++running_;  // end_task takes it back.
  if (!task.pidfd.is_open()) return end_task(key, task);
  keys_by_pidfd_[task.pidfd.get()] = key;
  watch(task.pidfd.get(), EPOLLIN);
}

/// The meter has gone or is done with it: what it left, or `told` here, is the task's end.
void LauncherServer::end_task(const TaskKey& key, Task& task, std::string_view told) {
  --running_;
  if (task.pidfd.is_open()) {
    if (keys_by_pidfd_.erase(task.pidfd.get()) > 0) unwatch(task.pidfd.get());
  }
  task.pidfd.reset();
  if (const auto text = read_file(tasks_folder_.get(), make_result_name(key), kResultBytesMax)) {
    task.result = read_result(key, *text);
    task.is_written = task.result.has_value();
  }
  if (!task.result) task.result = read_result(key, told);
  if (!task.result) {
    if (task.meter > 0) remove_group(host_.groups, make_group_name(host_, task.meter));
    kill_orphans();
    const std::int64_t user = task.control ? task.control->block().user.load() : -1;
    const bool is_tasks_user = user >= std::int64_t{options_.uid_first} &&
                               user - options_.uid_first < std::int64_t{options_.uid_count};
    if (is_tasks_user) remove_leftovers(static_cast<uid_t>(user));
    TaskResult lost;
    lost.key = key;
    lost.end = execution::TaskEnd::lost;
    lost.exit_code = 128 + SIGKILL;
    task.result = task.control ? make_lost_result(key, task.control->block()) : lost;
  }
  write_result(key, task);
  unsynced_.emplace_back(read_boot_clock(), key);
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

/// On a full disk it stays in memory, and is tried again with the next syncs.
void LauncherServer::write_result(const TaskKey& key, Task& task) {
  if (task.is_written || !task.result) return;
  const auto written =
      write_file_whole(tasks_folder_.get(), make_result_name(key), encode_result(*task.result));
  task.is_written = written.has_value();
}

/// Processes of a meter that died come to the launcher, which is a subreaper: they must not live.
void LauncherServer::kill_orphans() {
  const auto children = read_file(AT_FDCWD, "/proc/thread-self/children", 1u << 20);
  if (!children) return;
  std::set<pid_t> meters = meters_.list_processes();
  meters.insert(leaving_.begin(), leaving_.end());
  for (const auto& [key, task] : tasks_) {
    if (task.pidfd.is_open()) meters.insert(task.meter);
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

Result<void> LauncherServer::order(const Call& call, const Descriptor& request) {
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
  MeterOrder order{call.key, user};
  std::vector<int> attachments = {control->descriptor(), request.get()};
  if (network != nullptr) {
    order.has_gang_user = network->user.is_open();
    order.has_gang_net = network->net.is_open();
    if (order.has_gang_user) attachments.push_back(network->user.get());
    if (order.has_gang_net) attachments.push_back(network->net.get());
  }
  const auto meter = send_order(order, attachments, block);
  if (!meter) return meter.error();
  control->close_descriptor();
  task.control = std::move(*control);
  task.network = call.network;
  task.meter = (*meter)->process;
  task.pidfd.reset(::fcntl((*meter)->pidfd.get(), F_DUPFD_CLOEXEC, 0));
  if (user) users_.insert(*user);
  ++running_;
  return {};
}

/// To an idle meter; one that has just died is passed over.
Result<const MeterPool::Member*> LauncherServer::send_order(const MeterOrder& order,
                                                            std::span<const int> attachments,
                                                            ControlBlock& block) {
  const std::string_view bytes(reinterpret_cast<const char*>(&order), sizeof(order));
  for (int round = 0; round < kOrderTries; ++round) {
    const auto meter = meters_.take();
    if (!meter) return meter.error();
    MeterPool::Member& member = **meter;
    watch(member.channel.get(), EPOLLIN);
    block.meter_pid = member.process;  // Before the meter can end the task.
    if (send_packet(member.channel.get(), bytes, attachments) == PacketState::done) {
      member.key = order.key;
      return &member;
    }
    handle_meter(member.channel.get());
  }
  return make_io_error("an order for a meter", EPIPE);
}

/// Ends come as packets; a closed channel without one is the meter's own end.
void LauncherServer::handle_meter(int channel) {
  Packet packet;
  while (MeterPool::Member* const member = meters_.find(channel)) {
    const PacketState state = receive_packet(channel, packet);
    if (state == PacketState::none) return;
    MeterNotice notice;
    const bool is_end = state == PacketState::done && packet.bytes.size() >= sizeof(notice);
    if (is_end) std::memcpy(static_cast<void*>(&notice), packet.bytes.data(), sizeof(notice));
    const std::optional<TaskKey> key = member->key;
    if (is_end && notice.is_reusable) {
      meters_.set_idle(*member);
    } else {
      // Reaped by whoever waits next; until then it is no orphan.
      leaving_.insert(member->process);
      if (!is_end) remove_group(host_.groups, make_group_name(host_, member->process));
      unwatch(channel);
      meters_.remove(channel);
      add_spare();
    }
    if (!key) continue;
    handle_notices();
    const std::string_view told =
        is_end ? std::string_view(packet.bytes).substr(sizeof(notice)) : std::string_view();
    const auto task = tasks_.find(*key);
    if (task != tasks_.end()) end_task(*key, task->second, told);
  }
}

void LauncherServer::add_spare() {
  if (is_stopping_) return;
  if (const auto channel = meters_.add_spare()) watch(*channel, EPOLLIN);
}

void LauncherServer::cancel(const Task& task) {
  task.control->block().cancelled = 1;
  send_pidfd_signal(task.pidfd.get(), SIGUSR1);  // Only wakes the meter.
}

void LauncherServer::start(const Call& call, Descriptor request) {
  if (tasks_.contains(call.key)) return;
  const auto ordered = order(call, request);
  if (ordered) return;
  Task& task = tasks_[call.key];
  TaskResult result;
  result.key = call.key;
  result.end = execution::TaskEnd::start_failed;
  result.exit_code = 126;
  result.ended = read_wall_clock();
  result.ended_boottime = read_boot_clock();
  result.detail = ordered.error().detail;
  ++running_;  // end_task takes it back.
  end_task(call.key, task, encode_result(result));
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
    if (task.pidfd.is_open()) cancel(task);
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
  if (call.verb == Verb::cancel) cancel(task);
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
    handle_call(found->second, *call, packet.take_attachment(0));
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
      if (task->second.control) {
        tell.started = core::Time{task->second.control->block().started};
      }
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
    const PacketState state = send_packet(client.socket.get(), client.outbox.front(), {});
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

/// A result that is acknowledged soon is safe with the agent, so it is not worth a wait for the
/// disk. One that stays is brought there, with its name, within two seconds.
void LauncherServer::sync_results() {
  const core::Duration before = read_boot_clock() - kSyncAfter;
  bool has_synced = false;
  for (std::size_t count = 0; count < kSyncsMax && !unsynced_.empty(); unsynced_.pop_front()) {
    const auto [since, key] = unsynced_.front();
    if (since > before) break;
    const auto task = tasks_.find(key);
    if (task == tasks_.end()) continue;
    write_result(key, task->second);
    if (!task->second.is_written) unsynced_.emplace_back(read_boot_clock(), key);
    (void)sync_file(tasks_folder_.get(), make_result_name(key));
    has_synced = true;
    ++count;
  }
  if (has_synced) ::fsync(tasks_folder_.get());
}

void LauncherServer::keep_house() {
  next_keeping_ = read_boot_clock() + kTick;
  while (true) {
    const pid_t reaped = ::waitpid(-1, nullptr, WNOHANG);
    if (reaped <= 0) break;
    leaving_.erase(reaped);
  }
  kill_orphans();
  sync_results();
  for (const int channel : meters_.find_unneeded()) {
    leaving_.insert(meters_.find(channel)->process);
    unwatch(channel);
    meters_.remove(channel);
  }
  add_spare();
  if (!has_vanished()) return;
  // Nobody can ask for the results any more: end at once, without grace.
  is_stopping_ = true;
  for (const auto& [key, task] : tasks_) {
    if (!task.pidfd.is_open()) continue;
    task.control->block().lease_deadline = 0;
    send_pidfd_signal(task.pidfd.get(), SIGUSR1);  // Only wakes the meter.
  }
}

void LauncherServer::serve() {
  std::array<epoll_event, 128> ready;
  while (!(is_stopping_ && running_ == 0)) {
    const int count = ::epoll_wait(events_.get(), ready.data(), static_cast<int>(ready.size()),
                                   static_cast<int>(kTick.count / 1'000));
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
      } else {
        handle_meter(descriptor);
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
    if (read_boot_clock() >= next_keeping_) keep_house();
  }
  ::unlinkat(folder_.get(), std::string(kSocketName).c_str(), 0);
  meters_.close();
  remove_groups(host_.groups, host_.group_prefix, {});
  remove_roots(host_.groups);
}

}  // namespace intertie::execution_runners
