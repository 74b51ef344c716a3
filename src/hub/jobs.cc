// Admission and cancellation.
#include <optional>
#include <string>
#include <utility>

#include "intertie/codec/cbor.h"
#include "intertie/codec/json.h"
#include "intertie/core/limits.h"
#include "intertie/market/charge.h"

#include "decisions.h"
#include "placing.h"

namespace intertie::hub {
namespace {

// Whether a refusal could go away by itself: then the job may wait for that.
bool is_passing(core::Reason reason) {
  switch (reason) {
    case core::Reason::busy:
    case core::Reason::site_drained:
    case core::Reason::site_unreachable:
    case core::Reason::site_failing:
    case core::Reason::unmeasured:
      return true;
    default:
      return false;
  }
}

std::string describe_counts(const placement::Placement& placement) {
  std::string text;
  for (const placement::ReasonCount& count : placement.refused) {
    if (!text.empty()) text += ", ";
    text += std::to_string(count.pools) + " x " + std::string(core::reason_code(count.reason));
  }
  return text;
}

// A job that no pool of the grid can ever run is refused at once, and counted as unmet demand.
std::optional<core::Error> find_hopeless(Context& context, const Submission& submission) {
  const State& state = context.state;
  refresh_views(state, context.soft);
  const placement::PlacementInput input{*state.topology, context.soft.views, context.now};
  const auto deadline = submission.head.deadline.value_or(core::kNever);
  const placement::Placement placement = placement::place(
      submission.shape.requirements, make_preferences(submission.shape, deadline), input);
  if (placement.chosen) return std::nullopt;
  for (const placement::ReasonCount& count : placement.refused) {
    if (is_passing(count.reason)) return std::nullopt;
  }
  return core::Error{*placement.verdict, describe_counts(placement)};
}

DemandUnmet make_unmet(const State& state, const SubmitJobs& command, const Submission& submission,
                       core::Reason reason) {
  DemandUnmet unmet;
  unmet.owner = command.owner;
  unmet.reason = reason;
  unmet.region = state.facts.region;
  unmet.class_ = submission.shape.requirements.compute_class;
  unmet.tasks = static_cast<std::uint32_t>(submission.shape.requirements.tasks);
  unmet.price_max = submission.shape.price_max;
  return unmet;
}

core::Result<std::uint32_t> find_account(const State& state, std::uint32_t owner,
                                         const std::string& name) {
  const Principal& principal = state.principals[owner];
  if (name.empty()) return principal.account.index;
  const ledger::Account* account = state.ledger.find_account(name);
  if (account == nullptr) return {core::Reason::unknown_account, name};
  if (account->terms.owner != principal.name) return {core::Reason::denied, "account " + name};
  return account->handle.index;
}

std::optional<core::Result<SubmittedJob>> find_repeat(const State& state, std::uint32_t owner,
                                                      const JobSubmitted& head) {
  if (!head.idempotency) return std::nullopt;
  const auto known = state.submissions.find({owner, *head.idempotency});
  if (known == state.submissions.end()) return std::nullopt;
  if (known->second.request_digest != head.request_digest) {
    return core::Result<SubmittedJob>(core::Reason::idempotency_conflict,
                                      "job " + std::to_string(known->second.job));
  }
  return core::Result<SubmittedJob>(SubmittedJob{known->second.job, true});
}

// Order of the checks: repeat, account, limits, budget, feasibility. `shape` is set to the handle
// of a known shape, which has passed the feasibility check before if jobs of it wait.
core::Result<SubmittedJob> submit_one(Context& context, const SubmitJobs& command,
                                      const Submission& submission) {
  const State& state = context.state;
  if (auto repeat = find_repeat(state, command.owner, submission.head)) return *repeat;
  const Principal& principal = state.principals[command.owner];
  const auto account = find_account(state, command.owner, submission.account);
  if (!account) return account.error();
  if (principal.jobs >= principal.jobs_max) {
    return {core::Reason::too_many_jobs, "at most " + std::to_string(principal.jobs_max)};
  }
  if (state.jobs.size() >= core::limits::jobs_waiting_max) {
    return {core::Reason::overloaded, "jobs_waiting_max"};
  }
  const core::Money available = state.ledger.compute_available({*account});
  if (available.count <= 0) return {core::Reason::budget_exceeded, "nothing is available"};
  std::string key = codec::to_cbor(submission.shape);
  const auto known = state.shape_handles.find(key);
  const bool is_known = known != state.shape_handles.end();
  if (!is_known && state.shapes.size() >= core::limits::requirement_sets_max) {
    return {core::Reason::overloaded, "requirement_sets_max"};
  }
  const bool has_waiting = is_known && !state.queue.is_empty(known->second);
  if (!has_waiting) {
    if (const auto hopeless = find_hopeless(context, submission)) {
      context.emit(make_unmet(state, command, submission, hopeless->reason));
      return *hopeless;
    }
  }

  JobSubmitted head = submission.head;
  head.job = state.next_job;
  head.owner = command.owner;
  head.account = *account;
  head.shape = is_known ? known->second : static_cast<std::uint32_t>(state.shapes.size());
  if (!is_known) context.emit(ShapeInterned{submission.shape});
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
  if (job->owner != command.by && !is_operator) {
    return {core::Reason::not_found, "job " + std::to_string(command.job)};
  }
  if (job->is_cancel_requested) return Reply{Done{}};
  const bool is_waiting = job->phase == JobPhase::waiting;
  const core::Money charged = job->charged;

  context.emit(JobCancelRequested{command.job, command.by});
  if (is_waiting) {
    context.emit(
        JobEnded{command.job, JobOutcome::cancelled, core::Reason::cancelled_by_user, 0, charged});
  }
  return Reply{Done{}};
}

}  // namespace intertie::hub
