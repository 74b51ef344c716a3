// Calls about one peer: finding it, and answering with how it stands now.
#pragma once

#include <cstdint>
#include <functional>

#include "intertie/hub/commands.h"

#include "route.h"

namespace intertie::api {

/// Continues with the handle of the peer that the path names by its identifier; else answers
/// not_found.
void use_peer(const CallPointer& call, std::function<void(std::uint32_t)> then);

/// Has the command done, and answers with the peer's view; or with why not.
void submit_about_peer(const CallPointer& call, std::uint32_t peer, hub::Command command);

}  // namespace intertie::api
