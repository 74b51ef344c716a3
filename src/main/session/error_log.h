// The log of errors that nobody expected.
#pragma once

#include <string>
#include <string_view>

#include "command_line/parse.h"

namespace intertie::cli {

/// Adds a line of JSON to errors.log in the data folder (mode 0600; begun anew beyond 1 MiB): when,
/// which program, which verb and which options by name. Values and operands stay out: they may be
/// secrets. Returns the file's path; empty if it cannot be written.
std::string log_unexpected_error(const Invocation& invocation, std::string_view what);

}  // namespace intertie::cli
