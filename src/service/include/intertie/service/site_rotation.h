// A site changes its signing key and its TLS key, while its agent is stopped.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "intertie/core/result.h"

namespace intertie::service {

/// What is durable when a step has been passed; after each of them a crash loses nothing.
enum class RotationStep : std::uint8_t {
  prepared,    // New keys and the record with the site's two signatures lie in FOLDER/rotation.
  agreed,      // The hub has answered; its answer is not written.
  accepted,    // It is: from here on the new keys are the site's.
  sign_moved,  // Over the old file.
  tls_moved,   //
  next_moved,  //
  former_seal_moved,
  seal_moved,
  identity_moved,
};

/// Tests stop it at a step: false.
using RotationHook = std::function<bool(RotationStep step)>;

struct RotatedKeys {
  std::string site;      // Identifier.
  std::int64_t seq = 0;  // Version of its record.
  std::string sign_key;  // The new one.
};

/// Asks the hub to register the next version of the record, with the key that the present one
/// commits to, then puts the new keys in the place of the old (docs/decisions/0011). Finishes a
/// change that was cut off instead of beginning another. Refuses with not_found (no site here),
/// store_unavailable (the agent runs), bad_key (a record without a next key, or another key file),
/// what the hub refuses, unreachable: a change that the hub may have seen stays pending.
core::Result<RotatedKeys> rotate_site_keys(const std::string& folder,
                                           const RotationHook& hook = {});

/// For the start of an agent: finishes a change that was cut off, if there is one. Needs the hub
/// only if it is not known whether it has agreed.
core::Result<void> finish_site_rotation(const std::string& folder);

}  // namespace intertie::service
