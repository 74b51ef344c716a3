// A job's events as sentences.
#pragma once

#include <optional>
#include <set>
#include <vector>

#include "intertie/api/views.h"
#include "intertie/crypto/digest.h"

#include "fold_job.h"

namespace intertie::api {

/// The datasets that a job reads; nothing: not all of them can be named any more.
using JobInputs = std::optional<std::set<crypto::Digest>>;

/// Oldest first. Pure. `directory` covers the needs of the folded job. A receipt of something that
/// is none of the `inputs` is told as such: nothing but its site says that it moved for the job.
std::vector<HistoryView> make_history(const std::vector<JobEvent>& events,
                                      const Directory& directory, const JobInputs& inputs = {});

/// What was moved, by the receipts. Pure.
std::vector<MoveView> list_moves(const std::vector<JobEvent>& events, const JobInputs& inputs);

}  // namespace intertie::api
