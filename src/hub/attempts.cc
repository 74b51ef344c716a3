#include "attempts.h"

#include <algorithm>
#include <utility>

#include "intertie/core/limits.h"
#include "intertie/engine/fault.h"

#include "guests.h"
#include "parked.h"

namespace intertie::hub {
namespace {

core::Duration compute_backoff(std::uint32_t attempts) {
  const std::uint32_t doublings = std::min(attempts, 6u);
  return std::min(core::limits::retry_backoff_first * (std::int64_t{1} << doublings),
                  core::limits::retry_backoff_max);
}

void check_breaker(Context& context, std::uint32_t site) {
  const SiteState& state = context.state.sites[site];
  if (state.status != topology::PoolStatus::active) return;
  if (state.faults_in_row < core::limits::breaker_faults) return;
  SiteStatusChanged changed;
  changed.site = site;
  changed.status = topology::PoolStatus::failing;
  changed.why = std::to_string(state.faults_in_row) + " attempts in a row failed at the site";
  context.emit(std::move(changed));
}

void end_job(Context& context, const Job& job, const AttemptEnding& ending) {
  JobEnded ended;
  ended.job = job.number;
  ended.exit_code = ending.exit_code;
  ended.charged = job.charged;
  ended.reason = ending.failure;
  ended.outcome = ending.failure ? JobOutcome::failed : JobOutcome::succeeded;
  if (job.is_cancel_requested && ending.failure) {
    ended.outcome = JobOutcome::cancelled;
    ended.reason = core::Reason::cancelled_by_user;
  }
  context.emit(std::move(ended));
}

}  // namespace

bool is_current(const State& state, std::uint64_t job, std::uint32_t attempt, std::uint32_t site) {
  const Job* found = state.find_job(job);
  if (found == nullptr || found->reservation == 0) return false;
  if (engine::is_fault_planted(engine::Fault::epoch_unchecked)) return true;
  if (found->attempt != attempt) return false;
  return get_site(state, *state.find_reservation(found->reservation)) == site;
}

void end_attempt(Context& context, AttemptEnding ending) {
  const Job& job = *context.state.find_job(ending.job);
  const std::uint32_t site =
      get_site(context.state, *context.state.find_reservation(job.reservation));
  context.emit(AttemptOver{ending.job, job.attempt, ending.failure, ending.exit_code, ending.at,
                           ending.is_site_fault},
               ending.message);
  check_breaker(context, site);
  if (context.state.find_guest(ending.job) != nullptr) {
    end_guest(context, ending);
  } else {
    continue_job(context, ending);
  }
}

void continue_job(Context& context, const AttemptEnding& ending) {
  const Job& job = *context.state.find_job(ending.job);
  const std::uint32_t account = job.account;
  const bool may_repeat_fault =
      ending.is_site_fault && job.site_faults < core::limits::site_faults_per_job_max;
  // The same box would be refused again, by every site.
  const bool is_hopeless = ending.failure == core::Reason::secret_unreadable;
  const bool may_retry =
      ending.failure && !ending.is_site_fault && !is_hopeless && job.retries_left > 0;
  const bool is_wanted =
      !job.is_cancel_requested || engine::is_fault_planted(engine::Fault::cancelled_job_repeated);
  if (ending.failure && is_wanted && (may_repeat_fault || may_retry)) {
    context.emit(
        JobRequeued{ending.job, context.now + compute_backoff(job.attempt - 1), may_retry});
  } else {
    end_job(context, job, ending);
  }
  wake_account(context, account);
}

}  // namespace intertie::hub
