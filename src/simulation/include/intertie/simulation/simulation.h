// The whole system under virtual time: hubs, their sites and users, and what can go wrong.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include <boost/describe.hpp>

#include "intertie/core/quantity.h"
#include "intertie/core/result.h"
#include "intertie/simulation/scenario.h"

namespace intertie::simulation {

/// What one hub has told all others about its pools (docs/formats/hub-channel.md).
struct BeaconTraffic {
  std::string region;
  std::uint64_t beacons = 0;  // Sent.
  std::uint64_t pools = 0;    // Named in them.
  /// Of their JSON, without HTTP and TLS. Full ones are counted, of the others every 16th for 16.
  std::uint64_t bytes = 0;
};
BOOST_DESCRIBE_STRUCT(BeaconTraffic, (), (region, beacons, pools, bytes))

/// What a run found. Equal seeds and scenarios give equal reports.
struct SimulationReport {
  std::uint64_t seed = 0;
  core::Duration simulated;
  std::uint64_t jobs_submitted = 0;  // Acknowledged.
  std::uint64_t jobs_succeeded = 0;
  std::uint64_t jobs_failed = 0;
  std::uint64_t jobs_cancelled = 0;
  std::uint64_t jobs_refused = 0;
  std::uint64_t attempts = 0;
  std::uint64_t usage_disputes = 0;
  std::int64_t utilisation_permille = 0;              // Of all processors, during arrivals.
  core::Duration waiting_mean;                        // From submission to the first start.
  core::Duration waiting_p95;                         // Of 100 jobs 95 waited no longer.
  core::Money cost;                                   // Paid by the users.
  std::map<std::string, std::uint64_t> disturbances;  // By kind.
  std::vector<std::string> violations;                // Empty: nothing that must hold was broken.
  std::uint64_t events = 0;                           // Steps of virtual time.
  std::uint64_t log_records = 0;                      // Of the hubs.
  std::uint64_t offers = 0;                           // One hub has asked another to reserve.
  std::uint64_t remote_attempts = 0;                  // Of them committed.
  std::vector<BeaconTraffic> beacons;                 // By hub.
  std::string state_digest;                           // Over the logs' chains and the final states.
  std::string replay_command;                         // Only with violations.
  std::vector<std::string> last_lines;  // The trace before the violation; at most 50 lines.
};
BOOST_DESCRIBE_STRUCT(SimulationReport, (),
                      (seed, simulated, jobs_submitted, jobs_succeeded, jobs_failed, jobs_cancelled,
                       jobs_refused, attempts, usage_disputes, utilisation_permille, waiting_mean,
                       waiting_p95, cost, disturbances, violations, events, log_records, offers,
                       remote_attempts, beacons, state_digest, replay_command, last_lines))

/// Runs one seed until every job has ended after the disturbances have stopped, or the first
/// violation. Refuses what check_scenario refuses. Reads no clock, file or socket, starts no
/// thread; several runs may go on in different threads. About 0.1 s for ten simulated minutes at
/// -O2.
core::Result<SimulationReport> run_simulation(const Scenario& scenario, std::uint64_t seed);

/// Plays a seed and returns the log of each hub as text, in the order of the hubs
/// (docs/formats/recorded-log.md): what every later version must still read. Refuses what
/// check_scenario refuses; store_damaged if something was broken on the way.
core::Result<std::vector<std::string>> record_logs(const Scenario& scenario, std::uint64_t seed);

/// The same arrivals on regions without peers, and on the joined grid.
struct Comparison {
  SimulationReport islands;
  SimulationReport joined;
};
BOOST_DESCRIBE_STRUCT(Comparison, (), (islands, joined))

/// Two runs of one seed. Refuses what check_scenario refuses, and a single hub.
core::Result<Comparison> compare_islands(Scenario scenario, std::uint64_t seed);

}  // namespace intertie::simulation
