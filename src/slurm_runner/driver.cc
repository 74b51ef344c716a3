// Inside a Slurm job: from the batch's plan to the reports of its tasks.
#include "intertie/slurm_runner/driver.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "intertie/codec/cbor.h"
#include "intertie/codec/json.h"
#include "intertie/core/limits.h"
#include "intertie/crypto/bytes.h"
#include "intertie/crypto/signature.h"
#include "intertie/execution_runners/local_runner.h"
#include "intertie/execution_runners/task_tree.h"
#include "intertie/execution_slurm/hosts.h"
#include "intertie/execution_slurm/plan.h"
#include "intertie/identity/envelope.h"

#include "clocks.h"
#include "line_stream.h"
#include "shared_files.h"

namespace intertie::slurm_runner {
namespace {

using core::Duration;
using core::Result;
using core::Time;
using execution::TaskEnd;
using execution::TaskKey;
using execution::TaskResult;
using execution_runners::LocalRunner;
using execution_slurm::AgentLine;
using execution_slurm::BatchKind;
using execution_slurm::BatchPlan;
using execution_slurm::DriverLine;
using execution_slurm::DriverReport;
using execution_slurm::TaskPlan;

constexpr int kConnectMilliseconds = 1'000;
constexpr Duration kLeasePatience = core::seconds(20);
constexpr Duration kReconnect = core::seconds(5);

std::string read_variable(const char* name) {
  const char* const value = ::getenv(name);
  return value == nullptr ? "" : value;
}

std::optional<std::size_t> read_number(const char* name) {
  const std::string text = read_variable(name);
  std::size_t number = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || read.ec != std::errc() || read.ptr != text.data() + text.size()) return {};
  return number;
}

/// A task that this driver has claimed.
struct Held {
  TaskPlan plan;
  std::string engine;  // Folder.
  crypto::KeyPair key;
  Time asked_at;
  std::optional<Time> lease_until;  // Boot time; only of a leased one.
  bool is_started = false;
  bool is_cancelled = false;
  Time started;
};

class Driver {
 public:
  Driver(std::string batch, BatchPlan plan) : batch_(std::move(batch)), plan_(std::move(plan)) {}

  Result<void> run();

 private:
  void choose_tasks();
  Result<void> start_launcher();
  void take_more();
  Result<bool> take(const std::string& folder);
  Result<std::optional<Held>> claim_task(const std::string& engine);
  void start_due();
  void start(Held& held);
  void add_devices(execution::RunRequest& request) const;
  void add_peers(execution::RunRequest& request) const;
  void take_events();
  void take_signals();
  void take_lines();
  void beat();
  void cancel(Held& held);
  void end(const TaskResult& result);
  void report(Held& held, DriverReport report, const char* name);
  void ask(Held& held);
  void wait();

  const std::string batch_;
  const BatchPlan plan_;
  std::string index_;  // Which of the batch's drivers this is.
  std::size_t slots_ = 1;
  std::deque<std::string> waiting_;  // Ranks' folders.
  std::map<TaskKey, Held> held_;
  std::string local_;  // The launcher's folder on this node.
  std::unique_ptr<LocalRunner> runner_;
  LineStream agent_;
  Descriptor signals_;
  bool is_terminated_ = false;
  std::uint64_t beats_ = 0;
  Time beat_at_;
  Time written_at_;  // When the last sign of life was written.
  Time connect_at_;
};

void Driver::choose_tasks() {
  std::size_t index = 0;
  if (plan_.kind == BatchKind::tasks) index = read_number("SLURM_ARRAY_TASK_ID").value_or(0);
  if (plan_.kind == BatchKind::gang) index = read_number("SLURM_PROCID").value_or(0);
  index_ = std::to_string(index);
  if (plan_.kind == BatchKind::pilot || plan_.kind == BatchKind::gang_on_node) {
    waiting_.assign(plan_.folders.begin(), plan_.folders.end());
    slots_ = plan_.kind == BatchKind::pilot ? plan_.slots : waiting_.size();
  } else if (index < plan_.folders.size()) {
    waiting_.push_back(plan_.folders[index]);
  }
}

Result<void> Driver::start_launcher() {
  std::string pattern = "/tmp/intertie-slurm-XXXXXX";
  if (::mkdtemp(pattern.data()) == nullptr) return make_errno_error(pattern);
  local_ = pattern;
  char program[4'096];
  const ssize_t length = ::readlink("/proc/self/exe", program, sizeof program);
  if (length <= 0) return make_errno_error("/proc/self/exe");
  LocalRunner::Options options;
  options.folder = local_ + "/launcher";
  options.launcher = {std::string(program, static_cast<std::size_t>(length)), "launcher",
                      "--folder", options.folder};
  auto attached = LocalRunner::attach(options);
  if (!attached) return attached.error();
  runner_ = std::move(*attached);
  return {};
}

Result<std::optional<Held>> Driver::claim_task(const std::string& engine) {
  const std::string who = plan_.name + " " + read_variable("SLURM_JOB_ID") + " " + index_ + "\n";
  const auto claimed = claim(engine, who);
  if (!claimed) return claimed.error();
  // Another job of the same batch has it, or the agent has given it up.
  if (!*claimed) return std::optional<Held>();
  auto bytes = read_shared(engine, "task.plan", core::limits::document_bytes_max);
  if (!bytes) return bytes.error();
  auto plan = codec::from_cbor<TaskPlan>(*bytes);
  remove_shared(engine, "task.plan");
  ::explicit_bzero(bytes->data(), bytes->size());
  if (!plan) return plan.error();
  const auto seed = crypto::decode_base64url(plan->seed);
  if (!seed) return seed.error();
  if (seed->size() != crypto::KeyPair::kSeedLength) {
    return core::Error{core::Reason::bad_key, "the seed of " + engine};
  }
  return std::optional<Held>(
      Held{std::move(*plan), engine, crypto::KeyPair::from_seed(*seed), {}, {}, false, false, {}});
}

Result<bool> Driver::take(const std::string& folder) {
  const std::string engine = folder + "/" + std::string(execution_slurm::kEngineFolder);
  auto held = claim_task(engine);
  if (!held) return held.error();
  if (!*held) return false;
  const TaskKey key = (*held)->plan.request.key;
  Held& kept = held_.emplace(key, std::move(**held)).first->second;
  if (kept.plan.is_leased) ask(kept);
  return true;
}

void Driver::take_more() {
  // All ranks of a gang are taken together; of a pilot's, as many as have room.
  while (!is_terminated_ && !waiting_.empty() && held_.size() < slots_) {
    const std::string folder = waiting_.front();
    waiting_.pop_front();
    if (const auto taken = take(folder); !taken) {
      std::fprintf(stderr, "%s: %s\n", folder.c_str(), core::to_text(taken.error()).c_str());
    }
  }
}

void Driver::ask(Held& held) {
  held.asked_at = read_boot_time();
  if (!agent_.is_open()) return;
  agent_.send(codec::to_json(DriverLine{held.plan.request.key, {}, held.asked_at}));
}

/// Starts what may start: at once, or when the answer about its lease has come.
void Driver::start_due() {
  const Time now = read_boot_time();
  std::vector<TaskKey> lapsed;
  for (auto& [key, held] : held_) {
    if (held.is_started) continue;
    const bool may_start = !held.plan.is_leased || (held.lease_until && *held.lease_until > now);
    if (is_terminated_ || held.is_cancelled) {
      lapsed.push_back(key);
    } else if (may_start) {
      start(held);
    } else if (now - held.asked_at > kLeasePatience) {
      lapsed.push_back(key);
    }
  }
  for (const TaskKey& key : lapsed) {
    TaskResult result;
    result.key = key;
    const bool is_cancelled = is_terminated_ || held_.at(key).is_cancelled;
    result.end = is_cancelled ? TaskEnd::cancelled : TaskEnd::lease_lapsed;
    result.exit_code = 127;
    result.detail = "before it started";
    end(result);
  }
}

/// What Slurm has given to the job stands in its environment.
void Driver::add_devices(execution::RunRequest& request) const {
  const std::string visible = read_variable("CUDA_VISIBLE_DEVICES");
  request.devices = {};
  if (visible.empty() || visible == "NoDevFiles") return;
  request.environment["CUDA_VISIBLE_DEVICES"] = visible;
  const std::string given = read_variable("SLURM_JOB_GPUS");
  std::vector<std::string> nodes = {"/dev/nvidiactl", "/dev/nvidia-uvm"};
  std::size_t at = 0;
  while (at < given.size()) {
    const std::size_t comma = std::min(given.find(',', at), given.size());
    nodes.push_back("/dev/nvidia" + given.substr(at, comma - at));
    at = comma + 1;
  }
  for (const std::string& node : nodes) {
    if (::access(node.c_str(), F_OK) == 0) request.devices.nodes.push_back(node);
  }
}

/// The ranks of a gang over several nodes find each other by the names of their nodes.
void Driver::add_peers(execution::RunRequest& request) const {
  if (plan_.kind != BatchKind::gang || !request.gang) return;
  auto hosts = execution_slurm::find_task_hosts(read_variable("SLURM_STEP_NODELIST"),
                                                read_variable("SLURM_STEP_TASKS_PER_NODE"));
  if (hosts && hosts->size() == request.gang->size) request.gang->peers = std::move(*hosts);
}

void Driver::start(Held& held) {
  held.is_started = true;
  execution::RunRequest& request = held.plan.request;
  add_devices(request);
  add_peers(request);
  request.grace = std::min(request.grace, plan_.grace);
  Duration lease = plan_.silence;
  if (held.lease_until) lease = std::min(lease, *held.lease_until - read_boot_time());
  request.lease = lease;
  request.run_as.reset();
  if (const auto asked = runner_->start(request); !asked) {
    TaskResult result;
    result.key = request.key;
    result.end = TaskEnd::start_failed;
    result.exit_code = 127;
    result.detail = core::to_text(asked.error());
    end(result);
  }
}

void Driver::report(Held& held, DriverReport report, const char* name) {
  report.key = held.plan.request.key;
  report.is_terminated = is_terminated_;
  report.slurm_job = read_variable("SLURM_JOB_ID");
  report.node = read_variable("SLURMD_NODENAME");
  const auto envelope = identity::seal_envelope(execution_slurm::kReportPayloadType,
                                                codec::to_json(report), held.key);
  if (!envelope) return;
  // The file first: what the agent was told is there after a restart of the agent.
  const auto written = write_shared(held.engine, name, *envelope, std::nullopt);
  if (!written) std::fprintf(stderr, "%s\n", core::to_text(written.error()).c_str());
  agent_.send(codec::to_json(DriverLine{report.key, *envelope, {}}));
}

void Driver::end(const TaskResult& result) {
  const auto found = held_.find(result.key);
  if (found == held_.end()) return;
  DriverReport over;
  over.started = found->second.started;
  over.result = result;
  report(found->second, std::move(over), "report.json");
  if (runner_ != nullptr) (void)runner_->acknowledge(result.key);
  held_.erase(found);
}

void Driver::take_events() {
  auto events = runner_->poll();
  if (!events) {
    // Without its launcher the tasks have meters still; their leases end them.
    std::fprintf(stderr, "%s\n", core::to_text(events.error()).c_str());
    is_terminated_ = true;
    while (!held_.empty()) {
      TaskResult result;
      result.key = held_.begin()->first;
      result.end = TaskEnd::lost;
      result.detail = "the launcher on the node has gone";
      end(result);
    }
    waiting_.clear();
    return;
  }
  for (const execution_runners::RunnerEvent& event : *events) {
    const auto found = held_.find(event.key);
    if (found == held_.end()) continue;
    if (event.result) {
      end(*event.result);
    } else {
      found->second.started = event.started;
      DriverReport begun;
      begun.started = event.started;
      report(found->second, std::move(begun), "begun.json");
    }
  }
}

void Driver::cancel(Held& held) {
  held.is_cancelled = true;
  if (held.is_started) (void)runner_->cancel(held.plan.request.key);
}

void Driver::take_signals() {
  signalfd_siginfo signal{};
  while (::read(signals_.get(), &signal, sizeof signal) == sizeof signal) {
    if (signal.ssi_signo != SIGTERM) continue;
    is_terminated_ = true;
    waiting_.clear();
    for (auto& [key, held] : held_) cancel(held);
  }
}

void Driver::take_lines() {
  for (const std::string& line : agent_.receive()) {
    const auto answer = codec::from_json<AgentLine>(line, codec::Boundary::tolerant);
    if (!answer) continue;
    const auto found = held_.find(answer->key);
    if (found == held_.end()) continue;
    if (answer->cancel) cancel(found->second);
    if (!answer->lease || !found->second.plan.is_leased) continue;
    const Time until = answer->sent + *answer->lease;
    if (until > found->second.lease_until.value_or(Time{})) found->second.lease_until = until;
  }
}

/// A sign of life; if it could be written, the tasks' own leases go on.
void Driver::beat() {
  const Time now = read_boot_time();
  if (now < beat_at_) return;
  beat_at_ = now + plan_.beat;
  if (!agent_.is_open() && !plan_.report.empty() && now >= connect_at_) {
    connect_at_ = now + kReconnect;
    if (auto connected = connect_lines(plan_.report, kConnectMilliseconds)) {
      agent_ = std::move(*connected);
    }
  }
  const std::string name = "alive." + index_;
  if (!write_shared(batch_, name, std::to_string(++beats_), std::nullopt)) return;
  for (auto& [key, held] : held_) {
    ask(held);
    if (!held.is_started) continue;
    // Counted from before the writing, so that a slow write shortens it.
    Duration lease = now + plan_.silence - read_boot_time();
    if (held.lease_until) lease = std::min(lease, *held.lease_until - read_boot_time());
    if (lease.count > 0) (void)runner_->extend_lease(key, lease);
    const std::string cancelled = held.engine + "/cancel";
    if (!held.is_cancelled && ::access(cancelled.c_str(), F_OK) == 0) cancel(held);
  }
}

void Driver::wait() {
  const Duration left = beat_at_ - read_boot_time();
  pollfd watched[] = {
      {runner_->descriptor(), POLLIN, 0}, {signals_.get(), POLLIN, 0}, {agent_.get(), POLLIN, 0}};
  if (runner_->write_pending()) watched[0].events |= POLLOUT;
  if (agent_.has_unsent()) watched[2].events |= POLLOUT;
  const auto milliseconds = std::clamp<std::int64_t>(left.count / 1'000 + 1, 1, 1'000);
  ::poll(watched, 3, static_cast<int>(milliseconds));
  if (watched[2].revents != 0) agent_.flush();
}

Result<void> Driver::run() {
  choose_tasks();
  sigset_t watched;
  ::sigemptyset(&watched);
  ::sigaddset(&watched, SIGTERM);
  ::sigaddset(&watched, SIGCONT);
  ::sigprocmask(SIG_BLOCK, &watched, nullptr);
  signals_.reset(::signalfd(-1, &watched, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!signals_.is_open()) return make_errno_error("signalfd");
  if (auto started = start_launcher(); !started) return started;
  beat();
  while (true) {
    take_more();
    start_due();
    if (held_.empty() && waiting_.empty()) break;
    wait();
    take_signals();
    take_events();
    take_lines();
    beat();
  }
  // The last words may still be on their way.
  for (int i = 0; i < 20 && agent_.has_unsent(); ++i) {
    pollfd last{agent_.get(), POLLOUT, 0};
    ::poll(&last, 1, 50);
    agent_.flush();
  }
  (void)runner_->stop(true);
  runner_.reset();
  return execution_runners::remove_tree(local_);
}

}  // namespace

int run_slurm_driver(int argc, char** argv) {
  if (argc != 2 || std::string_view(argv[0]) != "--batch") {
    std::fputs("slurm-driver: expected --batch FOLDER\n", stderr);
    return 3;
  }
  // The launcher makes itself a session of its own; as its subreaper this process stays its
  // ancestor, so that Slurm finds and ends all that belongs to the job, whatever its plug-in.
  ::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
  ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);  // Keys of tasks are in this memory.
  ::signal(SIGPIPE, SIG_IGN);
  ::umask(077);
  const std::string batch = argv[1];
  const auto text = read_shared(batch, "plan.json", core::limits::document_bytes_max);
  auto plan = text ? codec::from_json<BatchPlan>(*text, codec::Boundary::tolerant)
                   : core::Result<BatchPlan>(text.error());
  core::Result<void> done =
      plan ? Driver(batch, std::move(*plan)).run() : core::Result<void>(plan.error());
  if (done) return 0;
  std::fprintf(stderr, "slurm-driver: %s\n", core::to_text(done.error()).c_str());
  return 1;
}

}  // namespace intertie::slurm_runner
