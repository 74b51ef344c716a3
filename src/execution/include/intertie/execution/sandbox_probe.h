// The probes: attempts to get out of a sandbox, made from inside by a task of its own.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <boost/describe.hpp>

#include "intertie/core/result.h"
#include "intertie/execution/isolation.h"

namespace intertie::execution {

/// What became of one attempt, from inside a task, to pass a door of its sandbox. untried: this
/// machine has no such door.
enum class ProbeOutcome : std::uint8_t { closed, open, untried };
BOOST_DESCRIBE_ENUM(ProbeOutcome, closed, open, untried)

/// One such attempt. Numbers and names are those of docs/security-sandbox.md.
struct ProbeReport {
  std::uint32_t number = 0;
  std::string name;
  ProbeOutcome outcome = ProbeOutcome::untried;
  ProbeOutcome expected = ProbeOutcome::closed;  // open: the level does not promise to close it.

  friend bool operator==(const ProbeReport&, const ProbeReport&) = default;
};
BOOST_DESCRIBE_STRUCT(ProbeReport, (), (number, name, outcome, expected))

/// False for a door that is open and should be closed.
constexpr bool is_good(const ProbeReport& probe) {
  return probe.outcome != ProbeOutcome::open || probe.expected == ProbeOutcome::open;
}

/// A probe as one line of text (tabs between its four fields), and back; bad_syntax.
std::string to_text(const ProbeReport& probe);
core::Result<ProbeReport> parse_probe(std::string_view line);

/// What else level process guarantees where the kernel has Landlock (landlock(7)).
std::span<const std::string_view> find_landlock_guarantees();

/// What really starting a probe task at one level has shown.
struct SandboxTrial {
  IsolationReport isolation;
  std::vector<ProbeReport> probes;
  std::vector<std::string> lacks;  // What this machine has not, and what is weaker for it.

  friend bool operator==(const SandboxTrial&, const SandboxTrial&) = default;
};
BOOST_DESCRIBE_STRUCT(SandboxTrial, (), (isolation, probes, lacks))

}  // namespace intertie::execution
