#include "liveness.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "intertie/core/limits.h"
#include "intertie/engine/fault.h"

#include "attempts.h"
#include "guests.h"
#include "home_leases.h"
#include "line_legs.h"
#include "offers.h"
#include "peers.h"
#include "site_status.h"

namespace intertie::hub {

core::Duration compute_bound(const State& state, const Job& job) {
  const core::Duration bound = job.on_loss == OnLoss::restart ? core::limits::restart_lease
                                                              : state.shapes[job.shape].time_limit;
  return bound + core::limits::stop_grace + core::limits::clock_margin;
}

namespace {

// How often silent sites and running attempts are looked at.
constexpr core::Duration kCheckInterval = core::seconds(1);
// One look's share, so that its events fit into a batch.
constexpr std::size_t kEndsPerLook = 500;
constexpr std::size_t kTimersPerLook = 1'000;

// The most that one interval between two looks can add to a site's silence. What is beyond it was
// not observed: the clock was stepped, the hub slept, or its store took nothing, so that no
// heartbeat could be heard. Without this a step of two minutes would end every lease.
constexpr core::Duration kSilenceMax = kCheckInterval * 2;

void check_site(Context& context, std::uint32_t site) {
  const SiteState& state = context.state.sites[site];
  if (has_record_lapsed(context.soft, state, context.now)) {
    context.emit(SiteRecordLapsed{site, state.record->valid_until});
  }
  if (state.incarnation.empty()) return;
  const core::Duration silent = context.now - context.soft.heard[site];
  if (state.status != topology::PoolStatus::lost && silent > core::limits::site_lost_after) {
    context.emit(SiteStatusChanged{site, topology::PoolStatus::lost,
                                   "no heartbeat for " + core::to_text(silent)});
  } else if (state.status == topology::PoolStatus::failing && state.failing_until <= context.now) {
    context.emit(SiteStatusChanged{site, topology::PoolStatus::active, "tried again after a rest"});
  }
}

// When it is certain that an attempt at a silent site runs no more. The site starts nothing unless
// a heartbeat of the last site_lost_after was answered; then its meter stops the task after the
// lease or the time limit (ARCHITECTURE.md, idea 7).
core::Time compute_certain_end(const Context& context, const Job& job, std::uint32_t site) {
  if (engine::is_fault_planted(engine::Fault::lost_site_freed_early)) {
    return context.soft.heard[site] + core::limits::site_lost_after;
  }
  return context.soft.heard[site] + core::limits::site_lost_after +
         compute_bound(context.state, job);
}

bool is_certainly_over(const Context& context, const Job& job, const Reservation& reservation,
                       std::uint32_t site) {
  if (reservation.orphaned_at) {
    const core::Duration bound = compute_bound(context.state, job);
    return *reservation.orphaned_at + core::limits::site_lost_after + bound <= context.now;
  }
  return context.state.sites[site].status == topology::PoolStatus::lost &&
         compute_certain_end(context, job, site) <= context.now;
}

void check_attempts(Context& context) {
  std::vector<AttemptEnding> over;
  for (const auto& [number, reservation] : context.state.reservations) {
    const std::uint32_t site = get_site(context.state, reservation);
    const Job& job = *context.state.find_job(reservation.terms.job);
    if (reservation.attempt == 0) continue;  // A guest's; check_guests() drops it.
    if (!is_certainly_over(context, job, reservation, site)) continue;
    AttemptEnding ending;
    ending.job = job.number;
    ending.failure =
        job.on_loss == OnLoss::restart ? core::Reason::lease_lapsed : core::Reason::site_lost;
    ending.at = context.now;
    ending.is_site_fault = true;
    over.push_back(std::move(ending));
  }
  std::ranges::sort(over, {}, &AttemptEnding::job);
  if (over.size() > kEndsPerLook) {
    over.resize(kEndsPerLook);
    context.soft.next_check = context.now;  // The rest in the next turn.
  }
  for (AttemptEnding& ending : over) end_attempt(context, std::move(ending));
}

void check_timers(Context& context) {
  for (std::size_t count = 0; count < kTimersPerLook; ++count) {
    if (context.state.timers.empty() || context.state.timers.begin()->first > context.now) return;
    const Job& job = *context.state.find_job(context.state.timers.begin()->second);
    if (job.deadline <= context.now) {
      context.emit(JobEnded{job.number, JobOutcome::failed, core::Reason::deadline_impossible, 0,
                            job.charged});
    } else {
      context.emit(JobRequeued{job.number, context.now, false});
    }
  }
}

// Time that was not observed does not count as silence.
void excuse_sites(Soft& soft, core::Duration unobserved, core::Time now) {
  for (core::Time& heard : soft.heard) heard = std::min(heard + unobserved, now);
}

bool has_timer_due(const State& state, core::Time now) {
  return !state.timers.empty() && state.timers.begin()->first <= now;
}

}  // namespace

bool is_liveness_due(const State& state, const Soft& soft, core::Time now) {
  return now >= soft.next_check || has_timer_due(state, now);
}

void restart_deadlines(const State& state, Soft& soft, core::Time now) {
  soft.heard.assign(state.sites.size(), now);
  soft.peer_words.resize(std::max(soft.peer_words.size(), state.peers.size()));
  for (PeerWord& word : soft.peer_words) word.heard = now;
  soft.last_work = now;
  soft.next_check = now + kCheckInterval;
  soft.records_from = now + kRecordGrace;
}

void check_liveness(Context& context) {
  Soft& soft = context.soft;
  const core::Duration step = context.now - soft.last_work;
  if (step > core::limits::clock_step_max) {
    context.emit(ClockStepped{soft.last_work, context.now});
    restart_deadlines(context.state, soft, context.now);
    return;
  }
  if (step > kSilenceMax) {
    excuse_sites(soft, step - kSilenceMax, context.now);
    excuse_peers(soft, step - kSilenceMax, context.now);
  }
  soft.last_work = context.now;
  check_timers(context);
  if (context.now < soft.next_check) return;
  soft.next_check = context.now + kCheckInterval;
  for (std::uint32_t site = 0; site < context.state.sites.size(); ++site) check_site(context, site);
  check_attempts(context);
  check_offers(context);
  check_guests(context);
  check_legs(context);
  check_beacons(context);
}

}  // namespace intertie::hub
