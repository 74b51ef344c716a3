// Several runs of one policy in a few figures.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "intertie/placement/cards/replay.h"

namespace intertie::placement::cards {

/// Percentages of the capacity of all cards; means over the runs.
struct Summary {
  double alloc_100 = 0;  // At 100 % arrived.
  double alloc_130 = 0;
  double stddev_100 = 0;  // Between the runs (n - 1); 0 for a single run.
  double fragmented_100 = 0;
  /// Arrived percent at the first rejection of a request for cards, of the runs that had one.
  std::optional<double> first_rejection;
  double rejected = 0;         // Requests a run.
  double moves = 0;            // Running requests moved, a run.
  std::int64_t decisions = 0;  // Of all runs together.
};

/// The mean of a bin; of the last bin before that has one if nothing arrived in it; 0 before all.
double read_bin(const std::vector<std::optional<double>>& bins, std::size_t percent);

/// At least one run (asserted).
Summary summarise(std::span<const RunResult> runs);

}  // namespace intertie::placement::cards
