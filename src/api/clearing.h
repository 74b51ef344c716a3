// Whether two hubs' clearing accounts mirror each other (docs/formats/hub-channel.md).
#pragma once

#include <cstdint>

#include "intertie/api/peer_views.h"
#include "intertie/core/quantity.h"
#include "intertie/hub/state.h"

namespace intertie::api {

/// Our side, as ClearingView is the other's.
ClearingView make_clearing_view(const hub::State& state, std::uint32_t peer);

/// Compares both sides. Balances change with rows alone, so they can be compared exactly when each
/// side has all rows of the other; else somebody is catching up. A side that has rows which the
/// other never sent, for one of the two was restored from a backup, differs. Pure.
void compare_clearing(PeerClearingView& view, const ClearingView& ours, const ClearingView& theirs);

}  // namespace intertie::api
