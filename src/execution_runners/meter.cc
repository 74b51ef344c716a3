// Each task, from its request to its result file.
#include "meter.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <string_view>
#include <utility>

#include "intertie/core/limits.h"

#include "file_view.h"
#include "kernel_calls.h"
#include "leftovers.h"
#include "log_pump.h"
#include "packet_socket.h"
#include "process_tree.h"
#include "sandbox.h"
#include "wire.h"
#include "zygote.h"

namespace intertie::execution_runners {
namespace {

using core::Duration;
using core::Result;
using execution::Isolation;
using execution::MeterSource;
using execution::RunRequest;
using execution::TaskEnd;
using execution::TaskResult;

constexpr Duration kHeartbeat = core::seconds(3);
constexpr Duration kNeverOnBootClock{INT64_MAX};

constexpr int kFolderDepthMax = 64;

/// Gives what lies in the task's own folder to its user. Nothing of the task runs yet; links are
/// neither followed nor left to somebody else.
Result<void> give_folder(int parent, const std::string& name, std::uint32_t user, int depth = 0) {
  if (depth > kFolderDepthMax) return {core::Reason::too_deep, name};
  const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
  const int number = ::openat(parent, name.c_str(), flags);
  if (number < 0) return make_io_error(name, errno);
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(::fdopendir(number), ::closedir);
  if (folder == nullptr) return make_io_error(name, errno);
  if (::fchown(number, user, user) != 0) return make_io_error("chown of " + name, errno);
  while (const dirent* entry = ::readdir(folder.get())) {
    const std::string child = entry->d_name;
    if (child == "." || child == "..") continue;
    struct stat status {};
    if (::fstatat(number, child.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) continue;
    if (S_ISDIR(status.st_mode)) {
      if (auto given = give_folder(number, child, user, depth + 1); !given) return given;
    } else if (::fchownat(number, child.c_str(), user, user, AT_SYMLINK_NOFOLLOW) != 0) {
      return make_io_error("chown of " + child, errno);
    }
  }
  return {};
}

/// The same for a file or folder named by a bind.
Result<void> give_bind(int folder, const std::string& source, std::uint32_t user) {
  const auto file = open_bind_source(folder, source);
  if (!file) return file.error();
  struct stat status {};
  if (::fstat(file->get(), &status) != 0) return make_io_error(source, errno);
  if (S_ISDIR(status.st_mode)) return give_folder(file->get(), ".", user);
  if (::fchownat(file->get(), "", user, user, AT_EMPTY_PATH) == 0) return {};
  return make_io_error("chown of " + source, errno);
}

/// What a meter keeps from one task to the next.
struct Workplace {
  const MeterPlan& plan;
  core::Result<void> state;  // Why no task can run here, if so.
  TaskGroup group;
  Zygote zygote;

  explicit Workplace(const MeterPlan& from) : plan(from) { make_group(); }

  void make_group() {
    auto made = TaskGroup::create(plan.host.groups, make_group_name(plan.host, ::getpid()));
    if (!made) {
      state = made.error();
      return;
    }
    group = std::move(*made);
    if (zygote.process() > 0) return;
    auto started = Zygote::start(plan.host, group);
    if (!started) {
      state = started.error();
      return;
    }
    zygote = std::move(*started);
    group.note_empty();
  }

  /// The groups outlive the task if there is a zygote in them; then they must be as they were.
  bool is_reusable() {
    if (!state || !zygote.is_alive()) return false;
    return group.joins().empty() || (group.is_reusable() && group.is_empty(zygote.process()));
  }

  void close() {
    zygote.stop();
    if (!group.is_empty(-1)) group.kill_all();
    group.remove();
  }
};

/// One task as its meter sees it.
struct MeterTask {
  MeterOrder order;
  ControlFile control;
  Descriptor request;
  Descriptor gang_user;
  Descriptor gang_net;
};

class Meter {
 public:
  Meter(Workplace& place, const MeterTask& task)
      : place_(place), task_(task), block_(task.control.block()) {
    result_.key = task.order.key;
    result_.end = TaskEnd::start_failed;
    result_.exit_code = 127;
  }

  /// Everything but the writing of the result.
  void run();
  const TaskResult& result() const { return result_; }

 private:
  Result<void> prepare();
  Result<void> prepare_folder();
  Result<void> start();
  void watch();
  void handle_reports();
  void handle_signals();
  void reap();
  void mark_started();
  void begin_end(TaskEnd why, bool is_at_once);
  void check_deadlines();
  Duration find_next_deadline() const;
  void take_status(int status);
  void signal_task(int signal);
  void kill_task();
  void beat();
  void finish();

  Workplace& place_;
  const MeterTask& task_;
  ControlBlock& block_;
  RunRequest request_;
  TaskResult result_;
  Descriptor folder_;
  Descriptor signals_;
  Descriptor timer_;
  TreeUsage usage_;
  std::optional<LogPump> output_;
  std::optional<LogPump> errors_;
  Sandbox sandbox_;
  bool is_started_ = false;
  bool is_over_ = false;     // The command has ended or never started; nothing more to wait for.
  bool has_status_ = false;  // The command's own end is known.
  std::optional<TaskEnd> ordered_end_;  // Why we end it, if we do.
  Duration kill_at_ = kNeverOnBootClock;
  Duration beat_at_ = kNeverOnBootClock;
};

Result<void> Meter::prepare_folder() {
  folder_.reset(::open(request_.folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW));
  if (!folder_.is_open()) return make_io_error(request_.folder, errno);
  for (const std::string_view name : {execution::kWorkFolder, execution::kInputFolder}) {
    if (::mkdirat(folder_.get(), std::string(name).c_str(), 0755) != 0 && errno != EEXIST) {
      return make_io_error(name, errno);
    }
  }
  if (task_.order.user) {
    auto given = give_folder(folder_.get(), std::string(execution::kWorkFolder), *task_.order.user);
    for (const execution::Bind& bind : request_.file_view) {
      const bool is_own = !bind.read_only && !bind.source.starts_with('/');
      if (given && is_own) given = give_bind(folder_.get(), bind.source, *task_.order.user);
    }
    if (!given) return given;
  }
  auto output =
      LogPump::create(folder_.get(), std::string(execution::kStdoutFile), request_.log_bytes_max);
  if (!output) return output.error();
  auto errors =
      LogPump::create(folder_.get(), std::string(execution::kStderrFile), request_.log_bytes_max);
  if (!errors) return errors.error();
  output_ = std::move(*output);
  errors_ = std::move(*errors);
  return {};
}

Result<void> Meter::prepare() {
  auto bytes = read_descriptor(task_.request.get(), core::limits::document_bytes_max);
  if (!bytes) return bytes.error();
  auto request = decode_request(*bytes);
  ::explicit_bzero(bytes->data(), bytes->size());
  if (!request) return request.error();
  request_ = std::move(*request);
  if (request_.key != task_.order.key) return {core::Reason::bad_field, "key: not the packet's"};
  if (auto checked = execution::check(request_); !checked) return checked;
  sigset_t all;
  ::sigfillset(&all);
  signals_.reset(::signalfd(-1, &all, SFD_CLOEXEC | SFD_NONBLOCK));
  timer_.reset(::timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK));
  if (!signals_.is_open() || !timer_.is_open()) return make_io_error("signalfd, timerfd", errno);
  if (auto prepared = prepare_folder(); !prepared) return prepared;
  if (!place_.state) return place_.state;
  return place_.group.prepare({request_.cpus, request_.memory, request_.processes_max});
}

Result<void> Meter::start() {
  SandboxRequest sandbox{request_, place_.plan.host, task_.order.user, folder_.get()};
  sandbox.gang_user = task_.gang_user.get();
  sandbox.gang_net = task_.gang_net.get();
  sandbox.output = output_->write_end();
  sandbox.errors = errors_->write_end();
  // Where the zygote is in the groups itself, its children are born into them.
  const int group = place_.group.joins().empty() ? place_.group.unified() : -1;
  auto started = start_sandbox(sandbox, place_.zygote, task_.request.get(), group);
  output_->close_write_end();
  errors_->close_write_end();
  // It may hold secrets of the task; from here on they are the task's own affair.
  for (auto& [name, value] : request_.environment) ::explicit_bzero(value.data(), value.size());
  if (!started) return started.error();
  sandbox_ = std::move(*started);
  beat_at_ = read_boot_clock() + kHeartbeat;
  return {};
}

void Meter::run() {
  auto done = prepare();
  if (done) done = start();
  if (done) {
    watch();
  } else {
    result_.detail = done.error().detail;
    result_.ended = read_wall_clock();
    result_.ended_boottime = read_boot_clock();
  }
  finish();
}

void Meter::mark_started() {
  if (is_started_) return;
  is_started_ = true;
  result_.started = read_wall_clock();
  result_.started_boottime = read_boot_clock();
  block_.started_boot = result_.started_boottime.count;
  block_.started = result_.started.micros;
  (void)!::write(place_.plan.notices, &result_.key, sizeof(result_.key));
}

void Meter::take_status(int status) {
  if (has_status_) return;
  has_status_ = true;
  is_over_ = true;
  if (WIFSIGNALED(status)) {
    result_.end = TaskEnd::signalled;
    result_.signal = WTERMSIG(status);
    result_.exit_code = 128 + result_.signal;
  } else {
    result_.end = TaskEnd::exited;
    result_.exit_code = WEXITSTATUS(status);
  }
}

void Meter::handle_reports() {
  while (sandbox_.reports.is_open()) {
    SandboxReport report;
    const ssize_t count = ::read(sandbox_.reports.get(), &report, sizeof(report));
    if (count < 0) return;  // Nothing more for now.
    if (count == sizeof(report)) {
      report.text[sizeof(report.text) - 1] = '\0';
      if (report.kind == SandboxReport::Kind::started) mark_started();
      if (report.kind == SandboxReport::Kind::ended) take_status(report.value);
      const bool has_no_program = report.kind == SandboxReport::Kind::not_executed;
      if (has_no_program) mark_started();
      if (!has_no_program && report.kind != SandboxReport::Kind::failed) continue;
      result_.end = has_no_program ? TaskEnd::exited : TaskEnd::start_failed;
      result_.exit_code = report.value;
      result_.detail = report.text;
      has_status_ = true;
      is_over_ = true;
      sandbox_.reports.reset();
      return;
    }
    // Closed. At level process that means the program has been executed.
    sandbox_.reports.reset();
    if (request_.isolation == Isolation::process) mark_started();
    if (sandbox_.process < 0) {
      result_.detail = "the sandbox ended before it was complete";
      is_over_ = true;
    }
  }
}

/// Reaps what has ended. Detached processes of level process come here too.
void Meter::reap() {
  while (true) {
    int status = 0;
    rusage used{};
    const pid_t ended = ::wait4(-1, &status, WNOHANG, &used);
    if (ended <= 0) return;
    if (ended != place_.zygote.process()) usage_.add(used);
    if (ended != sandbox_.process) continue;
    handle_reports();
    // The init of a sandbox reports before it ends, unless it was killed, and then so was all.
    take_status(status);
    is_over_ = true;
  }
}

void Meter::handle_signals() {
  signalfd_siginfo signal{};
  while (::read(signals_.get(), &signal, sizeof(signal)) == sizeof(signal)) {
    if (signal.ssi_signo == SIGTERM) begin_end(TaskEnd::cancelled, false);
  }
  reap();
}

void Meter::signal_task(int signal) {
  if (request_.isolation == Isolation::namespace_) {
    send_pidfd_signal(sandbox_.pidfd.get(), signal);  // The init passes it on to all.
  } else {
    signal_descendants(signal, place_.zygote.process());
  }
}

void Meter::kill_task() {
  if (request_.isolation == Isolation::namespace_) {
    send_pidfd_signal(sandbox_.pidfd.get(), SIGKILL);  // The kernel ends all with the init.
  } else if (!place_.group.kill_all()) {
    signal_descendants(SIGKILL, place_.zygote.process());
  }
}

/// Starts to end the task: SIGTERM now, SIGKILL after the grace. The first order names the end.
void Meter::begin_end(TaskEnd why, bool is_at_once) {
  if (!ordered_end_) ordered_end_ = why;
  const Duration now = read_boot_clock();
  if (is_at_once) {
    kill_at_ = now;
  } else if (kill_at_ == kNeverOnBootClock) {
    signal_task(SIGTERM);
    kill_at_ = now + request_.grace;
  }
}

Duration Meter::find_next_deadline() const {
  Duration next = std::min(kill_at_, beat_at_);
  if (ordered_end_) return next;
  next = std::min(next, Duration{block_.lease_deadline.load()});
  if (is_started_ && request_.time_limit.count > 0) {
    next = std::min(next, result_.started_boottime + request_.time_limit);
  }
  return next;
}

void Meter::check_deadlines() {
  std::uint64_t ignored = 0;
  (void)!::read(timer_.get(), &ignored, sizeof(ignored));
  const Duration now = read_boot_clock();
  if (!ordered_end_) {
    // A lapsed lease ends at once: the next attempt may start after a margin that holds no grace.
    if (now.count >= block_.lease_deadline) begin_end(TaskEnd::lease_lapsed, true);
    const bool is_limited = is_started_ && request_.time_limit.count > 0;
    if (is_limited && now >= result_.started_boottime + request_.time_limit) {
      begin_end(TaskEnd::time_limit, false);
    }
  }
  if (now >= kill_at_) {
    kill_task();
    kill_at_ = now + core::milliseconds(100);  // Again, until nothing is left.
  }
  if (now >= beat_at_) beat();
}

void Meter::beat() {
  store_measured(block_, place_.group.read_measured(read_tree_use(sandbox_.process)));
  block_.seen_boot = read_boot_clock().count;
  block_.seen = read_wall_clock().micros;
  beat_at_ = read_boot_clock() + kHeartbeat;
  if (task_.control.is_removed()) begin_end(TaskEnd::cancelled, true);
}

void Meter::watch() {
  while (!is_over_) {
    if (block_.cancelled != 0) begin_end(TaskEnd::cancelled, false);
    const Duration next = find_next_deadline();
    itimerspec wake{};
    wake.it_value.tv_sec = next.count / 1'000'000;
    wake.it_value.tv_nsec = next.count % 1'000'000 * 1'000 + 1;
    ::timerfd_settime(timer_.get(), TFD_TIMER_ABSTIME, &wake, nullptr);
    pollfd watched[] = {{signals_.get(), POLLIN, 0},
                        {sandbox_.reports.get(), POLLIN, 0},
                        {output_->read_end(), POLLIN, 0},
                        {errors_->read_end(), POLLIN, 0},
                        {timer_.get(), POLLIN, 0}};
    if (::poll(watched, std::size(watched), -1) < 0) continue;
    if (watched[2].revents != 0) output_->move();
    if (watched[3].revents != 0) errors_->move();
    if (watched[1].revents != 0) handle_reports();
    if (watched[0].revents != 0) handle_signals();
    if (watched[4].revents != 0) check_deadlines();
  }
  result_.ended = read_wall_clock();
  result_.ended_boottime = read_boot_clock();
}

/// Ends what is left of the tree and takes the last figures.
void Meter::finish() {
  const pid_t zygote = place_.zygote.process();
  reap();
  if (has_children_besides(zygote)) {
    // The init of a sandbox is about to end by itself once it has reported.
    if (!has_status_ || request_.isolation == Isolation::process) kill_task();
    if (request_.isolation == Isolation::namespace_ && sandbox_.process > 0) {
      send_pidfd_signal(sandbox_.pidfd.get(), SIGKILL);
      rusage used{};
      if (::wait4(sandbox_.process, nullptr, 0, &used) > 0) usage_.add(used);
    }
    kill_descendants(zygote, usage_);
  }
  // A user that somebody chose may have things of its own.
  const bool is_tasks_user = task_.order.user && !request_.run_as;
  if (request_.isolation == Isolation::process && is_tasks_user) {
    remove_leftovers(*task_.order.user);
  }
  if (output_) output_->finish();
  if (errors_) errors_->finish();
  result_.measured = place_.group.read_measured(usage_.measured());
  const bool was_out_of_memory = place_.group.was_out_of_memory();
  if (is_started_) {
    const bool has_failed = result_.end == TaskEnd::signalled || result_.exit_code != 0;
    if (ordered_end_) {
      result_.end = *ordered_end_;
    } else if (was_out_of_memory && has_failed) {
      result_.end = TaskEnd::memory_limit;
    }
    result_.wall = result_.ended_boottime - result_.started_boottime;
  } else if (ordered_end_) {
    result_.end = *ordered_end_;
  }
  if (output_) result_.stdout_bytes = output_->written();
  if (errors_) result_.stderr_bytes = errors_->written();
  result_.log_truncated =
      (output_ && output_->is_truncated()) || (errors_ && errors_->is_truncated());
  store_measured(block_, result_.measured);
}

template <class Message>
bool read_message(const Packet& packet, Message& message) {
  if (packet.bytes.size() != sizeof(message)) return false;
  std::memcpy(static_cast<void*>(&message), packet.bytes.data(), sizeof(message));
  return true;
}

Result<MeterTask> read_task(Packet& packet) {
  MeterOrder order;
  if (!read_message(packet, order)) return {core::Reason::bad_syntax, "an order for a meter"};
  auto control = ControlFile::take(packet.take_attachment(0));
  if (!control) return control.error();
  MeterTask task{order, std::move(*control), packet.take_attachment(1), {}, {}};
  std::size_t next = 2;
  if (order.has_gang_user) task.gang_user = packet.take_attachment(next++);
  if (order.has_gang_net) task.gang_net = packet.take_attachment(next++);
  return task;
}

bool is_launcher_gone(int channel) {
  pollfd watched{channel, POLLIN, 0};
  return ::poll(&watched, 1, 0) > 0 && (watched.revents & POLLHUP) != 0;
}

/// False when the meter must not take another task.
bool run_task(Workplace& place, MeterTask task) {
  const MeterPlan& plan = place.plan;
  task.control.block().meter_pid = ::getpid();
  Meter meter(place, task);
  meter.run();
  MeterNotice notice{task.order.key, place.is_reusable()};
  // Nothing of the task may be left when its result is there.
  const bool is_resident = !place.group.joins().empty();
  if (!notice.is_reusable) {
    place.close();
  } else if (!is_resident) {
    place.group.remove();
  }
  const std::string name = make_result_name(notice.key);
  // With no launcher there is nobody else to bring the result to the disk. With one, a result that
  // a full disk refuses is told: without either the launcher makes a lost one.
  const std::string result = encode_result(meter.result());
  const auto written =
      write_file_whole(plan.tasks_folder, name, result, is_launcher_gone(plan.channel));
  task.control.close_descriptor();
  std::string bytes(reinterpret_cast<const char*>(&notice), sizeof(notice));
  if (!written) bytes += result;
  const bool is_told = send_packet(plan.channel, bytes, {}) == PacketState::done;
  if (!is_told || !notice.is_reusable) return false;
  if (!is_resident) place.make_group();
  return true;
}

/// Waits for the next order; an order that is there comes before a signal, which is for its task.
/// Closed as well when the meter is told to go or has lost its zygote: a new one would be a copy of
/// a process that has seen tasks.
PacketState wait_for_order(Workplace& place, int signals, Packet& packet) {
  const int channel = place.plan.channel;
  while (true) {
    const PacketState state = receive_packet(channel, packet);
    if (state != PacketState::none) return state;
    pollfd watched[] = {{channel, POLLIN, 0}, {signals, POLLIN, 0}};
    ::poll(watched, std::size(watched), -1);
    if (watched[0].revents != 0) continue;
    signalfd_siginfo signal{};
    while (::read(signals, &signal, sizeof(signal)) == sizeof(signal)) {
      const bool is_told_to_go = signal.ssi_signo == SIGTERM;
      if (is_told_to_go || (place.state && !place.zygote.is_alive())) return PacketState::closed;
    }
  }
}

}  // namespace

std::string make_control_name(const execution::TaskKey& key) { return to_text(key) + ".control"; }

std::string make_result_name(const execution::TaskKey& key) { return to_text(key) + ".result"; }

std::string make_group_name(const Host& host, std::int64_t meter) {
  return host.group_prefix + std::to_string(meter);
}

void run_meter(const MeterPlan& plan) {
  ::prctl(PR_SET_NAME, "intertie-meter", 0, 0, 0);
  ::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
  ::setsid();
  close_all_but(
      {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO, plan.tasks_folder, plan.notices, plan.channel});
  Workplace place(plan);
  sigset_t all;
  ::sigfillset(&all);
  const Descriptor signals(::signalfd(-1, &all, SFD_CLOEXEC | SFD_NONBLOCK));
  Packet packet;
  while (wait_for_order(place, signals.get(), packet) == PacketState::done) {
    auto task = read_task(packet);
    if (!task || !run_task(place, std::move(*task))) break;
  }
  place.close();
  ::_exit(0);
}

TaskResult make_lost_result(const execution::TaskKey& key, const ControlBlock& block) {
  TaskResult result;
  result.key = key;
  result.end = TaskEnd::lost;
  result.exit_code = 128 + SIGKILL;
  result.started.micros = block.started;
  result.started_boottime.count = block.started_boot;
  result.ended.micros = std::max(block.seen.load(), block.started.load());
  result.ended_boottime.count = std::max(block.seen_boot.load(), block.started_boot.load());
  result.wall = result.ended_boottime - result.started_boottime;
  result.measured = load_measured(block);
  result.detail = "the meter vanished; figures are those of its last heartbeat";
  return result;
}

}  // namespace intertie::execution_runners
