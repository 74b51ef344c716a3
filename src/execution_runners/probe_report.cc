#include "probe_report.h"

#include <netinet/in.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "kernel_calls.h"
#include "probe.h"

namespace intertie::execution_runners {
namespace {

using execution::Isolation;
using execution::IsolationReport;
using execution::SandboxTrial;

void add_texts(std::vector<std::string>& texts, std::span<const std::string_view> more) {
  for (const std::string_view text : more) texts.emplace_back(text);
}

void read_lines(std::string_view output, SandboxTrial& trial) {
  while (!output.empty()) {
    const std::size_t end = output.find('\n');
    const std::string_view line = output.substr(0, end);
    output.remove_prefix(end == std::string_view::npos ? output.size() : end + 1);
    if (line.starts_with(kLackMark)) {
      trial.lacks.emplace_back(line.substr(kLackMark.size()));
    } else if (auto probe = execution::parse_probe(line)) {
      trial.probes.push_back(std::move(*probe));
    }
  }
}

}  // namespace

ProbeListeners::ProbeListeners() {
  const std::string name = "intertie-probe-" + std::to_string(::getpid()) + "-" +
                           std::to_string(read_boot_clock().count);
  sockaddr_un here{};
  here.sun_family = AF_UNIX;
  name.copy(here.sun_path + 1, sizeof(here.sun_path) - 2);
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
  local_.reset(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const bool has_local = local_.is_open() &&
                         ::bind(local_.get(), reinterpret_cast<sockaddr*>(&here), size) == 0 &&
                         ::listen(local_.get(), 8) == 0;
  if (has_local) variables_[std::string(kProbeSocketVariable)] = name;
  sockaddr_in loopback{};
  loopback.sin_family = AF_INET;
  loopback.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof(loopback);
  internet_.reset(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  auto* const address = reinterpret_cast<sockaddr*>(&loopback);
  const bool has_internet =
      internet_.is_open() && ::bind(internet_.get(), address, sizeof(loopback)) == 0 &&
      ::listen(internet_.get(), 8) == 0 && ::getsockname(internet_.get(), address, &length) == 0;
  if (has_internet) {
    variables_[std::string(kProbePortVariable)] = std::to_string(ntohs(loopback.sin_port));
  }
}

SandboxTrial make_trial(Isolation level, const execution::TaskResult& result,
                        std::string_view output) {
  SandboxTrial trial;
  read_lines(output, trial);
  IsolationReport& report = trial.isolation;
  report.level = level;
  report.works = result.end == execution::TaskEnd::exited && result.exit_code == 0 &&
                 trial.probes.size() == list_file_doors().size() + list_call_doors().size();
  if (report.works) {
    add_texts(report.guarantees, execution::find_guarantees(level));
    bool has_landlock = true;  // Then what only it closes is expected to be closed.
    for (const execution::ProbeReport& probe : trial.probes) {
      has_landlock = has_landlock && (probe.number != kLandlockDoor ||
                                      probe.expected == execution::ProbeOutcome::closed);
    }
    if (level == Isolation::process && has_landlock) {
      add_texts(report.guarantees, execution::find_landlock_guarantees());
    }
    add_texts(report.gaps, execution::find_gaps(level));
    return trial;
  }
  report.failure = result.detail;
  for (const execution::ProbeReport& probe : trial.probes) {
    if (execution::is_good(probe)) continue;
    report.failure += (report.failure.empty() ? "open: " : ", ") + probe.name;
  }
  if (report.failure.empty()) report.failure = "the probe did not end as it should";
  return trial;
}

}  // namespace intertie::execution_runners
