// Money between two hubs beside jobs: debts that were paid, and adjustments that both operators
// agree to (docs/decisions/0017-who-was-paid-says-so.md).
#pragma once

#include <cstdint>

#include "intertie/hub/peer_messages.h"

#include "context.h"

namespace intertie::hub {

/// The peer says that it was paid: booked if this hub owes as much, else refused.
void take_request(Context& context, std::uint32_t peer, const ClearingPaid& message);
/// The peer wants to change its own balance: waits for this hub's operator.
void take_request(Context& context, std::uint32_t peer, const AdjustmentProposed& message);
/// The answer to one of ours. About none that waits it changes nothing.
void take_answer(Context& context, std::uint32_t peer, const ClearingAnswered& message);

}  // namespace intertie::hub
