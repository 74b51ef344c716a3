// Statements about pools: verified before a rate is ever read (ARCHITECTURE.md 11, row 6).
#pragma once

#include "intertie/execution/site_messages.h"

#include "context.h"

namespace intertie::hub {

/// Verifies a statement by the site's own key and emits MeasurementAccepted or MeasurementRefused.
void accept_statement(Context& context, std::uint32_t site,
                      const execution::StatementReport& report);

}  // namespace intertie::hub
