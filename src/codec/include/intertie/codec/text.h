// How a type that people write as one text (an identifier, a digest) meets the codec.
#pragma once

#include <string>
#include <string_view>

#include "intertie/core/result.h"

namespace intertie::codec {

/// Specialise for a type that is written as text in JSON, YAML and CBOR:
///
///   template <>
///   struct intertie::codec::Text<Digest> {
///     static std::string to_text(const Digest& digest);
///     static core::Result<Digest> from_text(std::string_view text);  // Any reason; the path is
///     added. static constexpr std::string_view expected = "a digest such as sha256:9f86...";
///     // Optional, both or none: a shorter form, used in CBOR as a byte string.
///     static std::string to_binary(const Digest& digest);
///     static core::Result<Digest> from_binary(std::string_view bytes);
///   };
///
/// from_text(to_text(x)) must give x. The type must be default constructible. No exceptions.
/// The specialisation must stand beside the type: every user of the type has to see it.
template <class T>
struct Text;

}  // namespace intertie::codec
