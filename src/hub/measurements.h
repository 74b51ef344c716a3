// Statements about pools: verified before a rate is ever read (ARCHITECTURE.md 11, row 6).
#pragma once

#include "intertie/execution/site_messages.h"

#include "context.h"
#include "site_keys.h"

namespace intertie::hub {

/// Verifies a statement by the key of the site that counts for its row and emits
/// MeasurementAccepted or MeasurementRefused.
void accept_statement(Context& context, const MessagePlace& place,
                      const execution::StatementReport& report);

}  // namespace intertie::hub
