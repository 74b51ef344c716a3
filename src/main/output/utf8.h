// Reading UTF-8 one character at a time.
#pragma once

#include <cstdint>
#include <string_view>

namespace intertie::cli {

struct Decoded {
  std::uint32_t code_point = 0;
  std::size_t length = 0;  // In bytes; 1 for a byte that is no UTF-8.
  bool is_valid = false;
  bool is_cut_short = false;  // More bytes could make it valid.
};

/// The first character of `text`, which is not empty. Overlong forms, surrogates and values above
/// U+10FFFF are invalid. O(1).
Decoded decode_utf8(std::string_view text);

}  // namespace intertie::cli
