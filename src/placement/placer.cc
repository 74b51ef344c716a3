// The decision over all pools.
#include "intertie/placement/placer.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "intertie/core/limits.h"

#include "wide.h"

namespace intertie::placement {
namespace {

using core::Duration;
using core::Money;
using core::Reason;
using Feasible = PlacementCache::FeasiblePool;
using Offer = PlacementCache::Offer;

/// What one call is about.
struct Query {
  const Requirements& requirements;
  const JobPreferences& preferences;
  const PlacementInput& input;
  /// Bringing the inputs to a region costs the same for all its pools. There are few regions.
  mutable std::vector<std::pair<const std::string*, Movement>> movements{};
};

Movement move_inputs(const Query& query, const topology::Pool& pool) {
  const JobPreferences& preferences = query.preferences;
  if (preferences.inputs.empty()) return {};
  auto known = std::ranges::find_if(
      query.movements, [&](const auto& movement) { return *movement.first == pool.region; });
  if (known == query.movements.end()) {
    known = query.movements.insert(
        known, {&pool.region, compute_region_movement(preferences, pool.region, query.input.lines,
                                                      query.input.now)});
  }
  return compute_input_movement(preferences, pool, known->second);
}

void add_refusal(std::vector<ReasonCount>& refused, Reason reason, std::int64_t pools = 1) {
  if (pools == 0) return;
  const auto at = std::ranges::lower_bound(refused, reason, {}, &ReasonCount::reason);
  if (at != refused.end() && at->reason == reason) {
    at->pools += pools;
  } else {
    refused.insert(at, {reason, pools});
  }
}

bool fits_reported(const FreeCounts& free, const Offer& offer) {
  const FreeCounts& needs = offer.needs;
  if (needs.cpus > free.cpus || needs.memory > free.memory) return false;
  if (needs.scratch.count > 0 && needs.scratch > free.scratch) return false;
  if (!offer.needs_devices) return true;
  for (std::size_t group = 0; group < needs.devices.size(); ++group) {
    if (needs.devices[group] > free.devices[group]) return false;
  }
  return true;
}

/// Whether the pool has room now. Remembers the answer of a PoolCapacity for its version.
bool fits_now(Feasible& feasible, const Offer& offer, const PoolView& view, std::int64_t tasks) {
  const TaskShape& shape = offer.fit.shape;
  if (view.capacity == nullptr && view.reported == nullptr) return false;
  if (view.reported != nullptr && !fits_reported(*view.reported, offer)) return false;
  if (view.rooms != nullptr && !view.rooms->can_take(shape, tasks)) return false;
  if (view.capacity == nullptr) return true;
  const bool is_known = feasible.capacity_seen == view.capacity &&
                        feasible.capacity_version == view.capacity->version();
  if (!is_known) {
    feasible.capacity_seen = view.capacity;
    feasible.capacity_version = view.capacity->version();
    feasible.fits_now = view.capacity->can_reserve(shape, tasks);
  }
  return feasible.fits_now;
}

Candidate make_candidate(const Query& query, const Offer& offer, Duration wait) {
  const topology::Pool& pool = *offer.pool;
  const JobPreferences& preferences = query.preferences;
  const Movement inputs = move_inputs(query, pool);
  const Movement output =
      compute_movement(preferences.output, pool.user_line.bandwidth_bits_per_second,
                       pool.user_line.latency_ms, pool.user_line.price_per_gigabyte);
  Candidate candidate;
  candidate.pool = pool.handle;
  candidate.site = pool.site;
  candidate.ops_per_second = offer.fit.ops_per_second;
  TimeParts& time = candidate.time;
  time.wait = wait;
  time.move = inputs.time;
  time.run = compute_run_time(query.requirements, preferences, offer.fit.ops_per_second);
  time.send_output = output.time;
  const std::int64_t until_end = add_clamped(add_clamped(time.wait.count, time.move.count),
                                             add_clamped(time.run.count, time.send_output.count));
  CostParts& cost = candidate.cost;
  cost.computing = compute_price(offer.hourly_price, std::max(time.run, pool.price.minimum));
  cost.data = inputs.price;
  cost.line = output.price;
  cost.delay = compute_price(preferences.price_per_hour_of_delay, Duration{until_end});
  const std::int64_t moving = add_clamped(cost.data.count, cost.line.count);
  cost.total = {add_clamped(add_clamped(cost.computing.count, cost.delay.count), moving)};
  const Money highest =
      compute_price(offer.hourly_price, std::max(preferences.time_limit, pool.price.minimum));
  candidate.price_max = {add_clamped(highest.count, moving)};
  return candidate;
}

/// Until the job could start in a pool that has no room now.
Duration wait_for_room(const Query& query, const Offer& offer, const PoolView& view) {
  if (view.load == nullptr || view.load->running == 0) return view.wait;
  const Duration wait = estimate_wait(*view.load, offer.needs, query.input.now);
  return {add_clamped(view.wait.count, wait.count)};
}

/// The pool itself is near enough to the users of its region (check_feasibility).
bool is_too_far(const Query& query, const topology::Pool& pool) {
  const auto limit = query.requirements.latency_max_ms;
  return limit && compute_user_latency(query.preferences.user_region, pool, query.input.lines,
                                       query.input.now) > *limit;
}

/// Why a candidate that has room is not wanted.
std::optional<Reason> find_refusal(const Query& query, const Candidate& candidate) {
  const JobPreferences& preferences = query.preferences;
  if (preferences.deadline) {
    // The job has ended when it has run; its output may arrive later.
    const TimeParts& time = candidate.time;
    const std::int64_t until_end =
        add_clamped(add_clamped(time.wait.count, time.move.count), time.run.count);
    std::int64_t left = 0;
    const bool is_far =
        __builtin_sub_overflow(preferences.deadline->micros, query.input.now.micros, &left);
    if (!is_far && until_end > left) return Reason::deadline_impossible;
  }
  if (preferences.price_max && candidate.price_max > *preferences.price_max) {
    return Reason::price_above_limit;
  }
  return std::nullopt;
}

bool is_among_best(const std::vector<Candidate>& best, const Candidate& candidate) {
  return best.size() < core::limits::candidates_kept_max ||
         candidate.cost.total < best.back().cost.total;
}

/// Keeps the best candidates in order. Pools come by handle, so equals stay in that order. The
/// candidate is among the best.
void insert_candidate(std::vector<Candidate>& best, const Candidate& candidate) {
  const auto total = [](const Candidate& c) { return c.cost.total; };
  if (best.size() == core::limits::candidates_kept_max) best.pop_back();
  best.insert(std::ranges::upper_bound(best, total(candidate), {}, total), candidate);
}

Offer make_offer(const topology::Pool& pool, const Fit& fit, const Requirements& requirements) {
  Offer offer;
  offer.pool = &pool;
  offer.fit = fit;
  offer.hourly_price = compute_hourly_price(requirements, pool.price);
  const TaskShape& shape = fit.shape;
  const std::int64_t tasks = requirements.tasks;
  offer.needs.cpus = {multiply_divide(shape.cpus.count, tasks, 1)};
  offer.needs.memory = {multiply_divide(shape.memory.count, tasks, 1)};
  if (pool.scratch.count > 0) {
    offer.needs.scratch = {multiply_divide(shape.scratch.count, tasks, 1)};
  }
  for (std::size_t group = 0; group < shape.devices.size(); ++group) {
    offer.needs.devices[group] = shape.devices[group] * tasks;
    offer.needs_devices = offer.needs_devices || shape.devices[group] > 0;
  }
  return offer;
}

/// The first instant after `now` at which a measurement begins or ceases to count.
core::Time find_next_change(const topology::Pool& pool, core::Time now) {
  if (!pool.capability) return core::kNever;
  if (pool.capability->measured_at > now) return pool.capability->measured_at;
  return pool.capability->expires > now ? pool.capability->expires : core::kNever;
}

/// What a fill has found out about a kind. Sites are not part of a kind.
struct KindFound {
  bool is_known = false;
  std::optional<Reason> reason;
  std::uint32_t offer = 0;
};

class Filler {
 public:
  Filler(PlacementCache::Set& set, const Query& query)
      : set_(set),
        query_(query),
        heeds_sites_(!query.requirements.sites_excluded.empty() ||
                     !query.requirements.own_sites.empty()) {}

  void add(std::size_t view) {
    const PoolView& row = query_.input.pools[view];
    const std::uint32_t kind = heeds_sites_ ? 0 : row.kind;
    if (kind >= kinds_.size()) kinds_.resize(kind + 1);
    KindFound& found = kinds_[kind];
    if (!found.is_known) {
      const topology::Pool* pool = query_.input.snapshot.find_pool(row.pool);
      if (pool == nullptr) return;
      found = judge(*pool);
      found.is_known = kind != 0;
    }
    ++set_.pools;
    if (found.reason) return add_refusal(set_.refused, *found.reason);
    set_.offers[found.offer].is_shared = kind != 0;
    Feasible feasible;
    feasible.view = static_cast<std::uint32_t>(view);
    feasible.offer = found.offer;
    set_.feasible.push_back(feasible);
  }

 private:
  KindFound judge(const topology::Pool& pool) {
    const core::Time now = query_.input.now;
    set_.valid_before = std::min(set_.valid_before, find_next_change(pool, now));
    const auto checked = check_feasibility(pool, query_.requirements, now);
    if (const Reason* reason = std::get_if<Reason>(&checked)) return {false, *reason, 0};
    set_.offers.push_back(make_offer(pool, std::get<Fit>(checked), query_.requirements));
    return {false, std::nullopt, static_cast<std::uint32_t>(set_.offers.size() - 1)};
  }

  PlacementCache::Set& set_;
  const Query& query_;
  bool heeds_sites_;
  std::vector<KindFound> kinds_;
};

void fill(PlacementCache::Set& set, const Query& query) {
  const PlacementInput& input = query.input;
  assert(std::ranges::is_sorted(input.pools, {}, &PoolView::pool));
  set.snapshot = &input.snapshot;
  set.snapshot_version = input.snapshot.version();
  set.view_count = input.pools.size();
  set.filled_at = input.now;
  set.valid_before = core::kNever;
  set.pools = 0;
  set.offers.clear();
  set.feasible.clear();
  set.refused.clear();
  Filler filler(set, query);
  for (std::size_t view = 0; view < input.pools.size(); ++view) filler.add(view);
}

bool is_current(const PlacementCache::Set& set, const PlacementInput& input) {
  return set.snapshot == &input.snapshot && set.snapshot_version == input.snapshot.version() &&
         set.view_count == input.pools.size() && set.filled_at <= input.now &&
         input.now < set.valid_before;
}

/// A pool that only the data's policy forbids would do otherwise.
Reason find_static_verdict(const std::vector<ReasonCount>& refused) {
  const bool is_by_policy =
      std::ranges::find(refused, Reason::data_policy, &ReasonCount::reason) != refused.end();
  return is_by_policy ? Reason::data_policy : Reason::unplaceable;
}

/// By offer; empty: none is.
std::vector<bool> find_too_far(const PlacementCache::Set& set, const Query& query) {
  std::vector<bool> far;
  if (!query.requirements.latency_max_ms) return far;
  for (const Offer& offer : set.offers) far.push_back(is_too_far(query, *offer.pool));
  return far;
}

/// A candidate and what stands against it, if anything does.
struct Priced {
  Candidate candidate;
  std::optional<Reason> reason;
};

/// Prices one offer after the other, what pools share only once.
class Pricer {
 public:
  Pricer(const PlacementCache::Set& set, const Query& query) : set_(set), query_(query) {}

  /// Of this pool; handle and site of the candidate are those of any pool of the kind. Valid until
  /// the next call.
  const Priced& get(const Feasible& feasible) {
    const Offer& offer = set_.offers[feasible.offer];
    const Duration wait = query_.input.pools[feasible.view].wait;
    if (!offer.is_shared) return last_ = price(offer, wait);
    if (shared_.empty()) shared_.resize(set_.offers.size());
    std::optional<Priced>& known = shared_[feasible.offer];
    if (!known || known->candidate.time.wait != wait) known = price(offer, wait);
    return *known;
  }

 private:
  Priced price(const Offer& offer, Duration wait) const {
    Priced priced{make_candidate(query_, offer, wait), std::nullopt};
    priced.reason = find_refusal(query_, priced.candidate);
    return priced;
  }

  const PlacementCache::Set& set_;
  const Query& query_;
  std::vector<std::optional<Priced>> shared_;  // By offer.
  Priced last_;
};

/// The candidate of exactly this pool.
Candidate name_pool(Candidate candidate, const PlacementInput& input, topology::PoolHandle pool) {
  if (candidate.pool == pool) return candidate;
  candidate.pool = pool;
  candidate.site = input.snapshot.find_pool(pool)->site;
  return candidate;
}

/// Remembers the pool, which has no room now, if none before is cheaper to wait for.
void consider_waiting(const Query& query, const Offer& offer, const PoolView& view,
                      std::optional<Candidate>& awaited) {
  if (query.preferences.price_per_hour_of_delay.count == 0) return;
  if (view.load == nullptr || view.load->running == 0) return;
  Candidate candidate = make_candidate(query, offer, wait_for_room(query, offer, view));
  if (awaited && awaited->cost.total <= candidate.cost.total) return;
  if (find_refusal(query, candidate)) return;
  awaited = name_pool(std::move(candidate), query.input, view.pool);
}

Placement decide(PlacementCache::Set& set, const Query& query) {
  Placement placement;
  placement.pools = set.pools;
  placement.candidates.reserve(core::limits::candidates_kept_max);
  std::int64_t far = 0;
  std::int64_t busy = 0;
  std::int64_t late = 0;
  std::int64_t dear = 0;
  const std::vector<bool> too_far = find_too_far(set, query);
  Pricer pricer(set, query);
  for (Feasible& feasible : set.feasible) {
    const PoolView& view = query.input.pools[feasible.view];
    if (!too_far.empty() && too_far[feasible.offer]) {
      ++far;
      continue;
    }
    if (!fits_now(feasible, set.offers[feasible.offer], view, query.requirements.tasks)) {
      ++busy;
      consider_waiting(query, set.offers[feasible.offer], view, placement.awaited);
      continue;
    }
    const Priced& priced = pricer.get(feasible);
    if (priced.reason) {
      ++(*priced.reason == Reason::deadline_impossible ? late : dear);
      continue;
    }
    ++placement.fitting;
    if (is_among_best(placement.candidates, priced.candidate)) {
      insert_candidate(placement.candidates, name_pool(priced.candidate, query.input, view.pool));
    }
  }
  placement.refused = set.refused;
  add_refusal(placement.refused, Reason::latency_too_high, far);
  add_refusal(placement.refused, Reason::busy, busy);
  add_refusal(placement.refused, Reason::deadline_impossible, late);
  add_refusal(placement.refused, Reason::price_above_limit, dear);
  if (!placement.candidates.empty()) {
    choose_candidate(placement);
  } else {
    placement.verdict = set.pools == 0 ? Reason::no_sites
                        : busy > 0     ? Reason::busy
                        : late > 0     ? Reason::deadline_impossible
                        : dear > 0     ? Reason::price_above_limit
                                       : find_static_verdict(set.refused);
  }
  return placement;
}

}  // namespace

void choose_candidate(Placement& placement) {
  if (placement.candidates.empty()) return;
  const Candidate& cheapest = placement.candidates.front();
  const bool is_waiting_cheaper =
      placement.awaited && placement.awaited->cost.total < cheapest.cost.total;
  placement.chosen = is_waiting_cheaper ? std::nullopt : std::optional(cheapest.pool);
  placement.verdict = is_waiting_cheaper ? std::optional(Reason::busy) : std::nullopt;
}

void PlacementCache::forget(RequirementSetHandle set) {
  if (set.index < sets_.size()) sets_[set.index] = Set{};
}

PlacementCache::Set& PlacementCache::get_set(RequirementSetHandle set) {
  assert(set.index < core::limits::requirement_sets_max);
  if (set.index >= sets_.size()) sets_.resize(std::size_t{set.index} + 1);
  return sets_[set.index];
}

Placement place(const Requirements& requirements, const JobPreferences& preferences,
                const PlacementInput& input) {
  PlacementCache::Set set;
  const Query query{requirements, preferences, input};
  fill(set, query);
  return decide(set, query);
}

Placement place(RequirementSetHandle set, const Requirements& requirements,
                const JobPreferences& preferences, const PlacementInput& input,
                PlacementCache& cache) {
  PlacementCache::Set& row = cache.get_set(set);
  const Query query{requirements, preferences, input};
  if (!is_current(row, input)) fill(row, query);
  return decide(row, query);
}

std::vector<PoolVerdict> explain_pools(const Requirements& requirements,
                                       const JobPreferences& preferences,
                                       const PlacementInput& input) {
  const Query query{requirements, preferences, input};
  std::vector<PoolVerdict> verdicts;
  for (std::size_t view = 0; view < input.pools.size(); ++view) {
    const topology::Pool* pool = input.snapshot.find_pool(input.pools[view].pool);
    if (pool == nullptr) continue;
    PoolVerdict verdict{pool->handle, std::nullopt, std::nullopt};
    const auto checked = check_feasibility(*pool, requirements, input.now);
    if (const Reason* reason = std::get_if<Reason>(&checked)) {
      verdict.reason = *reason;
    } else if (is_too_far(query, *pool)) {
      verdict.reason = Reason::latency_too_high;
    } else {
      const Offer offer = make_offer(*pool, std::get<Fit>(checked), requirements);
      const PoolView& row = input.pools[view];
      Feasible feasible;
      const bool has_room = fits_now(feasible, offer, row, requirements.tasks);
      const Duration wait = has_room ? row.wait : wait_for_room(query, offer, row);
      verdict.candidate = make_candidate(query, offer, wait);
      verdict.reason = has_room ? find_refusal(query, *verdict.candidate) : Reason::busy;
    }
    verdicts.push_back(std::move(verdict));
  }
  return verdicts;
}

}  // namespace intertie::placement
