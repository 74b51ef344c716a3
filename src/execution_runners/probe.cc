// Tries the doors one after the other.
#include "probe.h"

#include <unistd.h>

#include <string>

#include "descriptor.h"
#include "landlock.h"
#include "probe_report.h"

namespace intertie::execution_runners {
namespace {

using execution::Isolation;
using execution::ProbeOutcome;
using execution::ProbeReport;

ProbeReport try_door(const Door& door, const ProbeContext& context) {
  const bool is_process = context.request.isolation == Isolation::process;
  ProbeReport report{door.number, std::string(door.name), door.try_it(context),
                     is_process ? door.at_process : door.at_namespace};
  if (is_process && context.host.landlock < door.landlock) report.expected = ProbeOutcome::open;
  return report;
}

/// What this machine has not, and what is weaker for it.
std::string describe_lacks(const Host& host) {
  std::string text;
  const auto lack_if = [&](bool is_lacking, std::string_view what) {
    if (is_lacking) text += std::string(kLackMark) + std::string(what) + "\n";
  };
  const GroupRoots& groups = host.groups;
  lack_if(!host.is_root, "root: tasks at level process run as the agent's own user");
  lack_if(host.landlock == 0,
          "Landlock (Linux 5.13): at level process a task writes wherever its user may");
  lack_if(host.landlock < kLandlockWithScopes,
          "Landlock's scopes (Linux 6.12): at level process a task reaches abstract sockets, and "
          "without root the agent by signals");
  lack_if(groups.memory.empty() && !groups.unified_has_memory,
          "a memory control group: memory is measured but not limited");
  lack_if(groups.cpu.empty() && !groups.unified_has_cpu,
          "a CPU control group: a task may use cores that it did not get");
  lack_if(groups.pids.empty() && !groups.unified_has_pids,
          "a control group for processes: they are limited by user");
  return text;
}

}  // namespace

int run_probe(const ProbeContext& context) {
  bool is_sound = true;
  std::string text = describe_lacks(context.host);
  for (const auto doors : {list_file_doors(), list_call_doors()}) {
    for (const Door& door : doors) {
      const ProbeReport report = try_door(door, context);
      is_sound = is_sound && execution::is_good(report);
      text += to_text(report) + "\n";
    }
  }
  const auto written = write_all(STDOUT_FILENO, text);
  return is_sound && written ? 0 : 1;
}

}  // namespace intertie::execution_runners
