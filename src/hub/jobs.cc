// Admission and cancellation.
#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "intertie/codec/cbor.h"
#include "intertie/codec/json.h"
#include "intertie/core/limits.h"
#include "intertie/engine/fault.h"
#include "intertie/market/charge.h"
#include "intertie/placement/feasibility.h"

#include "decisions.h"
#include "offers.h"
#include "parked.h"
#include "placing.h"
#include "site_names.h"

namespace intertie::hub {
namespace {

std::string describe_counts(const placement::Placement& placement) {
  std::string text;
  for (const placement::ReasonCount& count : placement.refused) {
    if (!text.empty()) text += ", ";
    text += std::to_string(count.pools) + " x " + std::string(core::reason_code(count.reason));
  }
  return text;
}

// The grid as it could be: every pool open and empty.
struct IdealGrid {
  topology::Snapshot::Pointer topology;
  std::vector<placement::PoolView> views;
};

IdealGrid make_ideal_grid(const State& state) {
  IdealGrid grid{state.topology, {}};
  for (std::uint32_t handle = 0; handle < state.topology->pool_count(); ++handle) {
    const topology::Pool& pool = *state.topology->find_pool({handle});
    if (state.sites[pool.site.index].is_revoked) continue;  // It never comes back.
    grid.views.push_back({{handle}, nullptr, &state.capacities[handle].total(), {}});
    if (pool.status != topology::PoolStatus::active) {
      grid.topology = grid.topology->with_pool_status({handle}, topology::PoolStatus::active);
    }
  }
  return grid;
}

// A pool without a measurement may get one.
bool has_promise(const placement::Placement& placement) {
  return std::ranges::any_of(placement.refused, [](const placement::ReasonCount& count) {
    return count.reason == core::Reason::unmeasured;
  });
}

// A job that no pool could run even if all were open and empty is refused at once, and counted as
// unmet demand.
std::optional<core::Error> find_hopeless(const Context& context, const JobShape& shape,
                                         std::optional<core::Time> deadline) {
  const IdealGrid grid = make_ideal_grid(context.state);
  const placement::JobPreferences preferences =
      make_preferences(context.state, shape, deadline.value_or(core::kNever));
  const placement::Placement placement =
      placement::place(shape.requirements, preferences,
                       {*grid.topology, grid.views, context.now, &context.soft.grid.lines()});
  if (placement.chosen || has_promise(placement)) return std::nullopt;
  if (context.state.peers.empty()) {
    return core::Error{*placement.verdict, describe_counts(placement)};
  }
  // A region that is not heard now may have what is missing here.
  for (std::uint32_t peer = 0; peer < context.state.peers.size(); ++peer) {
    if (!context.soft.grid.is_heard(peer)) return std::nullopt;
  }
  const placement::Placement remote =
      context.soft.grid.find_ideal(shape.requirements, preferences, context.now);
  if (remote.chosen || has_promise(remote)) return std::nullopt;
  const placement::Placement both = merge_placements(placement, remote);
  return core::Error{*both.verdict, describe_counts(both)};
}

// The least that a job of this shape can be asked to cover in this region, whatever is free; 0
// where nothing can be said: a pool without a measurement, or none that fits.
core::Money compute_floor(const Context& context, const JobShape& shape) {
  const IdealGrid grid = make_ideal_grid(context.state);
  std::optional<core::Money> floor;  // A pool may be free.
  for (const placement::PoolVerdict& verdict : placement::explain_pools(
           shape.requirements, make_preferences(context.state, shape, core::kNever),
           {*grid.topology, grid.views, context.now, &context.soft.grid.lines()})) {
    if (verdict.reason == core::Reason::unmeasured) return {};
    if (verdict.reason || !verdict.candidate) continue;
    const core::Money price = verdict.candidate->price_max;
    floor = std::min(floor.value_or(price), price);
  }
  return floor.value_or(core::Money{});
}

core::Money find_floor(Context& context, std::uint32_t handle, const JobShape& shape) {
  const auto known = context.soft.floors.find(handle);
  if (known != context.soft.floors.end()) return known->second;
  const core::Money floor = compute_floor(context, shape);
  context.soft.floors.emplace(handle, floor);
  return floor;
}

// Whether some other region has a place that costs at most so much, or may have one.
bool may_be_cheaper_elsewhere(const Context& context, const JobShape& shape, core::Money covered) {
  if (context.state.peers.empty()) return false;
  for (std::uint32_t peer = 0; peer < context.state.peers.size(); ++peer) {
    if (!context.soft.grid.is_heard(peer)) return true;
  }
  placement::JobPreferences preferences = make_preferences(context.state, shape, core::kNever);
  if (!preferences.price_max || covered < *preferences.price_max) preferences.price_max = covered;
  const placement::Placement remote =
      context.soft.grid.find_ideal(shape.requirements, preferences, context.now);
  return remote.chosen || has_promise(remote);
}

// A job that its account could not cover even if nothing else of it ran is refused. What is held
// for others comes back, so it may wait for that.
std::optional<core::Error> find_overdraft(Context& context, std::uint32_t handle,
                                          const JobShape& shape, std::uint32_t account) {
  const ledger::Account& payer = *context.state.ledger.find_account(ledger::AccountHandle{account});
  if (payer.terms.may_go_negative) return std::nullopt;
  const core::Money floor = find_floor(context, handle, shape);
  const core::Money covered = context.state.ledger.compute_available({account}) + payer.held;
  if (floor <= covered || may_be_cheaper_elsewhere(context, shape, covered)) return std::nullopt;
  return core::Error{core::Reason::budget_exceeded,
                     "the cheapest place costs up to " + core::to_text(floor) + ", account " +
                         payer.terms.name + " covers " + core::to_text(covered)};
}

DemandUnmet make_unmet(const State& state, std::uint32_t owner, const JobShape& shape,
                       core::Reason reason) {
  DemandUnmet unmet;
  unmet.owner = owner;
  unmet.reason = reason;
  unmet.region = state.facts.region;
  unmet.class_ = shape.requirements.compute_class;
  unmet.tasks = static_cast<std::uint32_t>(shape.requirements.tasks);
  unmet.price_max = shape.price_max;
  return unmet;
}

core::Result<std::uint32_t> find_account(const State& state, std::uint32_t owner,
                                         const std::string& name) {
  const Principal& principal = state.principals[owner];
  if (name.empty()) return principal.account.index;
  const ledger::Account* account = state.ledger.find_account(name);
  // Whether others have an account of that name is not for the asker to know.
  if (account == nullptr || account->terms.owner != principal.name) {
    return {core::Reason::unknown_account, name};
  }
  return account->handle.index;
}

std::optional<core::Result<SubmittedJob>> find_repeat(const State& state, std::uint32_t owner,
                                                      const JobSubmitted& head) {
  if (!head.idempotency || engine::is_fault_planted(engine::Fault::idempotency_forgotten)) {
    return std::nullopt;
  }
  const auto known = state.submissions.find({owner, *head.idempotency});
  if (known == state.submissions.end()) return std::nullopt;
  if (known->second.request_digest != head.request_digest) {
    return core::Result<SubmittedJob>(core::Reason::idempotency_conflict,
                                      "job " + std::to_string(known->second.job));
  }
  return core::Result<SubmittedJob>(SubmittedJob{known->second.job, true});
}

core::Result<void> check_limits(const State& state, const Principal& principal,
                                std::uint32_t account) {
  if (principal.jobs >= principal.jobs_max) {
    return {core::Reason::too_many_jobs, "at most " + std::to_string(principal.jobs_max)};
  }
  if (state.jobs.size() >= core::limits::jobs_waiting_max) {
    return {core::Reason::overloaded, "jobs_waiting_max"};
  }
  if (state.ledger.compute_available({account}).count <= 0) {
    return {core::Reason::budget_exceeded, "nothing is available"};
  }
  return {};
}

// An output lands here, or at a peer's.
core::Result<void> check_landings(const State& state, const Submission& submission) {
  for (const std::string& region : submission.landing_regions) {
    if (region == state.facts.region) continue;
    const bool is_known = std::ranges::any_of(
        state.peers, [&](const PeerState& peer) { return peer.terms.region == region; });
    if (!is_known) return {core::Reason::bad_field, "data.out: no hub of region " + region};
  }
  return {};
}

// Order of the checks: repeat, account, limits, names, feasibility, budget. While jobs of the same
// shape wait, it has passed the check of feasibility before.
core::Result<SubmittedJob> submit_one(Context& context, const SubmitJobs& command,
                                      const Submission& submission) {
  const State& state = context.state;
  if (auto repeat = find_repeat(state, command.owner, submission.head)) return *repeat;
  const auto account = find_account(state, command.owner, submission.account);
  if (!account) return account.error();
  const Principal& principal = state.principals[command.owner];
  if (const auto checked = check_limits(state, principal, *account); !checked) {
    return checked.error();
  }
  if (const auto checked = check_landings(state, submission); !checked) return checked.error();
  const auto shape = resolve_shape(state, context.soft.grid, submission);
  if (!shape) return shape.error();
  const auto known = state.shape_handles.find(codec::to_cbor(*shape));
  const bool is_known = known != state.shape_handles.end();
  if (!is_known && state.shape_handles.size() >= core::limits::requirement_sets_max) {
    return {core::Reason::overloaded, "requirement_sets_max"};
  }
  if (!is_known || state.queue.is_empty(known->second)) {
    if (const auto hopeless = find_hopeless(context, *shape, submission.head.deadline)) {
      context.emit(make_unmet(state, command.owner, *shape, hopeless->reason));
      return *hopeless;
    }
  }

  const std::uint32_t handle = is_known ? known->second : find_free_shape(state);
  if (const auto overdraft = find_overdraft(context, handle, *shape, *account)) {
    if (!is_known) context.soft.floors.erase(handle);  // It names no shape yet.
    DemandUnmet unmet = make_unmet(state, command.owner, *shape, overdraft->reason);
    context.emit(std::move(unmet));
    return *overdraft;
  }

  JobSubmitted head = submission.head;
  head.job = state.next_job;
  head.owner = command.owner;
  head.account = *account;
  head.shape = handle;
  if (!is_known) context.emit(ShapeInterned{*shape, handle});
  const std::uint64_t number = head.job;
  context.emit(std::move(head), submission.document);
  return SubmittedJob{number, false};
}

}  // namespace

core::Result<Reply> decide(Context& context, const SubmitJobs& command) {
  if (command.owner >= context.state.principals.size()) {
    return {core::Reason::denied, "unknown principal"};
  }
  Submitted submitted;
  submitted.jobs.reserve(command.jobs.size());
  for (const Submission& submission : command.jobs) {
    submitted.jobs.push_back(submit_one(context, command, submission));
  }
  return Reply{std::move(submitted)};
}

core::Result<Reply> decide(Context& context, const CancelJob& command) {
  const Job* job = context.state.find_job(command.job);
  if (job == nullptr) {
    const bool was_there = command.job > 0 && command.job < context.state.next_job;
    return {was_there ? core::Reason::already_final : core::Reason::not_found,
            "job " + std::to_string(command.job)};
  }
  const bool is_operator = command.by < context.state.principals.size() &&
                           context.state.principals[command.by].role == Role::operator_;
  const bool is_guest = job->owner == kNobody;  // Its home hub decides.
  if (is_guest || (job->owner != command.by && !is_operator)) {
    return {core::Reason::not_found, "job " + std::to_string(command.job)};
  }
  if (job->is_cancel_requested) return Reply{Done{}};
  const bool is_waiting = job->phase == JobPhase::waiting || job->phase == JobPhase::asked;
  const core::Money charged = job->charged;

  const bool is_asked = job->phase == JobPhase::asked;
  const std::uint32_t account = job->account;
  if (is_asked) close_asked(context, *job, core::Reason::cancelled_by_user);
  context.emit(JobCancelRequested{command.job, command.by});
  if (is_waiting) {
    context.emit(
        JobEnded{command.job, JobOutcome::cancelled, core::Reason::cancelled_by_user, 0, charged});
  }
  if (is_asked) wake_account(context, account);
  return Reply{Done{}};
}

}  // namespace intertie::hub
