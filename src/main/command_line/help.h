// Help texts, made from the table of verbs.
#pragma once

#include <string>
#include <string_view>

#include "command_line/spec.h"

namespace intertie::cli {

/// The bare command's answer: one sentence, three examples, the verbs in groups; at most 25 lines
/// of at most 80 columns.
std::string render_overview();

/// Usage, examples and options of one verb; at most 80 columns.
std::string render_verb_help(const Verb& verb);

/// The verbs of a family such as "site".
std::string render_family_help(std::string_view family);

/// "intertie 0.1.0"
std::string render_version();

/// Of what `-o json` prints: fields are added, never renamed, removed or given another type, within
/// one number (tests/cli/json_keys.golden).
inline constexpr int kOutputSchema = 1;

/// {"program","version","schema"} on one line.
std::string render_version_json();

/// intertie(1) in man(7) macros.
std::string render_man_page();

/// A completion script for "bash", "zsh" or "fish"; empty for another shell.
std::string render_completion(std::string_view shell);

}  // namespace intertie::cli
