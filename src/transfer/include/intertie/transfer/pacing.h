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

  /// Takes all of `wanted` bytes, whatever there is, and says when they may begin to go: when what
  /// was booked before has gone. So a line that is free makes nobody wait, and over any stretch of
  /// time at most one answer more than burst + rate * time goes. `wanted` >= 0 may be above the
  /// burst; at most 2^62 bytes may be waiting.
  core::Time book(std::int64_t wanted, core::Time now);

  /// From now on another rate; what has gathered stays.
  void set_rate(std::int64_t bytes_per_second, core::Time now);

 private:
  void refill(core::Time now);

  std::int64_t rate_;
  std::int64_t burst_;
  std::int64_t tokens_;         // Below 0: booked, and not yet covered.
  std::int64_t remainder_ = 0;  // Millionths of a byte.
  core::Time filled_;
};

}  // namespace intertie::transfer
