// Sealed boxes that say what they are for, so that a box cannot be used in another place.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "intertie/core/result.h"
#include "intertie/crypto/bytes.h"
#include "intertie/crypto/sealed_box.h"
#include "intertie/crypto/secret.h"

namespace intertie::crypto {

/// What a box is for: words that the writer and the reader each know by themselves, the first one
/// naming the use. Two lists give the same box content only if they are equal, word by word.
using BoxContext = std::span<const std::string>;

/// Seals SHA-256(context) || content, where the context is hashed as the 4-byte big-endian length
/// of each word and the word. bad_key if the receiver's key is of small order. Content of any
/// length; it is not kept.
core::Result<std::string> seal_bound(ByteView content, BoxContext context,
                                     const SealPublicKey& receiver);

/// Opens a box of seal_bound. bad_syntax and not_supported as open_sealed; bad_key if it was
/// changed, is for somebody else, or was sealed for another context.
core::Result<Secret> open_bound(std::string_view box, BoxContext context,
                                const SealKeyPair& receiver);

}  // namespace intertie::crypto
