// A token bucket: how many bytes may go now over a line of which a rate is reserved.
#pragma once

#include <cstdint>

#include "intertie/core/quantity.h"
#include "intertie/core/time.h"

namespace intertie::transfer {

/// Exact: over any stretch of time no more than burst + rate * time is granted, and what is not
/// used is lost beyond the burst. Fractions of a byte are carried, so slow rates do not starve.
/// Thread-confined; times never decrease.
class Pacer {
 public:
  /// `bytes_per_second` > 0; `burst` > 0: at most what is granted at once.
  Pacer(std::int64_t bytes_per_second, core::Bytes burst, core::Time now);

  /// How many of `wanted` bytes may go now; they are counted as gone.
  std::int64_t take(std::int64_t wanted, core::Time now);

  /// When `wanted` bytes (at most the burst) will be there, if nobody else takes any.
  core::Time get_ready_time(std::int64_t wanted, core::Time now) const;

  /// From now on another rate; what has gathered stays.
  void set_rate(std::int64_t bytes_per_second, core::Time now);

 private:
  void refill(core::Time now);

  std::int64_t rate_;
  std::int64_t burst_;
  std::int64_t tokens_;
  std::int64_t remainder_ = 0;  // Millionths of a byte.
  core::Time filled_;
};

}  // namespace intertie::transfer
