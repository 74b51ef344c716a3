// An agent's state as bytes: equal states give equal bytes.
#pragma once

#include <string>
#include <string_view>

#include "intertie/agent/state.h"
#include "intertie/core/result.h"

namespace intertie::agent {

std::string encode_agent_state(const State& state);
core::Result<void> decode_agent_state(std::string_view bytes, State& state);

}  // namespace intertie::agent
