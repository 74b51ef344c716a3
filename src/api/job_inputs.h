// What the home hub says of a job's inputs at submission, whatever the user wrote.
#pragma once

#include <string>
#include <vector>

#include "intertie/core/result.h"
#include "intertie/hub/job_document.h"

#include "everywhere.h"

namespace intertie::api {

/// The datasets that these jobs name, each once.
std::vector<std::string> list_input_keys(const hub::JobDocument& document);

/// Fills in size, regions, policy and, for a name, the identity it has now: so the job's input
/// stays what it was. `located` has every key of the document. `home`: this hub's region. Refuses
/// with the field and what was wrong with its dataset; data_policy: its copies may lie in no region
/// together. Pure.
core::Result<void> complete_inputs(hub::JobDocument& document, const LocatedDatasets& located,
                                   const std::string& home);

/// For a plan, before anything is uploaded: the same for the inputs that are there; of the others
/// stays the size that the user stated. data_policy. Pure.
core::Result<void> complete_known_inputs(hub::JobDocument& document, const LocatedDatasets& located,
                                         const std::string& home);

}  // namespace intertie::api
