// Content as an answer, to users and to sites.
#pragma once

#include "intertie/core/result.h"
#include "intertie/crypto/digest.h"

#include "call.h"

namespace intertie::api {

/// The digest in the path, whose first parameter is its hexadecimal digits.
core::Result<crypto::Digest> read_digest(const Call& call);

/// Answers a GET (with Range) or a HEAD of content.
void respond_content(const CallPointer& call, bool has_body);

}  // namespace intertie::api
