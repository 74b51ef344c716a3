// The primal simplex method on a dense tableau.
#include "intertie/placement/cards/simplex.h"

#include <algorithm>
#include <cassert>
#include <cmath>

namespace intertie::placement::cards {
namespace {

constexpr double kTolerance = 1e-9;
constexpr std::size_t kNone = static_cast<std::size_t>(-1);

class Tableau {
 public:
  explicit Tableau(const LinearProgram& program)
      : columns_(program.gain.size()), rows_(program.rows.size()), width_(columns_ + rows_ + 1) {
    cells_.assign((rows_ + 1) * width_, 0.0);
    for (std::size_t r = 0; r < rows_; ++r) {
      assert(program.rows[r].size() == columns_ && program.bounds[r] >= 0);
      std::ranges::copy(program.rows[r], row(r));
      row(r)[columns_ + r] = 1;
      row(r)[width_ - 1] = program.bounds[r];
      basis_.push_back(columns_ + r);
    }
    for (std::size_t c = 0; c < columns_; ++c) row(rows_)[c] = -program.gain[c];
  }

  bool solve() {
    std::size_t stalled = 0;
    while (true) {
      const bool is_careful = stalled > 2 * (rows_ + columns_);
      const std::size_t column = find_column(is_careful);
      if (column == kNone) return true;
      const std::size_t leaving = find_row(column);
      if (leaving == kNone) return false;
      const double before = row(rows_)[width_ - 1];
      pivot(leaving, column);
      stalled = row(rows_)[width_ - 1] > before + kTolerance ? 0 : stalled + 1;
    }
  }

  LinearSolution read() const {
    LinearSolution solution{row(rows_)[width_ - 1], std::vector<double>(columns_, 0.0), {}};
    for (std::size_t r = 0; r < rows_; ++r) {
      if (basis_[r] < columns_) solution.x[basis_[r]] = row(r)[width_ - 1];
      solution.prices.push_back(std::max(row(rows_)[columns_ + r], 0.0));
    }
    return solution;
  }

 private:
  double* row(std::size_t r) { return cells_.data() + r * width_; }
  const double* row(std::size_t r) const { return cells_.data() + r * width_; }

  std::size_t find_column(bool is_careful) const {
    std::size_t best = kNone;
    double steepest = -kTolerance;
    for (std::size_t c = 0; c + 1 < width_; ++c) {
      if (row(rows_)[c] >= steepest) continue;
      best = c;
      steepest = row(rows_)[c];
      if (is_careful) break;
    }
    return best;
  }

  std::size_t find_row(std::size_t column) const {
    std::size_t best = kNone;
    double least = 0;
    for (std::size_t r = 0; r < rows_; ++r) {
      if (row(r)[column] <= kTolerance) continue;
      const double ratio = row(r)[width_ - 1] / row(r)[column];
      const bool is_less = best == kNone || ratio < least - kTolerance;
      const bool is_tie = !is_less && ratio <= least + kTolerance;
      if (!is_less && !(is_tie && basis_[r] < basis_[best])) continue;
      least = best == kNone ? ratio : std::min(ratio, least);
      best = r;
    }
    return best;
  }

  void pivot(std::size_t leaving, std::size_t column) {
    double* const source = row(leaving);
    const double factor = source[column];
    for (std::size_t c = 0; c < width_; ++c) source[c] /= factor;
    for (std::size_t r = 0; r <= rows_; ++r) {
      double* const target = row(r);
      const double times = target[column];
      if (r == leaving || times == 0) continue;
      for (std::size_t c = 0; c < width_; ++c) target[c] -= times * source[c];
      target[column] = 0;
    }
    basis_[leaving] = column;
  }

  std::size_t columns_;
  std::size_t rows_;
  std::size_t width_;
  std::vector<double> cells_;
  std::vector<std::size_t> basis_;
};

}  // namespace

std::optional<LinearSolution> solve(const LinearProgram& program) {
  assert(program.rows.size() == program.bounds.size());
  Tableau tableau(program);
  if (!tableau.solve()) return std::nullopt;
  return tableau.read();
}

}  // namespace intertie::placement::cards
