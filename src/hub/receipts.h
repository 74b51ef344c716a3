// Receipts of inputs that have arrived: verified, then recorded, by the site's hub and by the home.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "intertie/execution/site_messages.h"
#include "intertie/hub/events.h"
#include "intertie/identity/envelope.h"

#include "context.h"
#include "site_keys.h"

namespace intertie::hub {

/// Verifies a receipt for the job's current attempt and emits InputMoved. One that does not verify,
/// is about something else, or comes after the command began, changes nothing.
void take_receipt(Context& context, const MessagePlace& place,
                  const execution::InputArrived& message);

/// Where the job's owner has a copy, for HubMachine::find_copies.
std::vector<DataCopy> find_copies(const State& state, const Soft& soft, std::uint64_t job,
                                  const crypto::Digest& dataset);

/// What the event says of a receipt signed by one of these keys; nothing if it does not verify.
std::optional<InputMoved> read_receipt(const std::string& envelope,
                                       const identity::KeyLookup& find_key);

}  // namespace intertie::hub
