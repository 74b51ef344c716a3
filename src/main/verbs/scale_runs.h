// The runs behind `intertie bench placement-scale`: what is placed, and how long each decision
// took.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "intertie/core/result.h"
#include "intertie/placement/cards/card_engine.h"
#include "intertie/placement/scale/mix.h"

namespace intertie::cli {

/// Counts durations in steps of 1/32 of their power of two, so quantiles are at most 3 % too high;
/// a fixed 8 kB, since a list of all would be measured as the engine's memory.
class DurationCounts {
 public:
  void add(std::int64_t nanoseconds);
  std::int64_t count() const { return count_; }
  /// The duration that `permille` of all do not exceed; 0 if there are none.
  std::int64_t find_quantile(std::int64_t permille) const;

 private:
  std::array<std::int64_t, 64 * 32> counts_{};
  std::int64_t count_ = 0;
};

struct ScaleOptions {
  std::int64_t cards = 1'000'000;
  std::int64_t load_percent = 95;
  std::int64_t decisions = 2'000'000;  // Of a run with departures.
  std::uint64_t seed = 42;
  std::string policy = "intertie";
  bool allow_simd = true;
};

/// How one way of placing gangs fared in the churn.
struct GangRow {
  std::string policy;
  std::int64_t asked = 0;
  std::int64_t refused = 0;
  std::int64_t refused_large = 0;  // Gangs of 1,024 and more cards.
  double allocation_percent = 0;   // Nodes that gangs asked for, mean over the second half.
  // Of the nodes that no gang uses, those on which no gang of so many nodes could start: percent.
  double lost_48_percent = 0;
  double lost_128_percent = 0;
  double lost_1024_percent = 0;
};

struct ScaleResult {
  std::string mode;
  std::int64_t cards = 0;
  std::int64_t nodes = 0;
  std::int64_t decisions = 0;
  std::int64_t wall_nanoseconds = 0;
  std::int64_t cpu_nanoseconds = 0;
  std::int64_t rejected = 0;
  double first_rejection_percent = -1;  // Allocation then; below 0: nothing was rejected.
  double allocation_percent = 0;
  double allocation_low_percent = 0;  // Least and most while measured.
  double allocation_high_percent = 0;
  std::int64_t resident_bytes = 0;
  std::int64_t shapes = 0;  // Distinct ones in the mix.
  DurationCounts durations;
  placement::cards::EngineCounters counters;
  std::vector<GangRow> gangs;
};

/// Requests arrive until the load is reached (or 1.3 times the capacity has been asked for).
core::Result<ScaleResult> run_fill(const placement::scale::Mix& mix, const ScaleOptions& options);
/// Filled to 93 % without measuring, then arrivals and departures of random ones, 90 to 95 %.
core::Result<ScaleResult> run_churn(const placement::scale::Mix& mix, const ScaleOptions& options);
/// Gangs come and go in super-nodes, by the engine, by buddies and at random.
core::Result<ScaleResult> run_gangs(const ScaleOptions& options);

}  // namespace intertie::cli
