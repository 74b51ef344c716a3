// Job numbers as people give them.
#pragma once

#include <cstdint>
#include <string>

#include "intertie/core/result.h"

namespace intertie::cli {

/// "7" or "job7"; refuses with bad_argument.
core::Result<std::uint64_t> parse_job(const std::string& text);

}  // namespace intertie::cli
