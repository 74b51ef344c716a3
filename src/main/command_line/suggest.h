// The nearest known word to a mistyped one.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "command_line/spec.h"

namespace intertie::cli {

/// The number of insertions, deletions, substitutions and swaps of neighbours between two texts
/// (optimal string alignment). Bytes count. O(|a| * |b|).
std::size_t compute_edit_distance(std::string_view a, std::string_view b);

/// The word nearest to `typed`, if it is near enough to be meant: at most a third of the typed
/// length (at least 1, for short words 2 if the first letter agrees), or `typed` begins it. Ties:
/// the same first letter, then the order given.
std::optional<std::string> suggest_word(std::string_view typed, std::span<const std::string> known);

/// The verb nearest to what was typed ("comit", "site jion", "squeue"), or nothing.
std::optional<std::string> suggest_verb(std::string_view typed);

/// The option nearest to `typed` (without dashes) among those of the verb.
std::optional<std::string> suggest_option(const Verb* verb, std::string_view typed);

}  // namespace intertie::cli
