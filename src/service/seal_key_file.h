// The file of a key that opens sealed boxes.
#pragma once

#include <string>

#include "intertie/core/result.h"
#include "intertie/crypto/sealed_box.h"

namespace intertie::service {

/// Opens the key in `path`, or makes it. The file (mode 0600) has one line: the private key's 32
/// bytes in base64url, as X25519 has no private form that other tools of ours read. io_failed;
/// denied (others may read it); bad_key.
core::Result<crypto::SealKeyPair> open_seal_key(const std::string& path);

/// Writes the file, over an older one. io_failed.
core::Result<void> write_seal_key(const std::string& path, const crypto::SealKeyPair& key);

/// A key from its text, which is wiped. bad_key names `path`.
core::Result<crypto::SealKeyPair> parse_seal_key(std::string text, const std::string& path);

/// Overwrites a text that was a key, in place. O(length).
void wipe_text(std::string& text);

}  // namespace intertie::service
