// Decimal numbers in texts, read and written exactly as integers (private to core).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "intertie/core/result.h"

namespace intertie::core {

/// How many leading characters of `text` form digits[.digits]; 0 if none do. O(result).
std::size_t find_decimal_length(std::string_view text);

/// `decimal` (digits[.digits], as found above) times `factor`, exactly. Refuses with out_of_range
/// what is not a whole number or above INT64_MAX. `factor` > 0.
Result<std::int64_t> scale_decimal(std::string_view decimal, std::int64_t factor);

/// `count` / `unit` with at most two decimals, rounded half up, trailing zeros cut: "1.5". The
/// result may round up to a whole further unit. `unit` > 0.
std::string format_rounded(std::uint64_t count, std::uint64_t unit);

/// `count` / 10^`digits` written exactly with all its decimals: format_exact(250000, 6) =
/// "0.250000".
std::string format_exact(std::uint64_t count, int digits);

/// |value|, also for INT64_MIN.
constexpr std::uint64_t compute_magnitude(std::int64_t value) {
  return value < 0 ? 0 - static_cast<std::uint64_t>(value) : static_cast<std::uint64_t>(value);
}

/// Cuts spaces and tabs off both ends.
std::string_view trim(std::string_view text);

}  // namespace intertie::core
