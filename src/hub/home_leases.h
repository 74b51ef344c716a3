// A guest's home lease: what an owner hub does when a home hub falls silent, and when the home hub
// of a silent owner may count an attempt as over (docs/decisions/0018).
//
// The owner's part follows what an agent does towards its hub (docs/decisions/0003): a lease counts
// from when the owner sent what home answered, on a clock that nothing steps, and an answer counts
// once home's rows up to it have been taken in, for one of them may withdraw the offer. A guest
// without a live lease does not start, and one that may be restarted does not run on. Nothing of
// this needs the site's word: it gets no lease, and a heartbeat that is answered later tells it of
// the order to stop before it may start.
#pragma once

#include <cstdint>
#include <optional>

#include "intertie/core/time.h"

#include "context.h"

namespace intertie::hub {

/// The peer has spoken to us. O(1).
void note_peer_spoke(Context& context, std::uint32_t peer);

/// Rows of the peer have been taken in: an answer may count now. O(1).
void note_peer_rows(Context& context, std::uint32_t peer);

/// The peer's history was given up: what its answers said about rows means nothing any more.
void forget_peer_word(Context& context, std::uint32_t peer);

/// Whether the job may go on: a guest's home has answered within its lease, or it has none. O(1).
bool is_home_alive(const State& state, const Soft& soft, std::uint64_t job);

/// As is_home_alive, of a guest that is about to be committed under this lease.
bool is_home_alive(const Soft& soft, const Guest& guest, core::Duration lease);

/// Orders the stop of guests whose lease has lapsed, and holds the sites whose guests wait for a
/// home's first answer since this hub started. Before a heartbeat of `boot` is answered; looks at
/// most once a second. O(guests) then.
void check_home_leases(Context& context);

/// Whether the site may start nothing before it has more rows than there are yet.
bool is_site_held(const Soft& soft, std::uint32_t site);

/// Home: when an attempt in another region surely runs no more, if its owner is not heard again
/// before; nothing: its owner keeps no lease.
std::optional<core::Time> find_certain_end(const State& state, const Soft& soft,
                                           const Offer& offer);

/// Time that was not observed does not count as silence.
void excuse_peers(Soft& soft, core::Duration unobserved, core::Time now);

}  // namespace intertie::hub
