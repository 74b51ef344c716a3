// Looks characters up in the table of widths.
#include "output/width.h"

#include <algorithm>

#include "output/utf8.h"
#include "output/width_ranges.h"

namespace intertie::cli {
namespace {

template <std::size_t N>
bool contains(const std::array<CodePointRange, N>& ranges, std::uint32_t code_point) {
  const auto after = std::upper_bound(
      ranges.begin(), ranges.end(), code_point,
      [](std::uint32_t value, const CodePointRange& range) { return value < range.first; });
  return after != ranges.begin() && code_point <= std::prev(after)->last;
}

std::size_t get_columns(const Decoded& decoded) {
  if (!decoded.is_valid || decoded.code_point < 0x300) return 1;
  if (contains(kZeroWidth, decoded.code_point)) return 0;
  return contains(kWide, decoded.code_point) ? 2 : 1;
}

}  // namespace

std::size_t compute_width(std::string_view text) {
  std::size_t columns = 0;
  while (!text.empty()) {
    const Decoded decoded = decode_utf8(text);
    columns += get_columns(decoded);
    text.remove_prefix(decoded.length);
  }
  return columns;
}

std::string fit_width(std::string_view text, std::size_t columns) {
  if (compute_width(text) <= columns) return std::string(text);
  if (columns == 0) return {};
  std::string result;
  std::size_t used = 0;
  while (!text.empty()) {
    const Decoded decoded = decode_utf8(text);
    const std::size_t next = get_columns(decoded);
    if (used + next > columns - 1) break;
    used += next;
    result += text.substr(0, decoded.length);
    text.remove_prefix(decoded.length);
  }
  return result + "…";
}

}  // namespace intertie::cli
