// A stopped hub gets a new key for its tokens, or for the secrets that are sealed to it
// (docs/decisions/0024).
#pragma once

#include <string>

#include "intertie/core/result.h"
#include "intertie/core/time.h"

namespace intertie::service {

struct RotatedHubKey {
  std::string key;          // The new public half, as text.
  core::Time former_until;  // Tokens: how long those of the old key count. Seal: unused.
};

/// A new token key. Tokens that the old one signed count for `overlap` more, at most
/// core::limits::token_lifetime_max, which is the longest that any lives; 0: not at all, and
/// neither do those of earlier keys. The old private key is deleted. Cut off at any point, it
/// leaves a hub whose tokens all work; asking again then changes the key once more. `folder` is the
/// hub's; nobody serves it (the caller holds its lock). not_found: no hub there. out_of_range;
/// io_failed.
core::Result<RotatedHubKey> rotate_hub_token_key(const std::string& folder, core::Duration overlap);

/// A new sealing key. The old one is kept to open what was sealed to it, until no job that has not
/// ended needs it (the hub looks when it starts). busy: too many are still needed.
core::Result<RotatedHubKey> rotate_hub_seal_key(const std::string& folder);

}  // namespace intertie::service
