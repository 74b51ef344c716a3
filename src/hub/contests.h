// Charges between two hubs that the payer did not post: what is claimed, and what is given back
// (docs/decisions/0016-a-rejected-charge-goes-back.md).
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "intertie/execution/usage_record.h"
#include "intertie/hub/dispute.h"
#include "intertie/hub/peer_messages.h"
#include "intertie/market/charge.h"

#include "context.h"

namespace intertie::core::limits {
// Of what is kept between two hubs.
// A peer's further charges that cannot be posted are rejected at once.
inline constexpr std::size_t disputes_open_per_peer_max = 1'000;
inline constexpr std::size_t payments_unanswered_per_peer_max = 100;
// Of what a peer was charged, the last ones; older ones can no longer be contested.
inline constexpr std::size_t charges_remembered_per_peer_max = 4'096;
}  // namespace intertie::core::limits

namespace intertie::hub {

/// Home: what could be due of a record of the offer's attempt: at most `needed`, no time that was
/// charged before or is beyond the time limit, at most what is left of the offer's hold.
DisputedClaim make_offer_claim(const Context& context, const Offer& offer,
                               const market::ReservedAmounts& needed,
                               const execution::UsageRecord& record);

/// Home: the dispute as the state keeps it. Owner: likewise.
OpenDispute make_peer_dispute(const State& state, const RemoteUsageDisputed& event);
OpenDispute make_peer_dispute(const State& state, const ChargeContested& event);

/// Owner: the numbers of the peer's open disputes about charges of this hub.
std::vector<std::uint64_t> list_contests(const State& state, std::uint32_t peer);

/// Whether one more may be open with that peer.
bool has_room_for_dispute(const State& state, std::uint32_t peer, DisputeSide side);

/// For the next entry that is posted between this hub and another one beside jobs.
ledger::EntryId make_peer_entry_id(const State& state);

/// The hub's own account for what it bears itself; opened when it is needed first.
inline constexpr std::string_view kLossesAccount = "losses/peers";  // No principal has a '/'.
ledger::AccountHandle use_losses(Context& context);

/// Owner: the home hub's rows about charges of this one. What this hub does not remember to have
/// charged moves no money, whatever the peer says.
void take_request(Context& context, std::uint32_t peer, const ChargeDisputed& message);
void take_request(Context& context, std::uint32_t peer, const ChargeResolved& message);

}  // namespace intertie::hub
