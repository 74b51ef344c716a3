// Exit codes of the program: few, documented, and following from the reason alone.
#pragma once

#include "intertie/core/reason.h"

namespace intertie::cli {

inline constexpr int kDone = 0;
inline constexpr int kFailed = 1;
inline constexpr int kNotPlaced = 2;      // Valid, but no site can or may run it.
inline constexpr int kBadInput = 3;       // Command line, job file or value.
inline constexpr int kDenied = 4;         // Not signed in, or not allowed.
inline constexpr int kBudget = 5;         // The account does not cover it.
inline constexpr int kTimedOut = 124;     // As timeout(1).
inline constexpr int kInterrupted = 130;  // Ctrl-C, as shells do.

/// What the program exits with when this reason ended it. O(1).
int get_exit_code(core::Reason reason);

}  // namespace intertie::cli
