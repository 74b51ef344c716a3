// The rules a run request must keep, whatever the machine.
#include <algorithm>
#include <string>
#include <string_view>

#include "intertie/execution/task.h"

namespace intertie::execution {
namespace {

using core::Reason;
using core::Result;

constexpr std::size_t kPathBytesMax = 4'000;  // Below PATH_MAX (4096) with room for a file name.
constexpr std::size_t kBindsMax = core::limits::job_files_max;
constexpr std::size_t kGangSizeMax = core::limits::job_tasks_max;
// Linux refuses a single argument or variable above 128 KiB (MAX_ARG_STRLEN).
constexpr std::size_t kArgumentBytesMax = 128u * 1024u - 1;

bool has_zero_byte(std::string_view text) { return text.find('\0') != std::string_view::npos; }

/// No empty, "." or ".." component, so that a path stays where its beginning says.
bool is_plain_path(std::string_view path) {
  if (path.empty() || path.size() > kPathBytesMax || has_zero_byte(path)) return false;
  if (path.front() == '/') path.remove_prefix(1);
  while (true) {
    const std::size_t slash = path.find('/');
    const std::string_view part = path.substr(0, slash);
    if (part.empty() || part == "." || part == "..") return false;
    if (slash == std::string_view::npos) return true;
    path.remove_prefix(slash + 1);
  }
}

bool is_absolute(std::string_view path) { return path.starts_with('/'); }

Result<void> check_command(const RunRequest& request) {
  if (request.argv.empty() || request.argv.front().empty()) {
    return {Reason::bad_field, "argv: expected a command"};
  }
  if (request.argv.size() > core::limits::job_arguments_max) {
    return {Reason::too_large, "argv: more than job_arguments_max"};
  }
  for (const std::string& argument : request.argv) {
    if (argument.size() > kArgumentBytesMax) return {Reason::too_large, "argv: above 128 KiB"};
    if (has_zero_byte(argument)) return {Reason::bad_field, "argv: holds a zero byte"};
  }
  if (request.environment.size() > core::limits::job_environment_max) {
    return {Reason::too_large, "environment: more than job_environment_max"};
  }
  for (const auto& [name, value] : request.environment) {
    const bool is_name = !name.empty() && !has_zero_byte(name) && name.find('=') == name.npos;
    if (!is_name) return {Reason::bad_field, "environment: bad name"};
    if (name.size() + value.size() + 1 > kArgumentBytesMax) {
      return {Reason::too_large, "environment." + name.substr(0, 80) + ": above 128 KiB"};
    }
    if (has_zero_byte(value)) return {Reason::bad_field, "environment: holds a zero byte"};
  }
  return {};
}

Result<void> check_files(const RunRequest& request) {
  if (!is_absolute(request.folder) || !is_plain_path(request.folder)) {
    return {Reason::bad_field, "folder: expected an absolute path"};
  }
  if (!request.directory.empty() && request.directory != "/" && !is_plain_path(request.directory)) {
    return {Reason::bad_field, "directory: expected a path without . and .."};
  }
  if (request.file_view.size() > kBindsMax) {
    return {Reason::too_large, "file_view: more than job_files_max"};
  }
  for (const Bind& bind : request.file_view) {
    if (!is_plain_path(bind.source)) return {Reason::bad_field, "file_view: bad source"};
    if (!is_plain_path(bind.target)) return {Reason::bad_field, "file_view: bad target"};
    const bool is_moved = is_absolute(bind.target) && bind.target != bind.source;
    if (is_moved && request.isolation == Isolation::process) {
      return {Reason::not_supported, "file_view: another absolute path needs isolation namespace_"};
    }
  }
  return {};
}

Result<void> check_devices(const DeviceGrant& devices) {
  if (devices.nodes.size() > 4 * core::limits::devices_per_node_max) {
    return {Reason::too_large, "devices.nodes: too many"};
  }
  for (const std::string& node : devices.nodes) {
    if (!node.starts_with("/dev/") || !is_plain_path(node)) {
      return {Reason::bad_field, "devices.nodes: expected paths beneath /dev"};
    }
  }
  if (devices.indices.size() > core::limits::devices_per_node_max) {
    return {Reason::too_large, "devices.indices: more than devices_per_node_max"};
  }
  if (has_zero_byte(devices.variable) || devices.variable.find('=') != std::string::npos) {
    return {Reason::bad_field, "devices.variable: bad name"};
  }
  return {};
}

Result<void> check_limits(const RunRequest& request) {
  const auto is_in = [](std::int64_t value, std::int64_t low, std::int64_t high) {
    return low <= value && value <= high;
  };
  constexpr std::int64_t kDurationMax = core::limits::job_timeout_max.count;
  if (!is_in(request.cpus.count, 0, 1'000'000'000)) return {Reason::out_of_range, "cpus"};
  if (!is_in(request.memory.count, 0, std::int64_t{1} << 60)) {
    return {Reason::out_of_range, "memory"};
  }
  if (!is_in(request.processes_max, 1, core::limits::processes_per_task_max)) {
    return {Reason::out_of_range, "processes_max"};
  }
  if (!is_in(request.time_limit.count, 0, kDurationMax)) {
    return {Reason::out_of_range, "time_limit"};
  }
  if (request.lease && !is_in(request.lease->count, 1, kDurationMax)) {
    return {Reason::out_of_range, "lease"};
  }
  if (!is_in(request.grace.count, 0, core::minutes(10).count)) {
    return {Reason::out_of_range, "grace"};
  }
  if (!is_in(request.scratch.count, 0, std::int64_t{1} << 60)) {
    return {Reason::out_of_range, "scratch"};
  }
  if (!is_in(request.log_bytes_max.count, 0, std::int64_t{1} << 40)) {
    return {Reason::out_of_range, "log_bytes_max"};
  }
  if (request.run_as && *request.run_as == 0) {
    return {Reason::bad_field, "run_as: a task never runs as root"};
  }
  return {};
}

Result<void> check_isolation(const RunRequest& request) {
  const bool is_known =
      request.isolation == Isolation::process || request.isolation == Isolation::namespace_;
  if (is_known) return {};
  return {Reason::not_supported, "isolation: the local runner offers process and namespace_"};
}

Result<void> check_gang(const RunRequest& request) {
  if (request.network == Network::gang) {
    if (!request.gang || request.gang->network.empty()) {
      return {Reason::missing_field, "gang.network: the gang's network has no name"};
    }
    if (request.isolation == Isolation::process) {
      return {Reason::not_supported, "network gang needs isolation namespace_"};
    }
  }
  if (!request.gang) return {};
  const Gang& gang = *request.gang;
  if (gang.network.size() > 128) return {Reason::too_large, "gang.network: above 128 bytes"};
  if (gang.size < 1 || gang.size > kGangSizeMax) return {Reason::out_of_range, "gang.size"};
  if (request.key.rank >= gang.size) return {Reason::bad_field, "key.rank: not below gang.size"};
  if (!gang.peers.empty() && gang.peers.size() != gang.size) {
    return {Reason::bad_field, "gang.peers: expected one for each rank"};
  }
  const bool is_bad = std::ranges::any_of(gang.peers, [](const std::string& peer) {
    return peer.empty() || peer.size() > 256 || has_zero_byte(peer) ||
           peer.find(',') != std::string::npos;
  });
  if (is_bad) return {Reason::bad_field, "gang.peers: bad address"};
  return {};
}

}  // namespace

Result<void> check(const RunRequest& request) {
  if (auto result = check_isolation(request); !result) return result;
  if (auto result = check_command(request); !result) return result;
  if (auto result = check_files(request); !result) return result;
  if (auto result = check_devices(request.devices); !result) return result;
  if (auto result = check_limits(request); !result) return result;
  return check_gang(request);
}

}  // namespace intertie::execution
