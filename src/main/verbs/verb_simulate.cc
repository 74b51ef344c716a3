// intertie simulate: the whole grid in virtual time, with its invariants checked at every step.
#include <algorithm>

#include <boost/json/array.hpp>

#include "intertie/codec/json.h"
#include "intertie/simulation/simulation.h"

#include "command_line/seed_range.h"
#include "output/for_people.h"
#include "session/local_file.h"
#include "session/progress.h"
#include "verbs/verbs.h"

namespace intertie::cli {
namespace {

core::Result<SeedRange> read_seeds(const Invocation& invocation) {
  if (!invocation.has("seeds")) {
    const auto seed = static_cast<std::uint64_t>(invocation.get_count("seed", 1));
    return SeedRange{seed, seed};
  }
  return parse_seed_range(invocation.get("seeds", ""));
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

Listing make_seed_listing() {
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

std::string show_share(std::int64_t permille) {
  return std::to_string(permille / 10) + "." + std::to_string(permille % 10) + " %";
}

// To the cent, which is enough to compare.
std::string show_money(core::Money money) {
  return money_text({money.count / 10'000 * 10'000}, "CNY");
}

std::vector<Cell> make_compared(const char* what, const simulation::SimulationReport& report) {
  const auto number = [](std::uint64_t value) { return Cell(std::to_string(value)); };
  const auto duration = [](core::Duration value) {
    return Cell(short_duration(value), std::to_string(value.count));
  };
  return {
      Cell(what),
      number(report.jobs_submitted),
      number(report.jobs_refused),
      number(report.jobs_succeeded),
      number(report.remote_attempts),
      Cell(show_share(report.utilisation_permille), std::to_string(report.utilisation_permille)),
      duration(report.waiting_mean),
      duration(report.waiting_p95),
      Cell(show_money(report.cost), std::to_string(report.cost.count))};
}

// The same arrivals twice: on regions that are no peers, and on the grid.
Outcome run_compare(const simulation::Scenario& scenario, std::uint64_t seed,
                    const Terminal& terminal) {
  const core::Result<simulation::Comparison> both = simulation::compare_islands(scenario, seed);
  if (!both) return make_complaint(both.error());
  Listing listing;
  listing.columns = {{"regions", "REGIONS"},
                     {"jobs", "JOBS", Align::right},
                     {"refused", "REFUSED", Align::right},
                     {"succeeded", "SUCCEEDED", Align::right},
                     {"elsewhere", "ELSEWHERE", Align::right},
                     {"utilisation_permille", "USED", Align::right},
                     {"waiting_mean_microseconds", "MEAN WAIT", Align::right},
                     {"waiting_p95_microseconds", "P95 WAIT", Align::right},
                     {"cost_micros", "COST", Align::right}};
  listing.rows = {make_compared("islands", both->islands), make_compared("joined", both->joined)};
  boost::json::array objects{codec::encode(*both)};
  bool is_sound = true;
  for (const auto* report : {&both->islands, &both->joined}) {
    for (const std::string& line : report->violations) terminal.say("violated: " + line);
    is_sound = is_sound && report->violations.empty();
  }
  terminal.show(listing, objects, "Nothing to compare.");
  return is_sound ? kDone : kFailed;
}

// What the hubs told each other of their pools, for one hub.
void say_beacons(const simulation::SimulationReport& report, const Terminal& terminal) {
  if (report.beacons.size() < 2) return;
  std::uint64_t beacons = 0;
  std::uint64_t bytes = 0;
  std::uint64_t most = 0;
  for (const simulation::BeaconTraffic& hub : report.beacons) {
    beacons += hub.beacons;
    bytes += hub.bytes;
    most = std::max(most, hub.bytes);
  }
  const auto minutes = static_cast<std::uint64_t>(
      std::max<std::int64_t>(1, report.simulated.count / core::minutes(1).count));
  const std::uint64_t all = report.beacons.size() * minutes;
  terminal.say("seed " + std::to_string(report.seed) + ": a hub sent " +
               std::to_string(beacons / all) + " beacons a minute, " + std::to_string(bytes / all) +
               " bytes; at most " + std::to_string(most / minutes) + " bytes");
}

}  // namespace

Outcome run_simulate(const Invocation& invocation, const Terminal& terminal) {
  const core::Result<SeedRange> seeds = read_seeds(invocation);
  if (!seeds) return make_complaint(seeds.error());
  const core::Result<simulation::Scenario> scenario = read_scenario(invocation);
  if (!scenario) return make_complaint(scenario.error());
  if (invocation.has("compare")) return run_compare(*scenario, seeds->first, terminal);
  Listing listing = make_seed_listing();
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
    say_beacons(*report, terminal);
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
