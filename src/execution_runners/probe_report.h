// What the agent's side does for a probe: listens where the probe should not get, reads its lines.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "intertie/execution/sandbox_probe.h"
#include "intertie/execution/task.h"

#include "descriptor.h"

namespace intertie::execution_runners {

/// Before the text of something this machine lacks, in a probe's output.
inline constexpr std::string_view kLackMark = "lack\t";

/// An abstract socket and a port of the loopback, as a host has them, for as long as this lives.
class ProbeListeners {
 public:
  ProbeListeners();
  /// The variables that tell a probe of them; those that could not be opened are left out.
  const std::map<std::string, std::string>& variables() const { return variables_; }

 private:
  Descriptor local_;
  Descriptor internet_;
  std::map<std::string, std::string> variables_;
};

/// What a level's probe has shown, from how it ended and what it wrote.
execution::SandboxTrial make_trial(execution::Isolation level, const execution::TaskResult& result,
                                   std::string_view output);

}  // namespace intertie::execution_runners
