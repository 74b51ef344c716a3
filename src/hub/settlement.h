// Signed usage records become charges, once each (ARCHITECTURE.md 10, 12).
#pragma once

#include <string>

#include "intertie/core/result.h"
#include "intertie/execution/site_messages.h"
#include "intertie/execution/usage_record.h"
#include "intertie/identity/envelope.h"
#include "intertie/ledger/hold.h"

#include "context.h"
#include "site_keys.h"

namespace intertie::hub {

/// Verifies a usage report of the job's current attempt and emits UsageSettled or UsageDisputed.
void settle_usage(Context& context, const MessagePlace& place,
                  const execution::UsageReport& report);

/// Opens a usage record that the holder of such a key has signed: bad_signature, bad_syntax,
/// out_of_range.
core::Result<execution::UsageRecord> open_usage_record(const identity::KeyLookup& find_key,
                                                       const std::string& envelope);

/// The hub's part of a charge, rounded down.
core::Money compute_fee(const State& state, core::Money charge);

/// The posting for a charge: the provider's part and the hub's fee.
ledger::Post make_post(const State& state, const Reservation& reservation, core::Money charge,
                       ledger::AccountHandle provider);

}  // namespace intertie::hub
