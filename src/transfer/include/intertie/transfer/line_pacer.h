// Who may send how much over a line when: what has a reservation keeps its rate, all else shares
// what is left.
#pragma once

#include <cstdint>
#include <map>

#include "intertie/core/time.h"
#include "intertie/transfer/pacing.h"

namespace intertie::transfer {

/// The turns of one line. A leg is a reserved rate; its transfer uses it alone, and may also have a
/// turn of what nobody has reserved, if that comes earlier. So every leg that always has something
/// to send gets at least its rate, what has none shares the rest, and over any stretch of time all
/// together is at most the line's bandwidth, the bursts (50 ms), and one answer (1 s) more.
/// Thread-confined; times never decrease.
class LinePacer {
 public:
  /// `bits_per_second` > 0.
  LinePacer(std::int64_t bits_per_second, core::Time now);

  void set_bandwidth(std::int64_t bits_per_second, core::Time now);

  /// A leg begins: its first turn comes when what was booked before on the whole line has gone. All
  /// legs together stay below the bandwidth. One that is known stays as it is.
  void put_leg(std::uint64_t leg, std::int64_t bits_per_second, core::Time now);

  /// It is over; what was booked on it goes before what is booked from now on.
  void drop_leg(std::uint64_t leg, core::Time now);

  struct Turn {
    std::int64_t bytes = 0;  // How many of the wanted ones; more than 0.
    core::Time at;           // When they may begin to go.
  };
  /// The earliest turn for some of `wanted` (> 0) bytes: at most one second of the rate. `leg` may
  /// be unknown: then as without one. Nothing is booked, and so nothing said, if it would come
  /// after `latest`: bytes is 0.
  Turn book(std::uint64_t leg, std::int64_t wanted, core::Time now, core::Time latest);

 private:
  struct Part {
    std::int64_t bits_per_second;
    Pacer pacer;
  };
  static Part make_part(std::int64_t bits_per_second, std::int64_t burst_least, core::Time now);
  static Part make_booked(std::int64_t bits_per_second, std::int64_t burst_least, core::Time now,
                          core::Time ready);
  void share_rest(core::Time now, core::Time ready);

  std::int64_t bandwidth_;
  std::int64_t reserved_ = 0;  // The sum of the legs.
  Part shared_;
  std::map<std::uint64_t, Part> legs_;
};

}  // namespace intertie::transfer
