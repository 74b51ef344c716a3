// Every planted fault is found: the checks would notice a mistake of its kind.
//
// Compiled with INTERTIE_FAULTS into a target of its own; empty elsewhere.
#ifdef INTERTIE_FAULTS

#include <fstream>
#include <iostream>
#include <sstream>
#include <string>

#include <gtest/gtest.h>

#include "intertie/engine/fault.h"
#include "intertie/simulation/simulation.h"

namespace intertie::simulation {
namespace {

constexpr std::uint64_t kSeedsMax = 1000;

// Plays seeds of the scenario until a check fails.
void find(const engine::FaultName& fault, const std::string& name) {
  std::ifstream file(std::string(INTERTIE_SCENARIOS) + "/" + name + ".yaml");
  std::stringstream text;
  text << file.rdbuf();
  const Scenario scenario = parse_scenario(text.str()).value();
  for (std::uint64_t seed = 1; seed <= kSeedsMax; ++seed) {
    const auto report = run_simulation(scenario, seed);
    if (report->violations.empty()) continue;
    std::cout << fault.name << ": seed " << seed << ": " << report->violations.front() << "\n";
    EXPECT_FALSE(report->replay_command.empty());
    EXPECT_FALSE(report->last_lines.empty());
    return;
  }
  FAIL() << "not found by " << kSeedsMax << " seeds";
}

class PlantedFault : public testing::TestWithParam<engine::FaultName> {
 protected:
  void SetUp() override { engine::planted_fault() = GetParam().fault; }
  void TearDown() override { engine::planted_fault() = engine::Fault::none; }
};

class PlantedPeerFault : public PlantedFault {};

TEST_P(PlantedFault, IsFound) { find(GetParam(), "harsh"); }

TEST_P(PlantedPeerFault, IsFoundByTheGrid) {
  const engine::Fault fault = GetParam().fault;
  const bool needs_backup = fault == engine::Fault::reconciled_given_up;
  const bool needs_quarrel = fault == engine::Fault::reversal_left_out;
  const bool needs_liar = fault == engine::Fault::charge_period_believed ||
                          fault == engine::Fault::charge_amount_believed ||
                          fault == engine::Fault::charge_replay_posted ||
                          fault == engine::Fault::uncommitted_charge_paid ||
                          fault == engine::Fault::refusal_forgotten;
  const bool needs_silence =
      fault == engine::Fault::home_lease_unchecked || fault == engine::Fault::stale_beacon_trusted;
  find(GetParam(), needs_backup    ? "restored"
                   : needs_quarrel ? "quarrel3"
                   : needs_liar    ? "lying3"
                   : needs_silence ? "dead3"
                                   : "grid3");
}

INSTANTIATE_TEST_SUITE_P(All, PlantedFault, testing::ValuesIn(engine::kFaults),
                         [](const auto& fault) { return std::string(fault.param.name); });
INSTANTIATE_TEST_SUITE_P(Peers, PlantedPeerFault, testing::ValuesIn(engine::kPeerFaults),
                         [](const auto& fault) { return std::string(fault.param.name); });

}  // namespace
}  // namespace intertie::simulation

#endif  // INTERTIE_FAULTS
