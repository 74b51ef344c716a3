// The owner hub's side of a job of another region: reserve, run what is committed, report
// (ARCHITECTURE.md, idea 6).
#pragma once

#include <cstdint>
#include <string>

#include "intertie/hub/peer_messages.h"

#include "attempts.h"
#include "context.h"

namespace intertie::hub {

/// The home hub's requests.
void take_request(Context& context, std::uint32_t peer, const ReserveRequest& message);
void take_request(Context& context, std::uint32_t peer, const Commit& message,
                  std::string document);
void take_request(Context& context, std::uint32_t peer, const Withdraw& message);

/// The guest's attempt is over: it leaves the state and its home is told.
void end_guest(Context& context, const AttemptEnding& ending);

/// Drops reservations that nobody has committed in time.
void check_guests(Context& context);

/// The peer's history was given up: what is not committed is dropped, the rest is stopped.
void stop_guests(Context& context, std::uint32_t peer);

}  // namespace intertie::hub
