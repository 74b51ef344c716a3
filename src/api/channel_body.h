// How the bodies of both channels, of sites and of other hubs, are read.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "intertie/codec/json.h"
#include "intertie/core/result.h"

#include "call.h"

namespace intertie::api {

/// Reads the body as a message of a program: unknown fields are ignored. A refusal is answered.
template <class T>
std::optional<T> read_message(const Call& call) {
  auto decoded = codec::from_json<T>(call.request.body, codec::Boundary::tolerant);
  if (decoded) return std::move(*decoded);
  fail(call, decoded.error());
  return std::nullopt;
}

/// The bytes of base64url texts. bad_field: `name` and the position.
core::Result<std::vector<std::string>> decode_rows(const std::vector<std::string>& texts,
                                                   const char* name);

}  // namespace intertie::api
