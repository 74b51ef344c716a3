#include "placing.h"

#include <algorithm>
#include <cassert>
#include <utility>
#include <vector>

#include "intertie/codec/json.h"
#include "intertie/core/limits.h"
#include "intertie/hub/explanation.h"
#include "intertie/hub/line_key.h"
#include "intertie/market/charge.h"

#include "offers.h"
#include "parked.h"
#include "reservations.h"

namespace intertie::hub {
namespace {

// A job that would come too late where there is room looks again so much later.
constexpr core::Duration kDeadlineRetry = core::seconds(30);

void wake_pool_shapes(Soft& soft, std::uint32_t pool) { soft.woken_pools.insert(pool); }

struct WakeNote {
  Soft& soft;
  const State& state;

  void operator()(const PoolOffered& event) const {
    soft.floors.clear();
    soft.places.forget(event.pool.handle.index);
    wake_pool_shapes(soft, event.pool.handle.index);
  }
  void operator()(const MeasurementAccepted& event) const {
    soft.floors.clear();
    wake_pool_shapes(soft, event.pool);
  }
  void operator()(const SiteStatusChanged& event) const { wake_site(event.site); }
  void operator()(const SiteRecordAmended& event) const { wake_site(event.site); }
  void operator()(const SiteKeysRotated& event) const { wake_site(event.site); }
  void wake_site(std::uint32_t site) const {
    for (const std::uint32_t pool : state.sites[site].pools) wake_pool_shapes(soft, pool);
  }
  void operator()(const CapacityReleased& event) const {
    if (const Reservation* found = state.find_reservation(event.reservation)) {
      wake_pool_shapes(soft, found->terms.pool);
    }
  }
  void operator()(const AttemptOver& event) const {
    const Job* job = state.find_job(event.job);
    wake_pool_shapes(soft, state.find_reservation(job->reservation)->terms.pool);
  }
  // A guest's cards are free.
  void operator()(const GuestDropped& event) const {
    const Job* job = state.find_job(event.job);
    wake_pool_shapes(soft, state.find_reservation(job->reservation)->terms.pool);
  }
  void operator()(const ShapeInterned& event) const {
    soft.cache.forget({event.handle});
    soft.grid.forget(event.handle);
    soft.fits.forget(event.handle);
    soft.floors.erase(event.handle);
  }
  void operator()(const JobSubmitted& event) const { soft.woken_shapes.insert(event.shape); }
  void operator()(const JobRequeued& event) const {
    soft.woken_shapes.insert(state.find_job(event.job)->shape);
  }
  // A line has room again.
  void operator()(const LineReleased&) const { soft.is_grid_woken = true; }
  void operator()(const OfferClosed& event) const { note_leg(event.offer); }
  void operator()(const RemoteAttemptBegan& event) const { note_leg(event.offer); }
  void operator()(const RemoteAttemptOver& event) const { note_leg(event.offer); }
  void note_leg(std::uint64_t number) const {
    const Offer* offer = state.find_offer(number);
    if (state.line_legs.empty() || offer == nullptr) return;
    const std::string& to = state.peers[offer->terms.peer].terms.region;
    if (state.find_leg(to, make_leg_key(state.facts.region, number)) != nullptr) {
      soft.is_grid_woken = true;
    }
  }
  // The next job of the shape may fit where this one no longer waits.
  void operator()(const DemandUnmet& event) const {
    if (event.job != 0) soft.woken_shapes.insert(state.find_job(event.job)->shape);
  }
  void operator()(const JobEnded& event) const {
    const Job& job = *state.find_job(event.job);
    if (job.phase == JobPhase::waiting) soft.woken_shapes.insert(job.shape);
  }
  template <class Other>
  void operator()(const Other&) const {}
};

struct RankedShape {
  QueueRank rank;
  std::uint32_t shape = 0;
  bool is_woken_itself = false;  // Else only the freed pools can be of use to it.
};

// For a heap whose front has the best rank.
bool is_served_later(const RankedShape& a, const RankedShape& b) { return b.rank < a.rank; }

struct Woken {
  std::vector<RankedShape> shapes;  // A heap.
  std::vector<std::uint32_t> pools;
};

bool can_use_freed(Context& context, std::uint32_t shape, const std::vector<std::uint32_t>& pools) {
  const State& state = context.state;
  return std::ranges::any_of(pools, [&](std::uint32_t pool) {
    const auto* fit = context.soft.fits.find_fit(state, shape, pool, context.now);
    return fit != nullptr &&
           state.capacities[pool].can_reserve(fit->shape, state.shapes[shape].requirements.tasks);
  });
}

// Shapes whose first job could use what was freed or announced.
Woken take_woken(Context& context) {
  const State& state = context.state;
  if (std::exchange(context.soft.is_grid_woken, false)) wake_all(context.soft, state);
  const std::set<std::uint32_t> shapes = std::exchange(context.soft.woken_shapes, {});
  const std::set<std::uint32_t> pools = std::exchange(context.soft.woken_pools, {});
  Woken woken;
  woken.pools.assign(pools.begin(), pools.end());
  const auto add = [&](std::uint32_t shape, bool is_woken_itself) {
    const auto front = state.queue.find_front(shape, state.shares, context.now);
    if (front) woken.shapes.push_back({front->rank, shape, is_woken_itself});
  };
  for (const std::uint32_t shape : shapes) add(shape, true);
  if (!woken.pools.empty()) {
    for (std::uint32_t shape = 0; shape < state.shapes.size(); ++shape) {
      if (state.queue.is_empty(shape) || shapes.contains(shape)) continue;
      if (can_use_freed(context, shape, woken.pools)) add(shape, false);
    }
  }
  std::ranges::make_heap(woken.shapes, is_served_later);
  return woken;
}

enum class Outcome : std::uint8_t { started, skipped_job, nothing_fits };

bool has_refusal(const placement::Placement& placement, core::Reason reason) {
  return std::ranges::any_of(placement.refused, [reason](const placement::ReasonCount& count) {
    return count.reason == reason;
  });
}

// The deadline is the job's own: it must not stand in the way of the jobs behind it.
Outcome handle_deadline(Context& context, const Job& job, const placement::Placement& placement) {
  if (!has_refusal(placement, core::Reason::deadline_impossible)) return Outcome::nothing_fits;
  if (placement.verdict == core::Reason::deadline_impossible) {
    context.emit(JobEnded{job.number, JobOutcome::failed, core::Reason::deadline_impossible, 0,
                          job.charged});
  } else {
    context.emit(JobRequeued{job.number, context.now + kDeadlineRetry, false});
  }
  return Outcome::skipped_job;
}

void park(Context& context, const Job& job, core::Money needed) {
  const JobShape& shape = context.state.shapes[job.shape];
  DemandUnmet unmet;
  unmet.owner = job.owner;
  unmet.job = job.number;
  unmet.reason = core::Reason::insufficient_funds;
  unmet.region = context.state.facts.region;
  unmet.class_ = shape.requirements.compute_class;
  unmet.tasks = static_cast<std::uint32_t>(shape.requirements.tasks);
  unmet.price_max = shape.price_max;
  unmet.needed = needed;
  context.emit(std::move(unmet));
}

// The body of the record: the placement, and the names of announced pools, which only this moment
// knows.
Explanation make_explanation(const State& state, const Grid& grid,
                             const placement::Placement& placement) {
  Explanation explanation{placement.chosen,
                          placement.verdict,
                          placement.pools,
                          placement.fitting,
                          placement.candidates,
                          placement.refused,
                          {}};
  for (const placement::Candidate& candidate : placement.candidates) {
    const std::uint32_t handle = candidate.pool.index;
    if ((handle & kRemotePools) == 0) continue;
    const topology::Pool& pool = grid.get_pool(handle & ~kRemotePools);
    const RemotePool& remote = grid.get_remote(handle & ~kRemotePools);
    explanation.remote.push_back(
        {handle, state.peers[remote.peer].terms.region, remote.site, pool.name, pool.identifier});
  }
  return explanation;
}

StartResult try_candidate(Context& context, const Job& job, topology::PoolHandle pool,
                          const placement::Placement& placement) {
  Explanation explanation = make_explanation(context.state, context.soft.grid, placement);
  if ((pool.index & kRemotePools) == 0) {
    const State& state = context.state;
    if (const auto* fit = context.soft.fits.find_fit(state, job.shape, pool.index, context.now)) {
      explanation.cards = context.soft.places.explain(state, pool.index, fit->shape,
                                                      state.shapes[job.shape].requirements.tasks);
    }
    return try_start(context, job, pool, codec::to_json(explanation));
  }
  return try_ask(context, job, pool.index & ~kRemotePools, std::move(explanation));
}

Outcome place_front(Context& context, std::uint32_t shape, std::uint64_t number) {
  const Job& job = *context.state.find_job(number);
  const std::uint32_t account = job.account;
  placement::Placement placement =
      find_grid_placement(context.state, context.soft, context.now, shape, job.deadline);
  if (!placement.chosen) return handle_deadline(context, job, placement);
  bool is_too_dear = false;
  for (const placement::Candidate& candidate : placement.candidates) {
    placement.chosen = candidate.pool;
    const StartResult result = try_candidate(context, job, candidate.pool, placement);
    switch (result.verdict) {
      case StartVerdict::started:
        wake_parked(context, account, shape);
        return Outcome::started;
      case StartVerdict::short_of_money:
        park(context, job, result.needed);
        return Outcome::skipped_job;
      case StartVerdict::above_price_max:
        is_too_dear = true;
        break;
      case StartVerdict::busy:
        break;
    }
  }
  if (!is_too_dear) return Outcome::nothing_fits;
  // Earlier attempts have used up too much of what the job may cost.
  context.emit(
      JobEnded{number, JobOutcome::failed, core::Reason::price_above_limit, 0, job.charged});
  return Outcome::skipped_job;
}

}  // namespace

void note_wake(Soft& soft, const State& state, const Event& event) {
  std::visit(WakeNote{soft, state}, event);
}

void wake_all(Soft& soft, const State& state) {
  for (std::uint32_t shape = 0; shape < state.shapes.size(); ++shape) {
    if (!state.queue.is_empty(shape)) soft.woken_shapes.insert(shape);
  }
}

bool has_woken(const Soft& soft) {
  return soft.is_grid_woken || !soft.woken_shapes.empty() || !soft.woken_pools.empty();
}

void place_woken(Context& context, std::size_t starts_max) {
  Woken woken = take_woken(context);
  std::size_t started = 0;
  while (!woken.shapes.empty()) {
    std::ranges::pop_heap(woken.shapes, is_served_later);
    const RankedShape next = woken.shapes.back();
    woken.shapes.pop_back();
    if (started >= starts_max) {
      context.soft.woken_shapes.insert(next.shape);
      continue;
    }
    if (!next.is_woken_itself && !can_use_freed(context, next.shape, woken.pools)) continue;
    auto front = context.state.queue.find_front(next.shape, context.state.shares, context.now);
    if (!front) continue;
    const Outcome outcome = place_front(context, next.shape, front->job);
    if (outcome == Outcome::nothing_fits) continue;
    ++started;  // A job that was set aside is an event, too.
    front = context.state.queue.find_front(next.shape, context.state.shares, context.now);
    if (!front) continue;
    woken.shapes.push_back({front->rank, next.shape, next.is_woken_itself});
    std::ranges::push_heap(woken.shapes, is_served_later);
  }
}

placement::JobPreferences make_preferences(const State& state, const JobShape& shape,
                                           core::Time deadline) {
  placement::JobPreferences preferences;
  if (shape.price_max.count > 0) preferences.price_max = shape.price_max;
  preferences.price_per_hour_of_delay = shape.per_hour_of_delay;
  preferences.time_limit = shape.time_limit;
  if (deadline != core::kNever) preferences.deadline = deadline;
  preferences.inputs = shape.inputs;
  if (shape.inputs.empty() && shape.input.count > 0)
    preferences.inputs.push_back({shape.input, {}});
  for (placement::DataLocation& input : preferences.inputs) {
    if (input.regions.empty()) input.regions.push_back(state.facts.region);
  }
  preferences.user_region = state.facts.region;
  return preferences;
}

void refresh_views(const State& state, Soft& soft) {
  const std::size_t count = state.topology->pool_count();
  const bool is_current = soft.views.size() == count &&
                          (count == 0 || soft.views.front().capacity == &state.capacities.front());
  if (is_current) return;
  soft.views.clear();
  for (std::uint32_t pool = 0; pool < count; ++pool) {
    placement::PoolView& view = soft.views.emplace_back();
    view.pool = {pool};
    view.capacity = &state.capacities[pool];
    view.load = &soft.loads.get(pool);
  }
  soft.cache.clear();
}

placement::Placement find_placement(const State& state, Soft& soft, core::Time now,
                                    std::uint32_t shape, core::Time deadline) {
  refresh_views(state, soft);
  const placement::PlacementInput input{*state.topology, soft.views, now, &soft.grid.lines()};
  return placement::place({shape}, state.shapes[shape].requirements,
                          make_preferences(state, state.shapes[shape], deadline), input,
                          soft.cache);
}

placement::Placement find_grid_placement(const State& state, Soft& soft, core::Time now,
                                         std::uint32_t shape, core::Time deadline) {
  placement::Placement local = find_placement(state, soft, now, shape, deadline);
  if (soft.grid.is_empty()) return local;
  return merge_placements(std::move(local), soft.grid.find_placement(state, shape, deadline, now));
}

placement::Placement merge_placements(placement::Placement local, placement::Placement remote) {
  placement::Placement both = std::move(local);
  both.pools += remote.pools;
  both.fitting += remote.fitting;
  for (placement::Candidate& candidate : remote.candidates) {
    candidate.pool.index |= kRemotePools;
    both.candidates.push_back(std::move(candidate));
  }
  // Equal costs: this region first.
  std::ranges::stable_sort(both.candidates, {}, [](const placement::Candidate& candidate) {
    return std::pair(candidate.cost.total, candidate.pool);
  });
  if (both.candidates.size() > core::limits::candidates_kept_max) {
    both.candidates.resize(core::limits::candidates_kept_max);
  }
  for (const placement::ReasonCount& count : remote.refused) {
    const auto same =
        std::ranges::find(both.refused, count.reason, &placement::ReasonCount::reason);
    if (same == both.refused.end()) {
      both.refused.push_back(count);
    } else {
      same->pools += count.pools;
    }
  }
  std::ranges::sort(both.refused, {}, &placement::ReasonCount::reason);
  if (remote.awaited && (!both.awaited || remote.awaited->cost.total < both.awaited->cost.total)) {
    both.awaited = remote.awaited;
    both.awaited->pool.index |= kRemotePools;
  }
  if (!both.candidates.empty()) {
    placement::choose_candidate(both);
    return both;
  }
  // The least hopeless of the two.
  for (const core::Reason reason :
       {core::Reason::busy, core::Reason::deadline_impossible, core::Reason::price_above_limit,
        core::Reason::data_policy, core::Reason::unplaceable, core::Reason::no_sites}) {
    if (both.verdict != reason && remote.verdict != reason) continue;
    both.verdict = reason;
    break;
  }
  return both;
}

}  // namespace intertie::hub
