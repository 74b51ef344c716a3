// The decision: which pool runs a job now, and why.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include <boost/describe.hpp>

#include "intertie/core/quantity.h"
#include "intertie/core/reason.h"
#include "intertie/core/time.h"
#include "intertie/placement/cost.h"
#include "intertie/placement/feasibility.h"
#include "intertie/placement/node_rooms.h"
#include "intertie/placement/pool_capacity.h"
#include "intertie/placement/pool_load.h"
#include "intertie/placement/request.h"
#include "intertie/topology/region_lines.h"
#include "intertie/topology/snapshot.h"

namespace intertie::placement {

/// What changes from second to second about a pool. A pool fits now if every source given here
/// says so; a pool with none is busy.
struct PoolView {
  topology::PoolHandle pool;
  const PoolCapacity* capacity = nullptr;  // What this hub has assigned.
  const FreeCounts* reported = nullptr;    // What a beacon, or the site's engine, said last.
  core::Duration wait;                     // Expected queue at the site; 0 or more.
  /// Pools of one kind above 0 differ in nothing but handle, site, name and identifier, and the
  /// snapshot has them: what is found for one holds for all. 0: looked at by itself.
  std::uint32_t kind = 0;
  const NodeRooms* rooms = nullptr;  // Beside `reported`: the same, node by node.
  const PoolLoad* load = nullptr;    // What a job that has no room there waits for, if known.
};

/// Where to look. `pools` is sorted by handle; pools that the snapshot does not have are skipped.
struct PlacementInput {
  const topology::Snapshot& snapshot;
  std::span<const PoolView> pools;
  core::Time now;
  const topology::RegionLines* lines = nullptr;  // Where inputs may come from; nullptr: none known.
};

/// A pool that fits now.
struct Candidate {
  topology::PoolHandle pool;
  topology::SiteHandle site;
  std::int64_t ops_per_second = 0;  // Of one task, if the job names a rate; else 0.
  CostParts cost;
  TimeParts time;
  core::Money price_max;  // Computing at the time limit, data and line.

  friend bool operator==(const Candidate&, const Candidate&) = default;
};
BOOST_DESCRIBE_STRUCT(Candidate, (), (pool, site, ops_per_second, cost, time, price_max))

/// How many pools were left out for a reason. A pool counts once, under its first reason.
struct ReasonCount {
  core::Reason reason = core::Reason::internal;
  std::int64_t pools = 0;
  friend bool operator==(const ReasonCount&, const ReasonCount&) = default;
};
BOOST_DESCRIBE_STRUCT(ReasonCount, (), (reason, pools))

/// The decision and its explanation.
struct Placement {
  std::optional<topology::PoolHandle> chosen;  // The cheapest candidate (choose_candidate).
  /// Why nothing was chosen: no_sites; busy if any pool only lacks free capacity; else
  /// deadline_impossible or price_above_limit if that alone stood against some pool; else
  /// data_policy if a pool was refused for it, else unplaceable. Empty if a pool was chosen.
  std::optional<core::Reason> verdict;
  std::int64_t pools = 0;    // Considered.
  std::int64_t fitting = 0;  // Fit now; candidates holds the best candidates_kept_max of them.
  std::vector<Candidate> candidates;  // By total cost, then by handle.
  std::vector<ReasonCount> refused;   // By order of the catalogue; counts above 0.
  /// Of the pools that only lack room, the one that costs least with the wait for it, which is
  /// priced as all delay. Nothing: the job pays nothing for delay, or nobody knows how long.
  std::optional<Candidate> awaited = std::nullopt;

  friend bool operator==(const Placement&, const Placement&) = default;
};
BOOST_DESCRIBE_STRUCT(Placement, (),
                      (chosen, verdict, pools, fitting, candidates, refused, awaited))

/// Chooses the cheapest candidate; none, with the verdict busy, if it is cheaper to wait for
/// `awaited`. Leaves a placement without candidates as it is. O(1).
void choose_candidate(Placement& placement);

/// One pool's part of the explanation, for `intertie plan`.
struct PoolVerdict {
  topology::PoolHandle pool;
  std::optional<core::Reason> reason;  // Empty: it fits.
  /// What it costs; also if only busy (with the wait for room, if known), too dear or too late.
  std::optional<Candidate> candidate;

  friend bool operator==(const PoolVerdict&, const PoolVerdict&) = default;
};
BOOST_DESCRIBE_STRUCT(PoolVerdict, (), (pool, reason, candidate))

/// What place() remembers between calls, per requirement set: the pools that are feasible, their
/// prices, and whether they had room. Purely an accelerator: results never depend on it. Belongs to
/// one chain of snapshots and one thread. About 32 bytes a feasible pool and set, and 64 a kind.
class PlacementCache {
 public:
  /// Forgets everything. Needed only if a PoolCapacity was replaced by another object without a
  /// new snapshot version, or if a requirement set's handle is given to another set.
  void clear() { sets_.clear(); }

  /// Forgets one set.
  void forget(RequirementSetHandle set);

  /// What a pool, or all of a kind, offer to the set.
  struct Offer {
    const topology::Pool* pool = nullptr;  // One of them.
    Fit fit;
    FreeCounts needs;  // Of all tasks, clamped; no scratch where the pool's is unknown.
    bool needs_devices = false;
    core::Money hourly_price;
    bool is_shared = false;
  };
  struct FeasiblePool {
    std::uint32_t view = 0;                       // Index in PlacementInput::pools.
    std::uint32_t offer = 0;                      // Index in Set::offers.
    const PoolCapacity* capacity_seen = nullptr;  // `fits_now` is about this object
    std::uint64_t capacity_version = 0;           // at this version.
    bool fits_now = false;
  };
  struct Set {
    const topology::Snapshot* snapshot = nullptr;  // Only compared. nullptr: not filled.
    std::uint64_t snapshot_version = 0;
    std::size_t view_count = 0;
    core::Time filled_at;
    core::Time valid_before;  // A measurement begins or ceases to count then.
    std::int64_t pools = 0;
    std::vector<Offer> offers;
    std::vector<FeasiblePool> feasible;
    std::vector<ReasonCount> refused;
  };

  /// The set's row, empty if new. For place(). Grows the table to `set` + 1 rows.
  Set& get_set(RequirementSetHandle set);

 private:
  std::vector<Set> sets_;
};

/// Decides. Checks feasibility (feasibility.h), then latency_too_high over the line from the users,
/// then `busy`, then deadline_impossible, then price_above_limit, prices what is left (cost.h) and
/// takes the cheapest, if waiting for room elsewhere is not cheaper; ties go to the lowest handle.
/// Requirements are canonical and checked. O(pools).
Placement place(const Requirements& requirements, const JobPreferences& preferences,
                const PlacementInput& input);

/// The same result, with a cache: for one snapshot version, `input.pools` must name the same pools
/// in the same order, and `set` always the same requirements. O(feasible pools), allocates only the
/// result.
Placement place(RequirementSetHandle set, const Requirements& requirements,
                const JobPreferences& preferences, const PlacementInput& input,
                PlacementCache& cache);

/// Every pool's verdict, in the order of `input.pools`. Agrees with place(). O(pools).
std::vector<PoolVerdict> explain_pools(const Requirements& requirements,
                                       const JobPreferences& preferences,
                                       const PlacementInput& input);

}  // namespace intertie::placement
