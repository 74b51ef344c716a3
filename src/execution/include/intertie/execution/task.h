// What a runner is given to run one task, and what it reports when the task has ended.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/describe.hpp>

#include "intertie/core/limits.h"
#include "intertie/core/quantity.h"
#include "intertie/core/result.h"
#include "intertie/core/time.h"
#include "intertie/execution/isolation.h"

namespace intertie::execution {

/// One try at one task. Unique at a site: an older attempt never shares a key with a newer one.
struct TaskKey {
  std::uint64_t job = 0;
  std::uint32_t attempt = 0;
  std::uint32_t rank = 0;

  friend constexpr auto operator<=>(const TaskKey&, const TaskKey&) = default;
};
BOOST_DESCRIBE_STRUCT(TaskKey, (), (job, attempt, rank))

/// "job.attempt.rank" in decimal; also the stem of the runner's file names. The inverse refuses
/// everything else, leading zeros included, with bad_field.
std::string to_text(const TaskKey& key);
core::Result<TaskKey> parse_task_key(std::string_view text);
std::size_t hash_value(const TaskKey& key);

/// none: no network but the task's own loopback. gang: one private network shared by the gang's
/// ranks on this host. outside: the host's network.
using topology::Network;

/// One entry of a task's private file view. `source` is an absolute host path, or a path relative
/// to the request's folder. An absolute `target` is the path in the task and needs namespace
/// isolation, unless it is the source itself; a relative one lies in the working folder and works
/// at every level. A writable source beneath the request's folder is handed to the task's user.
struct Bind {
  std::string source;
  std::string target;
  bool read_only = true;

  friend bool operator==(const Bind&, const Bind&) = default;
};
BOOST_DESCRIBE_STRUCT(Bind, (), (source, target, read_only))

/// The devices given to a task. `variable` (such as CUDA_VISIBLE_DEVICES; empty = none) is set to
/// the comma-separated `indices`; `nodes` are absolute paths of device nodes, such as /dev/nvidia0.
struct DeviceGrant {
  std::vector<std::string> nodes;
  std::string variable;
  std::vector<std::uint32_t> indices;

  friend bool operator==(const DeviceGrant&, const DeviceGrant&) = default;
};
BOOST_DESCRIBE_STRUCT(DeviceGrant, (), (nodes, variable, indices))

/// The gang a task belongs to. `network` names the private network its ranks on one host share
/// (with Network::gang). `peers[r]` is where rank r is reached; empty = compute_peers(size).
/// The task sees INTERTIE_RANK (its key's rank), INTERTIE_SIZE and INTERTIE_PEERS (commas).
struct Gang {
  std::string network;
  std::uint32_t size = 1;
  std::vector<std::string> peers;

  friend bool operator==(const Gang&, const Gang&) = default;
};
BOOST_DESCRIBE_STRUCT(Gang, (), (network, size, peers))

/// The loopback addresses of a gang whose ranks all run on one host: 127.77.(r / 250).(r % 250 +
/// 1). The whole of 127.0.0.0/8 is local (RFC 1122, 3.2.1.3), so they need no configuration.
std::vector<std::string> compute_peers(std::uint32_t size);

/// Names inside the request's folder. The runner makes what is missing.
inline constexpr std::string_view kInputFolder = "in";   // Staged inputs; read-only to the task.
inline constexpr std::string_view kWorkFolder = "work";  // The task's own; starts there.
inline constexpr std::string_view kStdoutFile = "stdout.log";
inline constexpr std::string_view kStderrFile = "stderr.log";
/// Where a task with namespace isolation sees them. INTERTIE_IN and INTERTIE_WORK always hold the
/// paths that are right for the task, at every isolation level.
inline constexpr std::string_view kInputPath = "/in";
inline constexpr std::string_view kWorkPath = "/work";

/// Everything a runner needs; it fetches nothing. Zero means "no limit" where a comment says so.
struct RunRequest {
  TaskKey key;
  std::string folder;                              // Absolute; ready; one for each key.
  std::vector<std::string> argv;                   // argv[0] is looked up in the task's PATH.
  std::map<std::string, std::string> environment;  // Added to the runner's own small set.
  std::string directory;  // Start folder: absolute in the task, or relative to work; empty = work.
  Isolation isolation = Isolation::namespace_;  // Exactly this level, or not_supported.
  core::MilliCpus cpus{1'000};                  // Quota where cgroups allow it; 0 = none.
  core::Bytes memory{};                         // Limit where cgroups allow it; 0 = none.
  DeviceGrant devices;
  std::int64_t processes_max = 256;
  core::Duration time_limit{};              // From the command's start; 0 = none.
  std::optional<core::Duration> lease;      // From acceptance; extend_lease renews it.
  core::Duration grace = core::seconds(5);  // Between SIGTERM and SIGKILL.
  Network network = Network::none;
  std::optional<Gang> gang;
  std::vector<Bind> file_view;
  core::Bytes scratch{};  // Size of the private /tmp (namespace only); 0 = 1 GiB.
  core::Bytes log_bytes_max = core::limits::log_bytes_max;  // For each of stdout and stderr.
  std::optional<std::uint32_t> run_as;  // Used by a launcher that is root; never 0.

  friend bool operator==(const RunRequest&, const RunRequest&) = default;
};
BOOST_DESCRIBE_STRUCT(RunRequest, (),
                      (key, folder, argv, environment, directory, isolation, cpus, memory, devices,
                       processes_max, time_limit, lease, grace, network, gang, file_view, scratch,
                       log_bytes_max, run_as))

/// Checks a request against every limit and rule that needs no machine: bad_field, out_of_range,
/// too_large or not_supported (a bind to another absolute path, or a gang network, at level
/// process) with the field's name in the detail.
core::Result<void> check(const RunRequest& request);

/// How a task ended. lost: its meter vanished (the machine restarted); the figures are those of
/// the last heartbeat.
enum class TaskEnd : std::uint8_t {
  exited,
  signalled,
  time_limit,
  memory_limit,
  lease_lapsed,
  cancelled,
  start_failed,
  lost,
};
BOOST_DESCRIBE_ENUM(TaskEnd, exited, signalled, time_limit, memory_limit, lease_lapsed, cancelled,
                    start_failed, lost)

/// Where a measured figure came from, best first. none: not measured.
enum class MeterSource : std::uint8_t { none, cgroup_v2, cgroup_v1, rusage };
BOOST_DESCRIBE_ENUM(MeterSource, none, cgroup_v2, cgroup_v1, rusage)

/// What a task has used so far, over its whole tree of processes. `memory_peak` from rusage is
/// that of the largest single process. `bytes_written` counts what reached block devices.
struct Measured {
  core::Duration cpu_user;
  core::Duration cpu_system;
  core::Bytes memory_peak;
  core::Bytes bytes_written;
  MeterSource cpu_source = MeterSource::none;
  MeterSource memory_source = MeterSource::none;
  MeterSource io_source = MeterSource::none;

  friend bool operator==(const Measured&, const Measured&) = default;
};
BOOST_DESCRIBE_STRUCT(Measured, (),
                      (cpu_user, cpu_system, memory_peak, bytes_written, cpu_source, memory_source,
                       io_source))

/// What the meter writes when a task has ended. Boot-time figures count from the machine's start
/// and are not disturbed by clock changes: `wall` is their difference.
struct TaskResult {
  TaskKey key;
  TaskEnd end = TaskEnd::exited;
  std::int32_t exit_code = 0;  // Of an exited command; 128 + signal otherwise, as shells say it.
  std::int32_t signal = 0;     // That ended the command; 0 if none did.
  core::Time started;
  core::Time ended;
  core::Duration started_boottime;
  core::Duration ended_boottime;
  core::Duration wall;
  Measured measured;
  core::Bytes stdout_bytes;  // Written to the log files; a cut log is longer by its note.
  core::Bytes stderr_bytes;
  bool log_truncated = false;
  std::string detail;  // For start_failed: what could not be done.

  friend bool operator==(const TaskResult&, const TaskResult&) = default;
};
BOOST_DESCRIBE_STRUCT(TaskResult, (),
                      (key, end, exit_code, signal, started, ended, started_boottime,
                       ended_boottime, wall, measured, stdout_bytes, stderr_bytes, log_truncated,
                       detail))

/// The reason a user is told for this end; nothing for a program that exited with 0.
std::optional<core::Reason> compute_reason(const TaskResult& result);

}  // namespace intertie::execution

template <>
struct std::hash<intertie::execution::TaskKey> {
  std::size_t operator()(const intertie::execution::TaskKey& key) const noexcept {
    return intertie::execution::hash_value(key);
  }
};
