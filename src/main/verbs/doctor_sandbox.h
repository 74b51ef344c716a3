// The part of doctor that really starts tasks.
#pragma once

#include <vector>

#include "session/terminal.h"
#include "verbs/doctor_checks.h"
#include "verbs/verbs.h"

namespace intertie::cli {

/// Whether each isolation level works here, in a folder of its own that is removed again.
void check_isolation(std::vector<Finding>& findings);

/// Every door of the sandbox as a task at each level finds it (docs/security-sandbox.md), and what
/// the machine lacks. kFailed if one is open that should be closed, or if none could be tried.
Outcome show_sandbox(const Terminal& terminal);

}  // namespace intertie::cli
