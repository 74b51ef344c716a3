// When what runs in this region's pools is over: soft state that placement and beacons read.
#pragma once

#include <cstdint>
#include <deque>
#include <set>
#include <utility>

#include "intertie/core/time.h"
#include "intertie/hub/events.h"
#include "intertie/hub/state.h"
#include "intertie/placement/pool_load.h"

namespace intertie::hub {

/// By pool. What the state's reservations say, kept up with the events.
class PoolLoads {
 public:
  /// Begins anew from the state. O(reservations).
  void rebuild(const State& state);

  /// The event is about to be applied: remembers which pool it is about.
  void note(const State& state, const Event& event);
  /// It has been applied. O(log reservations of the pool).
  void refresh(const State& state);

  /// Stays where it is while this object lives. `queued` is 0: who waits here waits in its order.
  const placement::PoolLoad& get(std::uint32_t pool);

 private:
  struct Row {
    std::set<std::pair<core::Time, std::uint64_t>> ends;  // With the reservation.
    placement::PoolLoad load;
  };

  Row& take_row(std::uint32_t pool);
  void note_over(const State& state, std::uint64_t reservation);
  void begin(std::uint32_t pool, core::Time end, std::uint64_t reservation);

  std::deque<Row> rows_;
  std::set<std::uint32_t> changed_;
};

/// What waits at this hub, by the time limits, spread over all its cores. O(shapes).
core::Duration compute_queued(const State& state);

}  // namespace intertie::hub
