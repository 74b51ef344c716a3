// The manual page, in man(7) macros.
#include "command_line/help.h"

namespace intertie::cli {
namespace {

/// Backslashes and leading dots mean something to troff; a dash must stay a dash.
std::string escape_roff(std::string_view text) {
  std::string result;
  for (const char c : text) {
    if (c == '\\') {
      result += "\\e";
    } else if (c == '-') {
      result += "\\-";
    } else if ((c == '.' || c == '\'') && result.empty()) {
      result += std::string("\\&") + c;
    } else {
      result += c;
    }
  }
  return result;
}

std::string render_options(std::span<const Option> options) {
  std::string text;
  for (const Option& option : options) {
    text += ".TP\n\\fB";
    if (option.letter != 0) text += std::string("\\-") + option.letter + "\\fR, \\fB";
    text += "\\-\\-" + escape_roff(option.name) + "\\fR";
    if (option.kind != ValueKind::flag) text += " \\fI" + escape_roff(option.value) + "\\fR";
    text += "\n" + escape_roff(option.help);
    if (!option.choices.empty()) text += ": " + escape_roff(option.choices);
    text += "\n";
  }
  return text;
}

}  // namespace

std::string render_man_page() {
  std::string text =
      ".TH INTERTIE 1 \"\" \"" + render_version() +
      "\" \"User Commands\"\n.SH NAME\nintertie \\- a grid of computing sites\n.SH SYNOPSIS\n"
      ".B intertie\n.I VERB\n[options] [operands]\n.SH VERBS\n";
  for (const Verb& verb : get_verbs()) {
    text += ".SS " + escape_roff(verb.path);
    for (const Operand& operand : verb.operands) text += " " + escape_roff(operand.name);
    text += "\n" + escape_roff(verb.summary) + "\n";
    if (!verb.details.empty()) text += ".PP\n" + escape_roff(verb.details) + "\n";
    text += render_options(verb.options);
    for (const std::string_view example : verb.examples) {
      text += ".PP\n.EX\nintertie " + escape_roff(example) + "\n.EE\n";
    }
  }
  text += ".SH OPTIONS OF EVERY VERB\n" + render_options(get_global_options());
  text +=
      ".SH EXIT STATUS\n0 done, 1 error, 2 valid but not placed, 3 bad input, 4 denied, 5 budget, "
      "124 time\\-out, 130 interrupted; run returns the program's own code.\n"
      ".SH ENVIRONMENT\n.TP\nINTERTIE_CONTEXT\nthe context file to use\n.TP\nNO_COLOR\nno "
      "colours\n";
  return text;
}

}  // namespace intertie::cli
