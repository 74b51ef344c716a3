// intertie simulate: the whole grid in virtual time, with its invariants checked at every step.
#include <charconv>

#include <boost/json/array.hpp>

#include "intertie/codec/json.h"
#include "intertie/simulation/simulation.h"

#include "output/for_people.h"
#include "session/local_file.h"
#include "session/progress.h"
#include "verbs/verbs.h"

namespace intertie::cli {
namespace {

struct SeedRange {
  std::uint64_t first = 1;
  std::uint64_t last = 1;
};

core::Result<SeedRange> read_seeds(const Invocation& invocation) {
  if (!invocation.has("seeds")) {
    const auto seed = static_cast<std::uint64_t>(invocation.get_count("seed", 1));
    return SeedRange{seed, seed};
  }
  const std::string text = invocation.get("seeds", "");
  SeedRange range;
  const char* const end = text.data() + text.size();
  const auto first = std::from_chars(text.data(), end, range.first);
  const bool has_dash = first.ec == std::errc() && first.ptr != end && *first.ptr == '-';
  const auto last = has_dash ? std::from_chars(first.ptr + 1, end, range.last) : first;
  if (!has_dash || last.ec != std::errc() || last.ptr != end || range.last < range.first) {
    return {core::Reason::bad_argument, "--seeds " + text + ": expected A-B, such as 1-200"};
  }
  return range;
}

core::Result<simulation::Scenario> read_scenario(const Invocation& invocation) {
  const auto path = invocation.find("scenario");
  if (!path) return simulation::Scenario{};
  const core::Result<std::string> text =
      read_file(std::string(*path), core::limits::document_bytes_max);
  if (!text) return text.error();
  core::Result<simulation::Scenario> scenario = simulation::parse_scenario(*text);
  if (!scenario) {
    return {scenario.error().reason, std::string(*path) + ": " + scenario.error().detail};
  }
  return scenario;
}

std::vector<Cell> make_row(const simulation::SimulationReport& report) {
  std::uint64_t disturbances = 0;
  for (const auto& [kind, count] : report.disturbances) disturbances += count;
  const auto number = [](std::uint64_t value) { return Cell(std::to_string(value)); };
  return {
      number(report.seed),
      number(report.jobs_submitted),
      number(report.jobs_succeeded),
      number(report.jobs_failed),
      number(report.jobs_cancelled),
      number(report.jobs_refused),
      number(report.attempts),
      number(disturbances),
      Cell(short_duration(report.simulated), std::to_string(report.simulated.count)),
      Cell(report.state_digest.substr(report.state_digest.find(':') + 1, 12), report.state_digest),
      Cell(report.violations.empty() ? "none" : report.violations.front(),
           report.violations.empty() ? "" : report.violations.front())};
}

Listing make_listing() {
  Listing listing;
  listing.columns = {{"seed", "SEED", Align::right},
                     {"jobs", "JOBS", Align::right},
                     {"succeeded", "SUCCEEDED", Align::right},
                     {"failed", "FAILED", Align::right},
                     {"cancelled", "CANCELLED", Align::right},
                     {"refused", "REFUSED", Align::right},
                     {"attempts", "ATTEMPTS", Align::right},
                     {"disturbances", "FAULTS", Align::right},
                     {"simulated_microseconds", "SIMULATED", Align::right},
                     {"state_digest", "STATE"},
                     {"violation", "VIOLATION"}};
  return listing;
}

}  // namespace

Outcome run_simulate(const Invocation& invocation, const Terminal& terminal) {
  const core::Result<SeedRange> seeds = read_seeds(invocation);
  if (!seeds) return make_complaint(seeds.error());
  const core::Result<simulation::Scenario> scenario = read_scenario(invocation);
  if (!scenario) return make_complaint(scenario.error());
  Listing listing = make_listing();
  boost::json::array objects;
  Progress progress(terminal, "simulating");
  bool is_sound = true;
  for (std::uint64_t seed = seeds->first; seed <= seeds->last && is_sound; ++seed) {
    const core::Result<simulation::SimulationReport> report =
        simulation::run_simulation(*scenario, seed);
    if (!report) return make_complaint(report.error());
    listing.rows.push_back(make_row(*report));
    objects.push_back(codec::encode(*report));
    progress.update(seed - seeds->first + 1, seeds->last - seeds->first + 1,
                    "seed " + std::to_string(seed));
    if (report->violations.empty()) continue;
    is_sound = false;
    progress.finish();
    for (const std::string& line : report->last_lines) terminal.say(line);
    for (const std::string& line : report->violations) terminal.say("violated: " + line);
    terminal.say("again: " + report->replay_command);
  }
  progress.finish();
  terminal.show(listing, objects, "No seeds.");
  return is_sound ? kDone : kFailed;
}

}  // namespace intertie::cli
