// From what people type to symbols: case, hyphens, full-width characters, look-alikes.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace intertie::identity {

/// Crockford's base 32, in ASCII order, so that packed identifiers sort like their texts.
inline constexpr std::string_view kAlphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// Sixteen 5-bit symbols.
using Symbols = std::array<std::uint8_t, 16>;

struct Spelling {
  Symbols symbols{};            // Zero where the character is wrong.
  std::size_t length = 0;       // Characters read, hyphens and spaces not counted.
  bool is_too_long = false;     // There were more than asked for.
  std::size_t wrong_count = 0;  // Characters outside the alphabet.
  std::size_t wrong_at = 0;     // The first of them.
};

/// Reads at most `length_max` (<= 16) characters; one more makes it too long. `text` is UTF-8; what
/// is not counts as wrong characters. Texts above 128 bytes are too long.
Spelling read_spelling(std::string_view text, std::size_t length_max);

}  // namespace intertie::identity
