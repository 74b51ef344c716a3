// Compact binary form of described types: deterministic CBOR (RFC 8949, section 4.2.1).
//
// A struct is a map from a field's position in its description (0, 1, ...) to its value. Fields
// may only be appended, never reordered, removed or retyped; a field that equals its default is
// left out, so a default may never change either. Unknown positions are skipped. Enumerators are
// their numbers, quantities and times integers, a choice is [index, struct].
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "intertie/codec/type.h"
#include "intertie/core/result.h"

namespace intertie::codec {

/// Where bytes come from, and so which limits hold.
enum class Source : std::uint8_t {
  peer,  // limits::document_bytes_max, list_length_max, text_bytes_max
  own,   // Written by this product and kept (logs, snapshots): bounded by the bytes there are.
};

namespace detail {
std::string write_cbor(const Type& type, const void* object);
core::Result<void> decode_cbor(const Type& type, std::string_view bytes, Source source,
                               void* object);
}  // namespace detail

/// The one encoding of the object: equal objects give equal bytes. Invalid UTF-8 in a text is
/// written as U+FFFD. O(size).
template <class T>
std::string to_cbor(const T& object) {
  return detail::write_cbor(type_of<T>(), &object);
}

/// Decodes straight into the struct. Refuses with bad_syntax what is cut off, not deterministic
/// (longer heads than needed, indefinite lengths, keys out of order) or followed by more bytes; and
/// with bad_field, missing_field, out_of_range, too_large or too_deep as in JSON, path included.
template <class T>
core::Result<T> from_cbor(std::string_view bytes, Source source = Source::peer) {
  T object{};
  const core::Result<void> done = detail::decode_cbor(type_of<T>(), bytes, source, &object);
  if (!done) return done.error();
  return object;
}

}  // namespace intertie::codec
