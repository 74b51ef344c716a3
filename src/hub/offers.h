// The home hub's side of a job in another region: ask, commit, and believe only what verifies
// (ARCHITECTURE.md, idea 6).
#pragma once

#include <cstdint>
#include <string>

#include "intertie/hub/explanation.h"
#include "intertie/hub/peer_messages.h"
#include "intertie/placement/placer.h"

#include "context.h"
#include "reservations.h"

namespace intertie::hub {

/// Holds the most the attempt can cost and asks the pool's hub to reserve. `pool` is a handle of
/// the grid. Inputs that cross a line of this hub get a share of it in the same decision: no room
/// on the line is `busy`. Nothing is emitted unless all of it can be done. `explanation`, with that
/// share, becomes the record's body.
StartResult try_ask(Context& context, const Job& job, std::uint32_t pool, Explanation explanation);

/// The owner's answers. Each is about an offer made to this peer that is still open; anything else
/// changes nothing, for it has been closed here and the owner was told so.
void take_answer(Context& context, std::uint32_t peer, const ReserveGranted& message);
void take_answer(Context& context, std::uint32_t peer, const ReserveRefused& message);
void take_answer(Context& context, std::uint32_t peer, const OfferBegan& message);
void take_answer(Context& context, std::uint32_t peer, const OfferCharged& message,
                 const std::string& envelope);
void take_answer(Context& context, const PeerRow& row, const OfferOver& message,
                 std::string attachment);
void take_answer(Context& context, std::uint32_t peer, const OfferMoved& message,
                 const std::string& envelope);

/// Withdraws an offer that has not been answered and closes it. The job is left without one.
void close_asked(Context& context, const Job& job, core::Reason reason);

/// Closes what was not answered in time, and gives up what a lost history leaves in doubt once it
/// surely runs no more.
void check_offers(Context& context);

/// Gives up the peer's offers without a commit: its history is not the one they were asked in.
void close_unanswered(Context& context, std::uint32_t peer);

}  // namespace intertie::hub
