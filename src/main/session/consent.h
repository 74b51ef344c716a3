// Asking before money is spent or something is gone.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "command_line/parse.h"
#include "output/complaint.h"
#include "session/terminal.h"

namespace intertie::cli {

/// Both ends are a person: standard input and talk are terminals, and talk is wanted.
bool can_ask(const Terminal& terminal);

/// Asks, and waits for a line. The end of the input is a no; so is `should_stop`, looked at several
/// times a second (empty: never).
bool ask(const Terminal& terminal, const std::string& question, bool is_yes_by_default,
         const std::function<bool()>& should_stop = {});

/// Before something that cannot be undone: nothing if --yes was given, or a person says yes.
/// Without a terminal --yes is needed: a script must say what it means. `what`: "This removes x."
std::optional<Complaint> require_consent(const Invocation& invocation, const Terminal& terminal,
                                         const std::string& what);

/// Somebody was asked and did not say yes. `what`: "nothing was changed".
Complaint complain_about_no(const std::string& what);

/// What --dry-run says, instead of doing it.
Outcome tell_rehearsal(const Terminal& terminal, const std::string& sentence);

}  // namespace intertie::cli
