// A job's events as sentences.
#pragma once

#include <vector>

#include "intertie/api/views.h"

#include "fold_job.h"

namespace intertie::api {

/// Oldest first. Pure. `directory` covers the needs of the folded job.
std::vector<HistoryView> make_history(const std::vector<JobEvent>& events,
                                      const Directory& directory);

/// The inputs that were moved. Pure.
std::vector<MoveView> list_moves(const std::vector<JobEvent>& events);

}  // namespace intertie::api
