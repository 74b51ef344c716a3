// How many columns a text takes on a terminal, without any locale (UAX #11).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace intertie::cli {

/// Columns of a UTF-8 text: 2 for wide and full-width characters, 0 for combining ones, 1 for the
/// rest (ambiguous ones and invalid bytes among them). O(length).
std::size_t compute_width(std::string_view text);

/// The longest beginning that takes at most `columns`, with "…" as its last column if cut.
std::string fit_width(std::string_view text, std::size_t columns);

}  // namespace intertie::cli
