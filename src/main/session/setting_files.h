// Where settings stand: options, the environment, and the files of project, user and system.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "command_line/parse.h"
#include "command_line/settings.h"

namespace intertie::cli {

/// All that say something, the strongest first: options of this command, variables, .intertie.yaml
/// here or in the nearest folder above, $XDG_CONFIG_HOME/intertie/config.yaml, and that of the
/// system ($XDG_CONFIG_DIRS, else /etc). A project's file of another user is not read. Or why one
/// of them cannot be used.
std::variant<std::vector<SettingLayer>, Complaint> read_setting_layers(
    const Invocation& invocation);

/// Completes the options of an invocation by what is set elsewhere: what follows need not know
/// where it comes from.
std::optional<Complaint> apply_settings(Invocation& invocation);

/// The context that the project's or user's file names; empty: none does, or none can be read.
SettingValue find_context_setting();

/// Whether run and submit may ask.
bool may_ask();

}  // namespace intertie::cli
