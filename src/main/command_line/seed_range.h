// A range of seeds on the command line.
#pragma once

#include <cstdint>
#include <string_view>

#include "intertie/core/result.h"

namespace intertie::cli {

struct SeedRange {
  std::uint64_t first = 1;
  std::uint64_t last = 1;  // Not below `first`.
};

/// "A-B", such as "1-200"; bad_argument. Pure.
core::Result<SeedRange> parse_seed_range(std::string_view text);

}  // namespace intertie::cli
