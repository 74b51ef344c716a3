#include "job_moves.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "intertie/codec/cbor.h"
#include "intertie/core/limits.h"

#include "apply.h"

namespace intertie::hub {

WaitingJob make_waiting(const Job& job) {
  return {job.number, job.shape, job.account, job.priority};
}

void add_timer(State& state, const Job& job) {
  if (job.not_before > job.submitted) state.timers.emplace(job.not_before, job.number);
  if (job.deadline != core::kNever) state.timers.emplace(job.deadline, job.number);
}

void remove_timers(State& state, const Job& job) {
  state.timers.erase({job.not_before, job.number});
  state.timers.erase({job.deadline, job.number});
}

void enqueue(State& state, Job& job) {
  job.phase = JobPhase::waiting;
  job.reservation = 0;
  job.offer = 0;
  job.is_out_of_money = false;
  if (job.not_before <= job.submitted) state.queue.insert(make_waiting(job));
}

void dequeue(State& state, Job& job) {
  if (job.is_out_of_money) {
    auto& shapes = state.out_of_money.at(job.account);
    auto& jobs = shapes.at(job.shape);
    jobs.erase(job.number);
    if (jobs.empty()) shapes.erase(job.shape);
    if (shapes.empty()) state.out_of_money.erase(job.account);
    job.is_out_of_money = false;
  } else if (job.not_before <= job.submitted) {
    state.queue.erase(make_waiting(job));
  }
}

void free_reservation(State& state, std::uint64_t number) {
  const auto found = state.reservations.find(number);
  assert(found != state.reservations.end());
  const CapacityReserved& terms = found->second.terms;
  state.capacities[terms.pool].release(make_allocations(terms.slots));
  state.reservations.erase(found);
}

void release_shape(State& state, std::uint32_t shape) {
  if (--state.shape_uses[shape] > 0) return;
  state.shape_handles.erase(codec::to_cbor(state.shapes[shape]));
  state.shapes[shape] = {};
  state.free_shapes.insert(shape);
}

SiteState& get_site_of(State& state, std::uint32_t pool) {
  return state.sites[state.topology->find_pool({pool})->site.index];
}

void push_message(SiteState& site, const execution::HubMessage& message,
                  const engine::RecordPlace& place, std::uint64_t attachment) {
  site.outbox.push(codec::to_cbor(message), place.index, attachment);
}

std::uint32_t get_position(const SiteState& site, std::uint32_t pool) {
  const auto found = std::ranges::find(site.pools, pool);
  assert(found != site.pools.end());
  return static_cast<std::uint32_t>(found - site.pools.begin());
}

void push_start(State& state, const Job& job, std::string owner, const engine::RecordPlace& place,
                std::uint64_t document) {
  const Reservation& reservation = state.reservations.at(job.reservation);
  execution::StartAttempt start;
  start.job = job.number;
  start.attempt = job.attempt;
  start.slots = reservation.terms.slots;
  start.time_limit = state.shapes[job.shape].time_limit;
  if (job.on_loss == OnLoss::restart) start.lease = core::limits::restart_lease;
  start.owner = std::move(owner);
  SiteState& site = get_site_of(state, reservation.terms.pool);
  start.pool = get_position(site, reservation.terms.pool);
  push_message(site, start, place, document);
}

std::string name_data_owner(const State& state, const Job& job) {
  const Guest* const guest = state.find_guest(job.number);
  if (guest == nullptr) return state.principals[job.owner].name;
  return state.peers[guest->peer].terms.id + ":" + guest->user;
}

}  // namespace intertie::hub
