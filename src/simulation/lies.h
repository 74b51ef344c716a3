// What a lying hub tells its peers instead of the truth.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "intertie/engine/channel.h"
#include "intertie/hub/peer_messages.h"

namespace intertie::simulation {

/// A row as it is told: another payload, or another record's attachment.
struct ToldRow {
  std::string payload;
  std::uint64_t attachment = 0;
};

/// The last honest charge before a row, as it stands in the liar's outbox.
struct EarlierCharge {
  hub::OfferCharged charge;
  std::string payload;
  std::uint64_t attachment = 0;
};

/// What becomes of one row; the choice is in its hash, so a row is told the same way each time.
///
/// Of charges some are for twice the time, and some at half as much again as the price that was
/// granted. News that a command runs may become an earlier charge told once more, and a grant the
/// charge for an attempt that nobody committed. All else is true, and the liar's own books are.
ToldRow tell_row(const engine::ChannelRow& row, const std::optional<EarlierCharge>& earlier);

/// The charge in a row, if it is one.
std::optional<EarlierCharge> read_charge(const engine::ChannelRow& row);

/// Four times of everything that is free, and of the nodes.
hub::Beacon boast(hub::Beacon beacon);

}  // namespace intertie::simulation
