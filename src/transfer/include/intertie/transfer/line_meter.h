// How fast data really comes over a line, and how long the way is.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <utility>

#include "intertie/core/quantity.h"
#include "intertie/core/time.h"

namespace intertie::transfer {

/// The receiver's. Counts the time in which at least one transfer is under way, once, however many
/// there are: an idle line is not a slow one. Averages over the last line_rate_window, in steps of
/// a sixteenth of it. Thread-confined; times never decrease. Every member O(1).
class LineMeter {
 public:
  /// One more transfer is under way.
  void begin(core::Time now);

  /// One of them is over and has brought so many bytes. At most one end() a begin().
  void end(core::Bytes bytes, core::Time now);

  /// Bytes that came without being asked for, such as a request's body: it began `took` ago and is
  /// here now.
  void note_arrival(core::Bytes bytes, core::Duration took, core::Time now);

  /// A question to the other end was answered after so long.
  void note_round_trip(core::Duration taken, core::Time now);

  /// Bits a second, rounded down. Nothing before line_sample_bytes_min have come within the window:
  /// a few small files say more about the delay than about the rate.
  std::optional<std::int64_t> find_rate(core::Time now);

  /// One way: half of the shortest round trip of the window. What an answer waits for on the other
  /// side is in every round trip, so the shortest is nearest.
  std::optional<core::Duration> find_delay(core::Time now);

 private:
  struct Slice {
    core::Time begun;
    core::Duration busy;
    core::Bytes bytes;
    std::optional<core::Duration> round_trip;
  };

  Slice& get_slice(core::Time now);
  core::Duration cover(core::Time from, core::Time to);

  std::deque<Slice> slices_;
  std::int64_t under_way_ = 0;
  core::Time counted_to_;  // While something is under way: what came before is in a slice.
  std::deque<std::pair<core::Time, core::Time>> counted_;  // The last busy stretches, apart.
};

}  // namespace intertie::transfer
