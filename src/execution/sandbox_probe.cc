// Lines of probes.
#include "intertie/execution/sandbox_probe.h"

#include <array>
#include <charconv>
#include <system_error>

namespace intertie::execution {
namespace {

constexpr std::array<std::string_view, 3> kLandlockGuarantees = {
    "It writes nowhere but in its work folder, where its binds and devices let it, and in /dev/shm "
    "if its user is its own.",
    "It reaches no memory, environment or open file of another task's or the host's process.",
    "Running as the agent's own user it reads the system's folders and its own files alone.",
};

constexpr std::array<std::string_view, 3> kOutcomes = {"closed", "open", "untried"};

core::Result<ProbeOutcome> parse_outcome(std::string_view text) {
  for (std::size_t index = 0; index < kOutcomes.size(); ++index) {
    if (kOutcomes[index] == text) return static_cast<ProbeOutcome>(index);
  }
  return {core::Reason::bad_syntax, "probe: no such outcome"};
}

std::string_view take_field(std::string_view& line) {
  const std::size_t end = line.find('\t');
  const std::string_view field = line.substr(0, end);
  line.remove_prefix(end == std::string_view::npos ? line.size() : end + 1);
  return field;
}

}  // namespace

std::string to_text(const ProbeReport& probe) {
  const auto name = [](ProbeOutcome outcome) {
    return std::string(kOutcomes[static_cast<std::size_t>(outcome)]);
  };
  return std::to_string(probe.number) + "\t" + probe.name + "\t" + name(probe.outcome) + "\t" +
         name(probe.expected);
}

core::Result<ProbeReport> parse_probe(std::string_view line) {
  ProbeReport probe;
  const std::string_view number = take_field(line);
  const char* const end = number.data() + number.size();
  const auto read = std::from_chars(number.data(), end, probe.number);
  if (read.ec != std::errc{} || read.ptr != end || probe.number == 0) {
    return {core::Reason::bad_syntax, "probe: no number"};
  }
  probe.name = take_field(line);
  const auto outcome = parse_outcome(take_field(line));
  if (!outcome) return outcome.error();
  const auto expected = parse_outcome(line);
  if (!expected) return expected.error();
  probe.outcome = *outcome;
  probe.expected = *expected;
  return probe;
}

std::span<const std::string_view> find_landlock_guarantees() { return kLandlockGuarantees; }

}  // namespace intertie::execution
