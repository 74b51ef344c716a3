// Which node each task of a step is on.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "intertie/core/result.h"

namespace intertie::execution_slurm {

/// The nodes of "a1", "n[1-3,07-09]x,b": in their order, zeros in front kept. bad_syntax; too_large
/// above 100,000.
core::Result<std::vector<std::string>> expand_hosts(std::string_view text);

/// The node of each task: `nodes` as SLURM_STEP_NODELIST says it, `counts` as
/// SLURM_STEP_TASKS_PER_NODE does: "2(x3),1". Tasks are numbered node by node (srun's block
/// distribution). bad_syntax, also if the two do not fit.
core::Result<std::vector<std::string>> find_task_hosts(std::string_view nodes,
                                                       std::string_view counts);

}  // namespace intertie::execution_slurm
