// The options and operands of the verbs about contexts and settings.
#pragma once

#include <array>
#include <string_view>

#include "command_line/spec.h"

namespace intertie::cli::table {
using enum ValueKind;

inline constexpr Option kRehearse{"dry-run", 0, flag, "", "say what would be done, change nothing"};
inline constexpr Option kMeant{"yes", 'y', flag, "", "do it without asking"};

inline constexpr std::array kRehearsal = {kRehearse};

inline constexpr std::array kContextAddOperands = {Operand{"NAME"}, Operand{"FILE"}};
inline constexpr std::array kContextOperands = {Operand{"NAME"}};
inline constexpr std::array kOptionalContext = {Operand{"NAME", Need::optional}};
inline constexpr std::array kContextAdd = {
    Option{"link", 0, flag, "", "follow the file, which its hub renews, instead of copying it"},
    kRehearse,
};
inline constexpr std::array kContextUse = {kRehearse};
inline constexpr std::array kContextRm = {kMeant, kRehearse};
inline constexpr std::array<std::string_view, 2> kContextAddExamples = {
    "context add lab ada.yaml", "context add here hub/ada.yaml --link"};
inline constexpr std::array<std::string_view, 1> kContextUseExamples = {"context use lab"};
inline constexpr std::string_view kContextDetails =
    "Which context counts: --context (a name or a file), then $INTERTIE_CONTEXT, then the name in "
    ".intertie.yaml of the project or in your config.yaml, then what `context use` chose, then a "
    "running `intertie dev`. Scripts do better to say --context.";
inline constexpr std::array kConfigShow = {
    Option{"origin", 0, flag, "", "also where each value comes from"}};
inline constexpr std::array<std::string_view, 1> kConfigExamples = {"config show --origin"};
inline constexpr std::string_view kConfigDetails =
    "Settings are context, output, color and ask (never: run and submit do not ask on a terminal). "
    "An option wins over the environment (INTERTIE_CONTEXT, INTERTIE_OUTPUT, INTERTIE_COLOR, "
    "INTERTIE_ASK, NO_COLOR), that over .intertie.yaml of the project (here or above), that over "
    "config.yaml in your configuration folder, that over the system's. A line each, such as "
    "`output: json`.";

}  // namespace intertie::cli::table
