// The simulator itself: it reads scenarios, repeats itself, and finds nothing wrong.
#include "intertie/simulation/simulation.h"

#include <fstream>
#include <sstream>
#include <string>

#include <gtest/gtest.h>

namespace intertie::simulation {
namespace {

Scenario read_scenario(const std::string& name) {
  std::ifstream file(std::string(INTERTIE_SCENARIOS) + "/" + name + ".yaml");
  std::stringstream text;
  text << file.rdbuf();
  auto scenario = parse_scenario(text.str());
  EXPECT_TRUE(scenario.has_value()) << core::to_text(scenario.error());
  return scenario.value();
}

std::uint64_t count_disturbances(const SimulationReport& report) {
  std::uint64_t count = 0;
  for (const auto& [kind, times] : report.disturbances) count += times;
  return count;
}

// Plays seeds until one fails; the message is all that is needed to play it again.
void play_seeds(const Scenario& scenario, std::uint64_t first, std::uint64_t last) {
  for (std::uint64_t seed = first; seed <= last; ++seed) {
    const auto report = run_simulation(scenario, seed);
    ASSERT_TRUE(report.has_value()) << core::to_text(report.error());
    std::string lines;
    for (const std::string& line : report->last_lines) lines += line + "\n";
    ASSERT_TRUE(report->violations.empty()) << report->violations.front() << "\n"
                                            << report->replay_command << "\n"
                                            << lines;
    EXPECT_GE(report->jobs_submitted, 200u) << "seed " << seed;
    EXPECT_GE(count_disturbances(*report), 5u) << "seed " << seed;
    EXPECT_EQ(report->jobs_succeeded + report->jobs_failed + report->jobs_cancelled,
              report->jobs_submitted)
        << "seed " << seed;
  }
}

TEST(Scenario, ReadsFilesAndRefusesNonsense) {
  EXPECT_EQ(read_scenario("default").sites.size(), 3u);
  EXPECT_EQ(read_scenario("harsh").sites.at(2).lies_permille, 500);
  EXPECT_EQ(parse_scenario("network: {lost_permille: 900}").error().reason,
            core::Reason::out_of_range);
  EXPECT_FALSE(parse_scenario("jobs: {per_minut: 3}").has_value());
}

TEST(Simulation, TheSameSeedGivesTheSameRunAndAnotherSeedAnother) {
  const Scenario scenario = read_scenario("default");
  const auto first = run_simulation(scenario, 7);
  const auto again = run_simulation(scenario, 7);
  const auto other = run_simulation(scenario, 8);
  EXPECT_FALSE(first->state_digest.empty());
  EXPECT_EQ(first->state_digest, again->state_digest);
  EXPECT_EQ(first->events, again->events);
  EXPECT_NE(first->state_digest, other->state_digest);
}

TEST(Simulation, WithoutDisturbancesEverySoundJobSucceeds) {
  Scenario scenario = read_scenario("default");
  scenario.disturbances = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
  scenario.sites.pop_back();  // The liar.
  scenario.jobs.failing_permille = scenario.jobs.endless_permille = 0;
  scenario.jobs.cancel_permille = scenario.jobs.deadline_permille = 0;
  scenario.jobs.dear_permille = 0;
  const auto report = run_simulation(scenario, 1);
  EXPECT_TRUE(report->violations.empty());
  EXPECT_EQ(report->usage_disputes, 0u);
  EXPECT_EQ(report->jobs_succeeded, report->jobs_submitted);
}

TEST(SimulationSeeds, Fast) { play_seeds(read_scenario("default"), 1, 20); }

TEST(SimulationSeeds, Harsh) { play_seeds(read_scenario("harsh"), 1, 4); }

// Run by ctest under the labels slow and long.
TEST(SimulationSeeds, DISABLED_slow) {
  play_seeds(read_scenario("default"), 1, 150);
  play_seeds(read_scenario("harsh"), 1, 50);
}

TEST(SimulationSeeds, DISABLED_long) {
  play_seeds(read_scenario("default"), 1001, 1500);
  play_seeds(read_scenario("harsh"), 1001, 1500);
}

}  // namespace
}  // namespace intertie::simulation
