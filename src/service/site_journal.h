// What a stopped site's journal says.
#pragma once

#include <cstdint>
#include <string>

#include "intertie/core/result.h"
#include "intertie/crypto/signature.h"

namespace intertie::service {

/// The number of the last row that the site has written. The store's lock shows that no agent runs:
/// else store_unavailable. Replays the journal.
core::Result<std::uint64_t> read_last_row(const std::string& folder, const crypto::KeyPair& key);

}  // namespace intertie::service
