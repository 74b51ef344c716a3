// Measures this machine at the start and before the statement expires.
#pragma once

#include <optional>
#include <string>

#include "intertie/core/result.h"
#include "intertie/core/time.h"
#include "intertie/measurement/statement.h"
#include "intertie/service/site_service.h"

#include "fail_points.h"

namespace intertie::service {

/// What FOLDER/measurement.json holds, if it will be valid for a day more; else the statement of
/// the options, or a new measurement (seconds), which is stored there. Nothing with
/// MeasureMode::none and no statement. The subject is filled in by whoever signs.
core::Result<std::optional<measurement::Statement>> obtain_statement(const SiteOptions& options,
                                                                     core::Time now,
                                                                     FailPoints& fail_points);

/// When the statement is to be replaced: a day before it expires, or halfway if it is shorter.
core::Time compute_renewal(const measurement::Statement& statement);

}  // namespace intertie::service
