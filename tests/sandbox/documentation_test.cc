// The page for operators says of every probe and every attack what the code promises.
#include <fstream>
#include <sstream>
#include <string>

#include <gtest/gtest.h>

#include "attack_list.h"
#include "probe.h"

namespace intertie::attack {
namespace {

std::string read_page() {
  std::ifstream file(SANDBOX_PAGE);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

TEST(SandboxPage, TellsEveryAttackAndItsPromise) {
  const std::string page = read_page();
  for (const Attack& attack : list_attacks()) {
    const auto tell = [](Promise promise) {
      return promise == Promise::held ? "held" : "not promised";
    };
    const std::string row = "| `" + std::string(attack.name) + "` | " + tell(attack.at_process) +
                            " | " + tell(attack.at_namespace) + " |";
    EXPECT_NE(page.find(row), std::string::npos) << row;
  }
}

TEST(SandboxPage, TellsEveryProbeAndItsPromise) {
  const std::string page = read_page();
  const auto tell = [](execution::ProbeOutcome outcome) {
    return outcome == execution::ProbeOutcome::closed ? "closed" : "open";
  };
  for (const auto doors :
       {execution_runners::list_file_doors(), execution_runners::list_call_doors()}) {
    for (const auto& door : doors) {
      const std::string row = "| " + std::to_string(door.number) + " | " + std::string(door.name) +
                              " | " + tell(door.at_process) + " | " + tell(door.at_namespace) +
                              " |";
      EXPECT_NE(page.find(row), std::string::npos) << row;
    }
  }
}

TEST(SandboxPage, TellsEveryGuaranteeAndGap) {
  const std::string page = read_page();
  for (const auto level : {execution::Isolation::process, execution::Isolation::namespace_}) {
    for (const auto texts : {execution::find_guarantees(level), execution::find_gaps(level),
                             execution::find_landlock_guarantees()}) {
      for (const auto text : texts) {
        EXPECT_NE(page.find("- " + std::string(text) + "\n"), std::string::npos) << text;
      }
    }
  }
}

}  // namespace
}  // namespace intertie::attack
