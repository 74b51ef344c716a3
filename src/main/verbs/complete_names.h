// Live names for the shell's completion.
#pragma once

#include <string>
#include <string_view>

namespace intertie::cli {

/// Names of a kind ("jobs", "open-jobs", "sites", "accounts", "disputes"), one a line. Empty for
/// every trouble and every other kind: completion must not talk. Takes about 200 ms at most.
std::string list_names(std::string_view kind);

}  // namespace intertie::cli
