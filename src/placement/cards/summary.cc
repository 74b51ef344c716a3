// Means and deviations.
#include "intertie/placement/cards/summary.h"

#include <algorithm>
#include <cassert>
#include <cmath>

namespace intertie::placement::cards {

double read_bin(const std::vector<std::optional<double>>& bins, std::size_t percent) {
  for (std::size_t i = std::min(bins.size(), percent + 1); i-- > 0;) {
    if (bins[i]) return *bins[i];
  }
  return 0;
}

Summary summarise(std::span<const RunResult> runs) {
  assert(!runs.empty());
  Summary summary;
  double rejections = 0;
  double rejecting = 0;
  for (const RunResult& run : runs) {
    summary.alloc_100 += read_bin(run.allocated, 100);
    summary.alloc_130 += read_bin(run.allocated, 130);
    summary.fragmented_100 += read_bin(run.fragmented, 100);
    summary.rejected += static_cast<double>(run.rejected);
    summary.moves += static_cast<double>(run.moves);
    summary.decisions += run.decisions;
    if (run.first_rejection) rejections += *run.first_rejection;
    if (run.first_rejection) rejecting += 1;
  }
  const auto count = static_cast<double>(runs.size());
  for (double* const sum : {&summary.alloc_100, &summary.alloc_130, &summary.fragmented_100,
                            &summary.rejected, &summary.moves}) {
    *sum /= count;
  }
  if (rejecting > 0) summary.first_rejection = rejections / rejecting;
  double squares = 0;
  for (const RunResult& run : runs) {
    const double off = read_bin(run.allocated, 100) - summary.alloc_100;
    squares += off * off;
  }
  if (runs.size() > 1) summary.stddev_100 = std::sqrt(squares / (count - 1));
  return summary;
}

}  // namespace intertie::placement::cards
