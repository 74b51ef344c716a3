#include "intertie/execution_slurm/fate.h"

namespace intertie::execution_slurm {
namespace {

using execution::TaskEnd;

std::string describe(const TaskSight& sight) {
  if (!sight.row) return "Slurm no longer knows the job, and no report of it came";
  std::string text = "Slurm: job " + to_text(sight.row->id) + " " + sight.row->state;
  if (!sight.row->reason.empty()) text += " (" + sight.row->reason + ")";
  return text;
}

TaskEnd find_end(const TaskSight& sight) {
  if (sight.is_cancelled) return TaskEnd::cancelled;
  if (sight.row && sight.row->end == JobEnd::time_limit) return TaskEnd::time_limit;
  if (sight.row && sight.row->end == JobEnd::memory_limit) return TaskEnd::memory_limit;
  return TaskEnd::lost;
}

}  // namespace

Fate decide_fate(const TaskSight& sight, core::Duration silence, bool may_rerun, core::Time now) {
  if (!sight.is_submitted || !sight.gone_since) return {};
  const core::Duration patience{silence.count + silence.count / 3};
  if (sight.is_claimed) {
    const core::Time last = std::max(sight.alive_at.value_or(core::Time{}), *sight.gone_since);
    // A sign of life may still be on its way, so the count starts with the later of the two.
    if (now - last < patience) return {};
    return {Fate::Kind::over, find_end(sight), describe(sight)};
  }
  // Slurm ended it before it had a node: no driver was ever started.
  const bool never_had_node = sight.row && !sight.row->has_node;
  if (!never_had_node && now - *sight.gone_since < patience) return {};
  if (sight.is_cancelled) return {Fate::Kind::over, TaskEnd::cancelled, describe(sight)};
  if (may_rerun) return {Fate::Kind::run_again, TaskEnd::lost, describe(sight)};
  if (!sight.row) return {Fate::Kind::run_again, TaskEnd::lost, describe(sight)};
  return {Fate::Kind::over, TaskEnd::start_failed, describe(sight)};
}

std::optional<execution::TaskResult> settle_report(execution::TaskResult result, bool is_terminated,
                                                   const TaskSight& sight) {
  if (!is_terminated || result.end == TaskEnd::time_limit) return result;
  const bool is_killed = result.end == TaskEnd::cancelled || result.end == TaskEnd::signalled ||
                         (result.end == TaskEnd::exited && result.exit_code != 0);
  if (!is_killed) return result;
  if (sight.is_cancelled) {
    result.end = TaskEnd::cancelled;
    return result;
  }
  if (!sight.row && !sight.gone_since) return std::nullopt;
  if (sight.row && sight.row->stage != JobStage::ended) return std::nullopt;
  result.end = find_end(sight);
  result.detail = describe(sight);
  return result;
}

}  // namespace intertie::execution_slurm
