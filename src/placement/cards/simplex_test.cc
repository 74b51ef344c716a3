// The solver against known programs and against trying all corners.
#include "intertie/placement/cards/simplex.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "intertie/core/random.h"

namespace intertie::placement::cards {
namespace {

TEST(Simplex, SolvesATextbookProgram) {
  // Two products, three machines; Dantzig's classic has its optimum at (2, 6) worth 36.
  const auto solution = solve({{3, 5}, {{1, 0}, {0, 2}, {3, 2}}, {4, 12, 18}});
  ASSERT_TRUE(solution);
  EXPECT_NEAR(solution->value, 36, 1e-9);
  EXPECT_NEAR(solution->x[0], 2, 1e-9);
  EXPECT_NEAR(solution->x[1], 6, 1e-9);
  EXPECT_NEAR(solution->prices[0], 0, 1e-9);
  EXPECT_NEAR(solution->prices[1], 1.5, 1e-9);
  EXPECT_NEAR(solution->prices[2], 1, 1e-9);
}

TEST(Simplex, SaysWhenNothingLimitsTheGain) {
  EXPECT_FALSE(solve({{1, 1}, {{1, -1}}, {1}}).has_value());
  EXPECT_FALSE(solve({{1}, {}, {}}).has_value());
}

TEST(Simplex, NothingToGainIsZero) {
  const auto solution = solve({{-1, 0}, {{1, 1}}, {5}});
  ASSERT_TRUE(solution);
  EXPECT_EQ(solution->value, 0);
  EXPECT_EQ(solution->x[0], 0);
}

TEST(Simplex, EndsWhereTheSteepestColumnCycles) {
  // Beale, 1955: degenerate, cycles under the plain rule. Optimum 1/20.
  const auto solution = solve({{0.75, -150, 0.02, -6},
                               {{0.25, -60, -0.04, 9}, {0.5, -90, -0.02, 3}, {0, 0, 1, 0}},
                               {0, 0, 1}});
  ASSERT_TRUE(solution);
  EXPECT_NEAR(solution->value, 0.05, 1e-9);
}

using Point = std::pair<double, double>;

/// Where two lines a x + b y = c cross.
std::optional<Point> cross(const std::array<double, 3>& one, const std::array<double, 3>& other) {
  const double determinant = one[0] * other[1] - one[1] * other[0];
  if (std::abs(determinant) < 1e-9) return std::nullopt;
  return Point{(one[2] * other[1] - one[1] * other[2]) / determinant,
               (one[0] * other[2] - one[2] * other[0]) / determinant};
}

// Oracle: the optimum of a program in two unknowns lies on a corner, so all of them are tried.
double find_best_corner(const LinearProgram& program) {
  std::vector<std::array<double, 3>> lines = {{1, 0, 0}, {0, 1, 0}};
  for (std::size_t r = 0; r < program.rows.size(); ++r) {
    lines.push_back({program.rows[r][0], program.rows[r][1], program.bounds[r]});
  }
  double best = 0;
  for (const auto& one : lines) {
    for (const auto& other : lines) {
      const std::optional<Point> point = cross(one, other);
      if (!point || point->first < -1e-9 || point->second < -1e-9) continue;
      bool holds = true;
      for (std::size_t r = 0; r < program.rows.size(); ++r) {
        holds = holds && program.rows[r][0] * point->first + program.rows[r][1] * point->second <=
                             program.bounds[r] + 1e-7;
      }
      if (!holds) continue;
      best = std::max(best, program.gain[0] * point->first + program.gain[1] * point->second);
    }
  }
  return best;
}

TEST(Simplex, FindsTheBestCorner) {
  core::Random random(7);
  for (int round = 0; round < 500; ++round) {
    LinearProgram program;
    program.gain = {static_cast<double>(random.between(-3, 9)),
                    static_cast<double>(random.between(-3, 9))};
    program.rows = {{1, 1}};  // Keeps it limited.
    program.bounds = {50};
    for (std::int64_t rows = random.between(0, 6); rows > 0; --rows) {
      program.rows.push_back(
          {static_cast<double>(random.between(-4, 9)), static_cast<double>(random.between(-4, 9))});
      program.bounds.push_back(static_cast<double>(random.between(0, 40)));
    }
    const auto solution = solve(program);
    ASSERT_TRUE(solution) << round;
    ASSERT_NEAR(solution->value, find_best_corner(program), 1e-6) << round;
    // Strong duality, and prices that cover every column: a proof that does not trust the corners.
    double paid = 0;
    for (std::size_t r = 0; r < program.rows.size(); ++r) {
      paid += solution->prices[r] * program.bounds[r];
    }
    ASSERT_NEAR(paid, solution->value, 1e-6) << round;
    for (std::size_t c = 0; c < 2; ++c) {
      double cost = 0;
      for (std::size_t r = 0; r < program.rows.size(); ++r) {
        cost += solution->prices[r] * program.rows[r][c];
      }
      ASSERT_GE(cost, program.gain[c] - 1e-6) << round;
    }
  }
}

}  // namespace
}  // namespace intertie::placement::cards
