// Slurm's commands, one function each.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "intertie/core/result.h"
#include "intertie/execution_slurm/queue.h"
#include "intertie/execution_slurm/submission.h"

namespace intertie::slurm_runner {

/// The jobs of these Unix users, ended ones too as long as slurmctld knows them. unreachable: no
/// answer, so nothing is known; bad_syntax: half an answer.
core::Result<std::vector<execution_slurm::QueueRow>> list_jobs(
    const std::string& config, const std::vector<std::string>& unix_users);

/// As that user.
execution_slurm::SubmitOutcome submit_batch(const std::string& config, const std::string& unix_user,
                                            const std::vector<std::string>& arguments,
                                            const std::string& script);

/// Jobs, or elements of arrays, with that name: a slurmctld that was restored from an older state
/// gives numbers again, perhaps to somebody else. Those that have ended already are no error.
/// unreachable.
core::Result<void> cancel_jobs(const std::string& config, const std::string& name,
                               const std::vector<std::string>& ids);

}  // namespace intertie::slurm_runner
