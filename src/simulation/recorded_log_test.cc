// Writes the logs that a released version leaves in the tree (docs/formats/recorded-log.md):
//   INTERTIE_RECORD=tests/recorded_logs/VERSION simulation_test
//     --gtest_also_run_disabled_tests --gtest_filter=RecordedLogs.*
#include <cstdlib>
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

#include "intertie/simulation/simulation.h"

namespace intertie::simulation {
namespace {

TEST(RecordedLogs, DISABLED_Write) {
  const char* folder = std::getenv("INTERTIE_RECORD");
  ASSERT_NE(folder, nullptr);
  std::ifstream file(INTERTIE_SCENARIOS "/recorded3.yaml");
  std::stringstream text;
  text << file.rdbuf();
  const auto scenario = parse_scenario(text.str());
  ASSERT_TRUE(scenario.has_value()) << core::to_text(scenario.error());
  const auto logs = record_logs(*scenario, 1);
  ASSERT_TRUE(logs.has_value()) << core::to_text(logs.error());
  for (std::size_t hub = 0; hub < logs->size(); ++hub) {
    std::ofstream(std::string(folder) + "/hub" + std::to_string(hub) + ".log")
        << "# Hub " << hub << " of recorded3.yaml, seed 1.\n"
        << (*logs)[hub];
  }
}

}  // namespace
}  // namespace intertie::simulation
