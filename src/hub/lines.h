// Lines between regions in beacons (docs/formats/line.md; ARCHITECTURE.md, idea 4).
#pragma once

#include "intertie/hub/peer_messages.h"

#include "context.h"

namespace intertie::hub {

/// Puts into a beacon what its reader has not been told: this hub's lines, and what it measured of
/// those that come here. A full beacon names all. O(lines).
void add_lines(const Context& context, BeaconsSent& sent, Beacon& beacon);

/// Believes what a peer says: of lines from its region what its signature covers, and what it has
/// measured of lines into its region. Anything else changes nothing. 0.1 ms a record.
void take_lines(Context& context, const PeerAdded& peer, const Beacon& beacon);

/// The line as the last version of its record says.
void put_line(topology::RegionLines& lines, const topology::RegionLine& line, bool is_retired);

/// What silent peers have measured counts no more.
void drop_silent_lines(Context& context);

}  // namespace intertie::hub
