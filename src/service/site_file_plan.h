// Where a job's files lie in a rank's folder, and how the task sees them. Pure.
//
//   RANK/work/...       relative paths, and absolute ones below /work
//   RANK/in/...         absolute paths below /in; read-only to the task
//   RANK/private/...    all other absolute paths, bound at their place
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "intertie/core/result.h"
#include "intertie/execution/task.h"
#include "intertie/hub/job_document.h"

namespace intertie::service {

struct PlannedInput {
  std::size_t index = 0;  // In data.in.
  std::string place;      // Relative to the rank's folder.
};

struct PlannedOutput {
  std::string name;
  std::string place;
};

struct FilePlan {
  std::vector<std::string> folders;  // To be made in the rank's folder, parents first.
  std::vector<PlannedInput> inputs;
  std::vector<PlannedOutput> outputs;
  std::vector<execution::Bind> binds;
};

/// Plans the files of one rank; all ranks get the same. The document has passed
/// hub::check_document, so paths have no "." and ".." parts. An absolute output's folder is bound
/// as a whole, since the task makes the file. Refuses with staging_failed: an output in a folder of
/// the system, or an absolute path at isolation process, where the task sees the host's own files.
core::Result<FilePlan> plan_files(const hub::JobDocument& document, topology::Isolation isolation);

}  // namespace intertie::service
