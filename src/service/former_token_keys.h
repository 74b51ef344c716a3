// Keys that signed tokens which may still be in use. Only their public halves are kept.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "intertie/api/backend.h"
#include "intertie/core/result.h"

namespace intertie::service {

/// In the hub's folder of keys: a line for each, oldest first, "RFC3339 ed25519:KEY" with the time
/// up to which its tokens count.
inline constexpr char kFormerTokenKeysFile[] = "/former-token.keys";

/// Empty if there is no such file. io_failed; bad_key.
core::Result<std::vector<api::FormerTokenKey>> read_former_token_keys(const std::string& folder);

/// Writes exactly these; none: an empty file. io_failed.
core::Result<void> write_former_token_keys(const std::string& folder,
                                           std::span<const api::FormerTokenKey> keys);

}  // namespace intertie::service
