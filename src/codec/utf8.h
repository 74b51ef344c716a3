// UTF-8 (RFC 3629): no overlong forms, no surrogates, nothing above U+10FFFF (private to codec).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace intertie::codec {

/// How many bytes the first character of a non-empty text takes (1 to 4); 0 if it is not valid.
std::size_t find_utf8_length(std::string_view text);

/// O(length), eight bytes at a time while they are ASCII.
bool is_utf8(std::string_view text);

/// The text, with each byte that is not part of valid UTF-8 replaced by U+FFFD.
std::string repair_utf8(std::string_view text);

}  // namespace intertie::codec
