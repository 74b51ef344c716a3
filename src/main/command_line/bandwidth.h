// Bandwidths as people write them: "100mbit".
#pragma once

#include <cstdint>
#include <string_view>

#include "intertie/core/result.h"

namespace intertie::cli {

/// Bits a second, above 0: a number with bit, kbit, mbit, gbit or tbit (powers of 1000, any case,
/// with or without "/s"). Refuses with bad_field or out_of_range.
core::Result<std::int64_t> parse_bandwidth(std::string_view text);

}  // namespace intertie::cli
