// YAML, as people write job and configuration files, to described types.
#pragma once

#include <string_view>

#include "intertie/codec/json.h"
#include "intertie/codec/type.h"
#include "intertie/core/result.h"

namespace intertie::codec {

namespace detail {
core::Result<void> decode_yaml(const Type& type, std::string_view text, Boundary boundary,
                               void* object);
}  // namespace detail

/// Reads one YAML document (JSON texts are YAML too: read every file of a person through this).
/// What an unquoted scalar means is decided by the field it is for, never by its looks: `PORT:
/// 8080` and `answer: yes` are texts for a text field, `true` a boolean for a boolean field, and a
/// bare number for a quantity is what a person means by it (`cpus: 2` is two processors, `timeout:
/// 90` ninety seconds). Quoted scalars are texts. Refuses anchors, aliases, tags, duplicate keys
/// and a second document. Errors as in decode(), with the line: "line 7: need.memory: expected a
/// size ...".
template <class T>
core::Result<T> from_yaml(std::string_view text, Boundary boundary) {
  T object{};
  const core::Result<void> done = detail::decode_yaml(type_of<T>(), text, boundary, &object);
  if (!done) return done.error();
  return object;
}

}  // namespace intertie::codec
