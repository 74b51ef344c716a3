// Reading a range of seeds.
#include "command_line/seed_range.h"

#include <charconv>
#include <string>

namespace intertie::cli {

core::Result<SeedRange> parse_seed_range(std::string_view text) {
  SeedRange range;
  const char* const end = text.data() + text.size();
  const auto first = std::from_chars(text.data(), end, range.first);
  const bool has_dash = first.ec == std::errc() && first.ptr != end && *first.ptr == '-';
  const auto last = has_dash ? std::from_chars(first.ptr + 1, end, range.last) : first;
  if (!has_dash || last.ec != std::errc() || last.ptr != end || range.last < range.first) {
    return {core::Reason::bad_argument,
            "--seeds " + std::string(text) + ": expected A-B, such as 1-200"};
  }
  return range;
}

}  // namespace intertie::cli
