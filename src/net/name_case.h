// Names of header fields and their keywords, whose case does not count (RFC 9110, section 5.1).
#pragma once

#include <algorithm>
#include <string_view>

namespace intertie::net {

/// ASCII letters only; everything else counts as it is. O(length).
inline bool equal_ignoring_case(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [lower](char x, char y) { return lower(x) == lower(y); });
}

}  // namespace intertie::net
