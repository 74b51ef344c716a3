// Promised starts for jobs that wait: a later job may overtake, but never delays an earlier one.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "intertie/placement/horizon/horizon.h"

namespace intertie::placement::horizon {

/// What a job asks of the capacity: `amount` > 0 for `duration` > 0 slots, not before a slot.
struct Claim {
  std::int64_t amount = 0;
  std::int64_t duration = 0;
  Slot not_before = 0;
};

/// A job and when it may start; nothing if the window has no place for it.
struct Promise {
  std::uint64_t job = 0;
  std::optional<Slot> start;

  friend bool operator==(const Promise&, const Promise&) = default;
};

/// Assumes: jobs are served in the order in which they were added, and a duration is an upper limit
/// that is kept (the meter ends what runs longer).
/// Conservative backfill (Feitelson and Weil, IPPS/SPDP 1998; Mu'alem and Feitelson, IEEE TPDS
/// 12(6), 2001): each job gets the earliest start at which its claim fits beside all claims before
/// it. When a job ends early the others move forward, in order; none ever moves back.
/// Deterministic; a value; one thread at a time.
class ConservativeBackfill {
 public:
  explicit ConservativeBackfill(Horizon horizon) : horizon_(std::move(horizon)) {}

  const Horizon& horizon() const { return horizon_; }

  /// Adds a job behind all others; its id is new (asserted). Without a place in the window it waits
  /// without a promise. O(log slots) for each gap passed over.
  std::optional<Slot> add(std::uint64_t job, const Claim& claim);

  /// The promised start of a job that was added. O(log jobs).
  std::optional<Slot> get_start(std::uint64_t job) const;

  /// A job has ended, or was withdrawn, at slot `now`: what is left of its claim is free from there
  /// on. Unknown jobs are ignored. Moves nobody; call `compress`. O(log slots).
  void finish(std::uint64_t job, Slot now);

  /// Moves jobs that have not started by `now` forward where they fit, in order; those without a
  /// promise are tried again. The changed promises. O(waiting jobs * log slots) and gaps.
  std::vector<Promise> compress(Slot now);

  /// The capacity changes from `now` on (nodes lost or returned). All jobs that have not started
  /// are planned anew in order, and may now start later or have no place; running ones stay. The
  /// changed promises. O(waiting jobs * log slots) and gaps.
  std::vector<Promise> change_capacity(std::int64_t change, Slot now);

  /// Time has come to `now`: the window moves, and jobs whose claim has ended are dropped.
  void advance(Slot now);

 private:
  struct Job {
    std::uint64_t id;
    Claim claim;
    std::optional<Slot> start;
  };
  using Order = std::uint64_t;

  void place(Job& job, Slot now);
  void take_back(Job& job, Slot from);

  Horizon horizon_;
  Order next_order_ = 0;
  std::map<Order, Job> jobs_;  // In the order of arrival.
  std::map<std::uint64_t, Order> orders_;
};

}  // namespace intertie::placement::horizon
