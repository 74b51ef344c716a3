// Byte strings and their strict text forms.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "intertie/core/result.h"

namespace intertie::crypto {

/// Raw bytes that are data. (core::Bytes is a quantity: how many.)
using ByteString = std::vector<std::uint8_t>;
using ByteView = std::span<const std::uint8_t>;

/// The same memory seen as bytes or as text. O(1), no copy; the view must not outlive the memory.
ByteView as_bytes(std::string_view text);
std::string_view as_text(ByteView bytes);

/// Lower-case hexadecimal. O(n).
std::string encode_hex(ByteView bytes);

/// Strict: an even number of the characters 0-9 and a-f, nothing else. Refuses with bad_syntax,
/// naming the offset.
core::Result<ByteString> decode_hex(std::string_view text);

/// RFC 4648 section 5 without padding. O(n).
std::string encode_base64url(ByteView bytes);

/// Strict: no padding, no white space, no impossible length, unused trailing bits zero; so every
/// byte string has exactly one text. Refuses with bad_syntax, naming the offset.
core::Result<ByteString> decode_base64url(std::string_view text);

/// Compares in time that depends on the lengths only. Use it for anything an attacker may guess.
bool equal_constant_time(ByteView a, ByteView b);

}  // namespace intertie::crypto
