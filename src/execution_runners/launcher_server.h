// The launcher's loop: clients on one side, meters on the other.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "intertie/core/result.h"
#include "intertie/execution/task.h"
#include "intertie/execution_runners/launcher.h"

#include "control_file.h"
#include "descriptor.h"
#include "host.h"
#include "meter_pool.h"
#include "sandbox.h"
#include "wire.h"

namespace intertie::execution_runners {

class LauncherServer {
 public:
  /// `folder` is the launcher's folder, `lock` its locked file; both stay open.
  LauncherServer(LauncherOptions options, Host host, Descriptor folder, Descriptor lock);

  /// Opens the socket and finds the tasks of an earlier launcher again.
  core::Result<void> open();
  /// Serves until told to stop and no task runs, or the folder has vanished.
  void serve();

 private:
  struct Client {
    Descriptor socket;
    std::deque<std::string> outbox;
  };
  struct Task {
    std::optional<ControlFile> control;
    Descriptor pidfd;  // Of the meter; closed when the task has ended.
    pid_t meter = -1;
    bool is_started = false;
    std::string network;
    std::optional<execution::TaskResult> result;
    bool is_written = false;  // The result has its file.
  };
  using Tasks = std::map<execution::TaskKey, Task>;

  void adopt_tasks();
  void adopt(const execution::TaskKey& key);
  void accept_clients();
  void handle_client(int socket);
  void handle_call(Client& client, const Call& call, Descriptor request);
  void handle_notices();
  void start(const Call& call, Descriptor request);
  core::Result<void> order(const Call& call, const Descriptor& request);
  core::Result<const MeterPool::Member*> send_order(const MeterOrder& order,
                                                    std::span<const int> attachments,
                                                    ControlBlock& block);
  void handle_meter(int channel);
  void cancel(const Task& task);
  void keep_house();
  void add_spare();
  void sync_results();
  core::Result<const GangNetwork*> find_network(const std::string& name);
  std::optional<std::uint32_t> choose_user(const Call& call);
  void end_task(const execution::TaskKey& key, Task& task, std::string_view told = {});
  void write_result(const execution::TaskKey& key, Task& task);
  void forget(const execution::TaskKey& key);
  void list(Client& client);
  void stop(bool cancel_all);
  void send_to_all(const Tell& tell);
  void send(Client& client, std::string packet);
  bool flush(Client& client);
  void close_client(int socket);
  void kill_orphans();
  bool has_vanished() const;
  bool watch(int descriptor, std::uint32_t events);
  /// Must come before each close: a fresh meter may hold the same open file for a moment, and then
  /// epoll would go on telling of it under a number that is in use again.
  void unwatch(int descriptor);

  LauncherOptions options_;
  Host host_;
  Descriptor folder_;
  Descriptor lock_;
  Descriptor tasks_folder_;
  Descriptor listener_;
  Descriptor events_;
  Descriptor notices_read_;
  Descriptor notices_write_;
  std::map<int, Client> clients_;
  Tasks tasks_;
  MeterPool meters_;
  std::map<int, execution::TaskKey> keys_by_pidfd_;  // Tasks of an earlier launcher's meters.
  // Results not yet brought to the disk, and when they came (boot clock).
  std::deque<std::pair<core::Duration, execution::TaskKey>> unsynced_;
  core::Duration next_keeping_{};
  std::set<pid_t> leaving_;  // Meters on their way out, not yet reaped.
  std::map<std::string, GangNetwork> networks_;
  std::set<std::uint32_t> users_;  // In use.
  std::uint32_t next_user_ = 0;    // Offset into the range.
  std::size_t running_ = 0;
  bool is_stopping_ = false;
};

}  // namespace intertie::execution_runners
