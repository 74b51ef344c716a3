// What runs in a pool now, and how long until there is room.
#pragma once

#include <cstdint>

#include "intertie/core/time.h"
#include "intertie/placement/pool_capacity.h"

namespace intertie::placement {

/// What is taken of a pool, and when it is free again by the time limits of what runs: at the
/// latest, and by nobody's guess.
struct PoolLoad {
  std::int64_t running = 0;  // Attempts and reservations; 0: nothing is taken.
  FreeCounts mean;           // What one of them has, on average.
  core::Time next_end;       // When the first of them is over, and the last.
  core::Time last_end;
  core::Duration queued;  // What waits at the pool's hub, spread over all that the hub has.
};

/// How long until what is needed is free: until the first is over if that is no more than it has on
/// average, else until all are; and what waits there comes first. 0 or more. O(groups).
core::Duration estimate_wait(const PoolLoad& load, const FreeCounts& needs, core::Time now);

/// What is taken of `total`, spread evenly over `running` (above 0). Never below 0.
FreeCounts compute_mean(const FreeCounts& total, const FreeCounts& free, std::int64_t running);

}  // namespace intertie::placement
