// JSON (RFC 8259) to and from described types.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <boost/json/value.hpp>

#include "intertie/codec/type.h"
#include "intertie/core/limits.h"
#include "intertie/core/result.h"

namespace intertie::codec {

/// Who wrote the document.
enum class Boundary : std::uint8_t {
  /// A person or a program of theirs: an unknown field is refused, with the nearest known name.
  strict,
  /// A peer, an agent, a log, another standard: unknown fields are ignored unless the same object's
  /// `must_understand` list names them (Reason::must_understand), and null counts as absent.
  tolerant,
};

/// Parses a whole JSON text into a tree. Refuses with bad_syntax (line and column in the detail;
/// comments, trailing commas, NaN, invalid UTF-8 and lone surrogates among them), duplicate_field,
/// too_deep (limits::document_depth_max) or too_large (`bytes_max`, limits::text_bytes_max,
/// limits::list_length_max). Numbers: integers that fit 64 bits are exact, others are the nearest
/// double. O(length).
core::Result<boost::json::value> parse_json(
    std::string_view text, std::size_t bytes_max = core::limits::document_bytes_max);

namespace detail {
core::Result<void> decode_value(const Type& type, const boost::json::value& value,
                                Boundary boundary, void* object);
core::Result<void> decode_json(const Type& type, std::string_view text, Boundary boundary,
                               void* object);
boost::json::value encode_value(const Type& type, const void* object);
std::string write_json(const Type& type, const void* object, bool is_pretty);
}  // namespace detail

/// Decodes a tree. Fields that are absent keep their default member initialisers, except those
/// named in T::required_fields (missing_field). In JSON a number given for a core::Quantity counts
/// base units (bytes, micros, microseconds, milli_cpus); a text is read as people write it
/// ("32GB"). Every error's detail starts with the path: "tasks[3].cpus: expected integer".
template <class T>
core::Result<T> decode(const boost::json::value& value, Boundary boundary) {
  T object{};
  const core::Result<void> done = detail::decode_value(type_of<T>(), value, boundary, &object);
  if (!done) return done.error();
  return object;
}

/// parse_json and decode in one step.
template <class T>
core::Result<T> from_json(std::string_view text, Boundary boundary) {
  T object{};
  const core::Result<void> done = detail::decode_json(type_of<T>(), text, boundary, &object);
  if (!done) return done.error();
  return object;
}

/// The object as a tree, for answers that combine several parts.
template <class T>
boost::json::value encode(const T& object) {
  return detail::encode_value(type_of<T>(), &object);
}

/// Compact JSON: fields in the order they are described, absent optionals left out, integers exact,
/// doubles in their shortest exact form (NaN and infinities as null), invalid UTF-8 as U+FFFD.
template <class T>
std::string to_json(const T& object) {
  return detail::write_json(type_of<T>(), &object, false);
}

/// The same with two-space indents and a line break at the end of each line but the last.
template <class T>
std::string to_json_pretty(const T& object) {
  return detail::write_json(type_of<T>(), &object, true);
}

}  // namespace intertie::codec
