// The options of a site whose tasks run in Slurm.
#pragma once

#include "intertie/core/result.h"
#include "intertie/service/site_service.h"

#include "command_line/parse.h"

namespace intertie::cli {

/// Sets options.slurm with --engine slurm. bad_argument: an option is missing, or is there without
/// the engine; what is wrong with the table of users; not_found: no such file.
core::Result<void> read_slurm_options(const Invocation& invocation, service::SiteOptions& options);

}  // namespace intertie::cli
