// From an attempt and its job document to what the runner is given for each rank.
#pragma once

#include <cstdint>

#include "intertie/core/result.h"
#include "intertie/execution/site_messages.h"
#include "intertie/execution/task.h"
#include "intertie/hub/job_document.h"

#include "site_context.h"

namespace intertie::service {

/// The request for one slot of the order. Tasks run at the site's level (`context.isolation`),
/// which is at least what the job asks for, or it is refused with isolation_too_weak. Other
/// refusals: devices_too_few, software_missing, staging_failed (paths).
core::Result<execution::RunRequest> make_run_request(const SiteContext& context,
                                                     const execution::StartAttempt& order,
                                                     const execution::TaskSlot& slot,
                                                     const hub::JobDocument& document);

}  // namespace intertie::service
