// The whole table of the life cycle, and what walks through it can reach.
#include "intertie/execution/life_cycle.h"

#include <array>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "intertie/core/random.h"

namespace intertie::execution {
namespace {

constexpr std::array kPhases = {TaskPhase::staging, TaskPhase::ready, TaskPhase::running,
                                TaskPhase::ended, TaskPhase::collected};
constexpr std::array kSteps = {TaskStep::staged, TaskStep::started, TaskStep::ended,
                               TaskStep::aborted, TaskStep::collected};

}  // namespace

// Rows are phases and columns steps, both in order; a letter is the next phase's initial (R: ready,
// r: running) and a dot a step that cannot happen.
TEST(LifeCycle, TableIsAsDrawn) {
  constexpr std::array<std::string_view, 5> kTable = {
      "R..e.",  // staging
      ".ree.",  // ready
      "..e..",  // running
      "....c",  // ended
      ".....",  // collected
  };
  constexpr std::string_view kLetters = "sRrec";
  for (std::size_t row = 0; row < kPhases.size(); ++row) {
    for (std::size_t column = 0; column < kSteps.size(); ++column) {
      const auto next = find_next_phase(kPhases[row], kSteps[column]);
      const char letter = next ? kLetters[static_cast<std::size_t>(*next)] : '.';
      EXPECT_EQ(letter, kTable[row][column]) << "row " << row << " column " << column;
    }
  }
}

TEST(LifeCycle, EveryWalkMovesForwardAndCollectsOnlyAfterTheEnd) {
  for (std::uint64_t seed = 0; seed < 500; ++seed) {
    SCOPED_TRACE(seed);
    core::Random random(seed);
    TaskPhase phase = TaskPhase::staging;
    for (int step = 0; step < 40; ++step) {
      const auto next = find_next_phase(phase, kSteps[random.below(kSteps.size())]);
      if (!next) continue;
      EXPECT_GT(*next, phase);
      EXPECT_TRUE(*next != TaskPhase::collected || phase == TaskPhase::ended);
      phase = *next;
    }
  }
  EXPECT_TRUE(is_final(TaskPhase::collected));
  EXPECT_FALSE(is_final(TaskPhase::ended));
  EXPECT_TRUE(may_have_processes(TaskPhase::ready));  // The start may be under way.
  EXPECT_FALSE(may_have_processes(TaskPhase::ended));
}

}  // namespace intertie::execution
