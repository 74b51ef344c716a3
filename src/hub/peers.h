// Peers: joining, channels, rows and beacons (ARCHITECTURE.md, ideas 4 and 5).
#pragma once

#include "context.h"

namespace intertie::hub {

/// Drops what outlived its beacons.
void check_beacons(Context& context);

}  // namespace intertie::hub
