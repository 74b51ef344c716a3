// The state as bytes, for snapshots and digests: equal states give equal bytes.
#pragma once

#include <string>
#include <string_view>

#include "intertie/core/result.h"
#include "intertie/hub/state.h"

namespace intertie::hub {

/// Canonical. O(state).
std::string encode_hub_state(const State& state);

/// Restores and rebuilds what is derived. store_damaged if the bytes do not decode.
core::Result<void> decode_hub_state(std::string_view bytes, State& state);

}  // namespace intertie::hub
