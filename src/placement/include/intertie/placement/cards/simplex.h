// A small linear programming solver: dense, deterministic, for some hundred rows and columns.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

namespace intertie::placement::cards {

/// Maximise gain * x, where each row * x <= its bound and x >= 0. Every bound is >= 0, so x = 0 is
/// allowed and no first phase is needed.
struct LinearProgram {
  std::vector<double> gain;
  std::vector<std::vector<double>> rows;  // Each as long as `gain`.
  std::vector<double> bounds;             // One a row.
};

struct LinearSolution {
  double value = 0;
  std::vector<double> x;
  std::vector<double> prices;  // By row: what one more unit of its bound would gain; >= 0.
};

/// The optimum, or nothing if the gain has no limit. Primal simplex on a full tableau: the steepest
/// column (the lowest among equals), the row with the least ratio (the lowest basic variable among
/// equals); Bland's rule after a long time without progress, so it ends. Same input, same output.
/// Cost: pivots x rows x columns, typically 2 (rows + columns) pivots.
/// Source: Dantzig, "Linear Programming and Extensions", 1963; Bland, 1977.
std::optional<LinearSolution> solve(const LinearProgram& program);

}  // namespace intertie::placement::cards
