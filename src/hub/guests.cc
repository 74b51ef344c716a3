#include "guests.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "intertie/codec/cbor.h"
#include "intertie/core/limits.h"
#include "intertie/engine/fault.h"
#include "intertie/market/charge.h"
#include "intertie/placement/feasibility.h"

#include "apply.h"
#include "home_leases.h"
#include "reservations.h"
#include "site_names.h"

namespace intertie::hub {
namespace {

constexpr std::size_t kDroppedPerLook = 1'000;
constexpr std::size_t kUserBytesMax = 256;

core::Result<JobShape> make_shape(const State& state, const ReserveRequest& message) {
  JobShape shape;
  shape.requirements = message.requirements;
  shape.requirements.sites_excluded.clear();
  shape.requirements.own_sites.clear();
  if (const auto checked = placement::check_requirements(shape.requirements); !checked) {
    return checked.error();
  }
  resolve_site_names(state, shape.requirements);
  shape.requirements = placement::make_canonical(std::move(shape.requirements));
  shape.time_limit = message.time_limit;
  shape.input = message.input;
  placement::JobPreferences preferences;
  preferences.time_limit = message.time_limit;
  if (const auto checked = placement::check_preferences(preferences); !checked) {
    return checked.error();
  }
  if (message.user.size() > kUserBytesMax || message.input.count < 0) {
    return {core::Reason::out_of_range, "user or input"};
  }
  return shape;
}

struct FoundPool {
  std::uint32_t handle = 0;
  placement::Fit fit;
  std::vector<placement::TaskAllocation> allocations;
};

core::Result<FoundPool> find_pool(const Context& context, const ReserveRequest& message,
                                  const JobShape& shape) {
  const State& state = context.state;
  const auto known = state.pool_handles.find(message.pool);
  if (known == state.pool_handles.end()) return {core::Reason::not_found, "pool " + message.pool};
  const topology::Pool& pool = *state.topology->find_pool({known->second});
  auto fit = placement::check_feasibility(pool, shape.requirements, context.now);
  if (const auto* reason = std::get_if<core::Reason>(&fit)) {
    return {*reason, "pool " + message.pool};
  }
  if (!(pool.price == message.price) &&
      !engine::is_fault_planted(engine::Fault::stale_price_granted)) {
    return {core::Reason::offer_outdated, "the price has changed"};
  }
  FoundPool found{known->second, std::get<placement::Fit>(fit), {}};
  auto allocations = context.soft.places.find_allocation(state, found.handle, found.fit.shape,
                                                         shape.requirements.tasks);
  if (!allocations) return {core::Reason::busy, "pool " + message.pool};
  found.allocations = std::move(*allocations);
  return found;
}

// The shape's handle, new or known.
core::Result<std::uint32_t> intern_shape(Context& context, const JobShape& shape) {
  const State& state = context.state;
  const auto known = state.shape_handles.find(codec::to_cbor(shape));
  if (known != state.shape_handles.end()) return known->second;
  if (state.shape_handles.size() >= core::limits::requirement_sets_max) {
    return {core::Reason::overloaded, "requirement_sets_max"};
  }
  const std::uint32_t handle = find_free_shape(state);
  context.emit(ShapeInterned{shape, handle});
  return handle;
}

// Order of the checks: repeat, form, pool, price, room, credit.
core::Result<void> reserve(Context& context, std::uint32_t peer, const ReserveRequest& message) {
  const State& state = context.state;
  if (state.guest_jobs.contains({peer, message.offer})) {
    return {core::Reason::already_exists, "the offer's number is in use"};
  }
  if (state.jobs.size() >= core::limits::jobs_waiting_max) {
    return {core::Reason::overloaded, "jobs_waiting_max"};
  }
  const auto shape = make_shape(state, message);
  if (!shape) return shape.error();
  auto pool = find_pool(context, message, *shape);
  if (!pool) return pool.error();

  GuestReserved reserved;
  reserved.peer = peer;
  reserved.offer = message.offer;
  reserved.job = state.next_job;
  reserved.on_loss = message.on_loss;
  reserved.user = message.user;
  reserved.clock = context.soft.clock;
  reserved.reservation = state.next_reservation;
  reserved.pool = pool->handle;
  reserved.slots = make_slots(pool->allocations);
  reserved.from = context.now;
  reserved.to = context.now + shape->time_limit + core::limits::stop_grace;
  reserved.expires = context.now + core::limits::reservation_lifetime;
  reserved.price = state.topology->find_pool({pool->handle})->price;
  const auto most = market::compute_maximum_charge(compute_reserved(reserved.slots), reserved.price,
                                                   shape->time_limit);
  if (!most) return most.error();
  reserved.hold.id = make_hold_id(reserved.job, 0);
  reserved.hold.account = {state.peers[peer].terms.account};
  reserved.hold.amount = *most;
  if (const auto checked = ledger::check_hold(state.ledger, reserved.hold); !checked) {
    if (checked.error().reason != core::Reason::insufficient_funds) return checked.error();
    return {core::Reason::credit_exhausted, "the most this job can cost"};
  }
  const auto handle = intern_shape(context, *shape);
  if (!handle) return handle.error();
  reserved.shape = *handle;
  context.emit(std::move(reserved));
  return {};
}

std::optional<std::uint64_t> find_guest_job(const State& state, std::uint32_t peer,
                                            std::uint64_t offer) {
  const auto found = state.guest_jobs.find({peer, offer});
  return found == state.guest_jobs.end() ? std::nullopt : std::optional(found->second);
}

void stop_guest(Context& context, std::uint64_t number) {
  const Job& job = *context.state.find_job(number);
  if (job.attempt == 0) {
    context.emit(GuestDropped{number, false});
  } else if (!job.is_cancel_requested) {
    context.emit(JobCancelRequested{number, kNobody});
  }
}

}  // namespace

void take_request(Context& context, std::uint32_t peer, const ReserveRequest& message) {
  const auto reserved = reserve(context, peer, message);
  if (reserved) return;
  context.emit(GuestRefused{peer, message.offer, reserved.error().reason, reserved.error().detail});
}

// An offer that is not known has expired or was refused; its home has been told. A commit that was
// so long on its way that its home may have given it up has come too late, too.
void take_request(Context& context, std::uint32_t peer, const Commit& message,
                  std::string document) {
  const auto job = find_guest_job(context.state, peer, message.offer);
  if (!job || message.attempt == 0) return;
  if (context.state.find_job(*job)->attempt != 0 &&
      !engine::is_fault_planted(engine::Fault::double_commit)) {
    return;
  }
  const Guest& guest = *context.state.find_guest(*job);
  if (!is_home_alive(context.soft, guest, message.home_lease)) {
    context.emit(GuestDropped{*job, true});
    return;
  }
  context.emit(GuestCommitted{*job, message.attempt, context.soft.clock, message.home_lease},
               std::move(document));
}

void take_request(Context& context, std::uint32_t peer, const Withdraw& message) {
  if (const auto job = find_guest_job(context.state, peer, message.offer)) {
    stop_guest(context, *job);
  }
}

void end_guest(Context& context, const AttemptEnding& ending) {
  context.emit(
      GuestEnded{ending.job, ending.failure, ending.exit_code, ending.at, ending.is_site_fault},
      ending.message);
}

void check_guests(Context& context) {
  const State& state = context.state;
  for (std::size_t count = 0; count < kDroppedPerLook; ++count) {
    if (state.guest_expiries.empty()) return;
    const auto [expires, job] = *state.guest_expiries.begin();
    if (expires > context.now) return;
    if (engine::is_fault_planted(engine::Fault::expired_commit_obeyed)) {
      const Guest& guest = *state.find_guest(job);
      context.emit(GuestRefused{guest.peer, guest.offer, core::Reason::timed_out, ""});
      continue;
    }
    context.emit(GuestDropped{job, true});
  }
}

void stop_guests(Context& context, std::uint32_t peer) {
  std::vector<std::uint64_t> jobs;
  for (const auto& [number, guest] : context.state.guests) {
    if (guest.peer == peer) jobs.push_back(number);
  }
  std::ranges::sort(jobs);
  for (const std::uint64_t job : jobs) stop_guest(context, job);
}

}  // namespace intertie::hub
