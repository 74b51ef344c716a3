// Moving one running request so that another one fits: migration with as few moves as can be.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "intertie/placement/cards/policy.h"

namespace intertie::placement::cards {

/// A request that runs, and where.
struct Running {
  Shape shape;
  Pick pick;
};

/// What was done to make room.
struct Room {
  std::size_t moved = 0;  // The place in `running` of the one that moved; its pick is the new one.
  Pick pick;              // Where the new request went.
};

/// Tries to make room for a request that fits nowhere by moving exactly one running request to
/// another node. The cheapest move wins: the fewest thousandths of cards, then processors, then the
/// lowest position of the node, then the earliest in `running`. The moved one goes where the policy
/// puts it. On success both are placed and `running[moved]` is updated; else nothing has changed.
/// Deterministic. O(running) checks, and one choice of the policy for each shape that could move.
std::optional<Room> make_room(Cluster& cluster, std::span<Running> running, const Shape& shape,
                              Policy& policy);

}  // namespace intertie::placement::cards
