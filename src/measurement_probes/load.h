// Runs a piece of work on several threads at once, again and again, and turns it into rates.
#pragma once

#include <cstdint>
#include <vector>

#include "intertie/core/quantity.h"
#include "intertie/core/result.h"
#include "intertie/measurement/statement.h"

namespace intertie::measurement_probes {

/// Work that any number of threads do independently of each other.
class Load {
 public:
  virtual ~Load() = default;

  /// Called once on each thread before timing starts: touches its memory.
  virtual void prepare(int thread) = 0;

  /// Does a few milliseconds of work; returns the operations or bytes done.
  virtual std::int64_t run_chunk(int thread) = 0;

  /// Called once on each thread after timing: was the arithmetic right?
  virtual bool is_correct(int thread) const = 0;
};

struct LoadPlan {
  int threads = 1;
  int repeats = 5;
  core::Duration length;  // Of one repeat, real time. At least one chunk is run in any case.
};

/// The figures of a load: everything of measurement::Figure but what, unit and kernel. Starts
/// `threads` threads and joins them; about repeats + 1 times length (the first repeat warms up and
/// is not counted). Refuses with internal when a thread's result was wrong, not_supported when the
/// system gives no more threads.
core::Result<measurement::Figure> measure_load(Load& load, const LoadPlan& plan);

/// Median and extremes; `values` not empty. For an even count the lower middle. Pure.
measurement::Spread compute_spread(std::vector<std::int64_t> values);

/// count / duration as a whole number per second; 0 when the duration is not positive. Pure.
std::int64_t compute_rate(std::int64_t count, std::int64_t nanoseconds);

}  // namespace intertie::measurement_probes
