// Bearer tokens: PASETO v4.public (github.com/paseto-standard/paseto-spec).
#pragma once

#include <string>
#include <string_view>

#include "intertie/core/result.h"
#include "intertie/crypto/signature.h"

namespace intertie::crypto {

/// The header of every token; it names version and algorithm (v4.public = Ed25519).
inline constexpr std::string_view kTokenHeader = "v4.public.";

/// What a token says once its signature has been checked.
struct TokenContent {
  std::string payload;  // JSON claims; what they mean is the caller's business.
  std::string footer;  // Signed but readable before verification; holds the key's id. May be empty.
};

/// The token "v4.public.<payload and signature>[.<footer>]". `implicit` is signed but not sent:
/// both sides must know it (for example the hub's identifier, so that a token of one hub is
/// nothing at another).
std::string sign_token(const KeyPair& key, std::string_view payload, std::string_view footer = {},
                       std::string_view implicit = {});

/// Refuses with bad_token: wrong shape, longer than limits::token_bytes_max, wrong header, changed
/// anywhere, signed by another key, or another `implicit`. Times in the claims are not looked at.
core::Result<TokenContent> verify_token(const PublicKey& key, std::string_view token,
                                        std::string_view implicit = {});

/// The footer of a token that has NOT been verified: good only for choosing the key to verify with.
core::Result<std::string> read_token_footer(std::string_view token);

}  // namespace intertie::crypto
