// What the sealed boxes of a job's secrets are for, and whose they are.
//
// A box is written twice: by the user's command line to the hub's key, and by the hub to the site's
// key when the site asks for the secrets of an attempt. Each says inside what it is for
// (crypto/bound_box.h), so neither can be used by another user, under another name, or for another
// attempt. The state machine never opens one.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "intertie/crypto/sealed_box.h"

namespace intertie::hub {

/// The context of a box in a job document: {"intertie job secret", owner, name}.
std::vector<std::string> make_job_secret_context(const std::string& owner, const std::string& name);

/// The context of a box for a site: {"intertie attempt secret", job, attempt, name}, both numbers
/// in decimal.
std::vector<std::string> make_attempt_secret_context(std::uint64_t job, std::uint32_t attempt,
                                                     const std::string& name);

/// Names a sealing key: the first 16 hexadecimal digits of SHA-256 over its text.
std::string make_seal_key_id(const crypto::SealPublicKey& key);

}  // namespace intertie::hub
