// Help for people at a terminal of 80 columns.
#include "command_line/help.h"

#include <algorithm>
#include <vector>

namespace intertie::cli {
namespace {

constexpr std::size_t kColumns = 80;

/// Breaks `text` at spaces; every line but the first begins with `indent` spaces.
std::string wrap(std::string_view text, std::size_t start, std::size_t indent) {
  std::string result;
  std::size_t column = start;
  while (!text.empty()) {
    const std::size_t space = text.find(' ');
    const std::string_view word = text.substr(0, space);
    if (column + word.size() + 1 > kColumns && column > indent) {
      result += "\n" + std::string(indent, ' ');
      column = indent;
    } else if (column > start || (column == indent && !result.empty() && result.back() != ' ')) {
      result += ' ';
      ++column;
    }
    result += word;
    column += word.size();
    if (space == std::string_view::npos) break;
    text.remove_prefix(space + 1);
  }
  return result + "\n";
}

std::string usage(const Verb& verb) {
  std::string text = "intertie " + std::string(verb.path);
  if (!verb.options.empty()) text += " [options]";
  for (const Operand& operand : verb.operands) {
    const std::string name(operand.name);
    switch (operand.need) {
      case Need::required:
        text += " " + name;
        break;
      case Need::optional:
        text += " [" + name + "]";
        break;
      case Need::list:
        text += verb.takes_command ? " [--] " + name + "..." : " " + name + "...";
        break;
      case Need::list_or_none:
        text += " [" + name + "...]";
        break;
    }
  }
  return text + "\n";
}

/// "a|b|c", or with blanks between them where they are too many for a line.
std::string describe_choices(std::string_view choices) {
  constexpr std::size_t kWidthMax = 45;
  std::string text(choices);
  if (text.size() <= kWidthMax) return text;
  for (std::size_t at = text.find('|'); at != std::string::npos; at = text.find('|', at)) {
    text.replace(at, 1, ", ");
  }
  return text;
}

std::string render_option(const Option& option) {
  std::string left = option.letter == 0 ? "      " : std::string("  -") + option.letter + ", ";
  left += "--" + std::string(option.name);
  if (option.kind != ValueKind::flag) left += " " + std::string(option.value);
  constexpr std::size_t kIndent = 30;
  if (left.size() + 2 > kIndent) {
    left += "\n" + std::string(kIndent, ' ');
  } else {
    left.resize(kIndent, ' ');
  }
  std::string help(option.help);
  if (!option.choices.empty()) help += ": " + describe_choices(option.choices);
  if (option.is_repeatable) help += " (repeatable)";
  return left + wrap(help, kIndent, kIndent);
}

std::string render_verb_line(const Verb& verb) {
  constexpr std::size_t kSummaryAt = 22;  // Behind the longest path of a family.
  std::string left = "  " + std::string(verb.path);
  left.resize(std::max(kSummaryAt, left.size() + 2), ' ');
  return left + wrap(verb.summary, kSummaryAt, kSummaryAt);
}

}  // namespace

std::string render_overview() {
  std::string text =
      "intertie runs your work where computing, data and price together are best.\n"
      "\n"
      "  intertie dev                       a hub and a site on this machine\n"
      "  intertie run -- echo hello         run something on it\n"
      "  intertie explain 1                 why it ran where it ran\n";
  for (const std::string_view group : get_groups()) {
    std::string line = "\n" + std::string(group) + "\n  ";
    std::vector<std::string_view> words;
    for (const Verb& verb : get_verbs()) {
      if (verb.group != group) continue;
      const std::string_view word = verb.path.substr(0, verb.path.find(' '));
      if (std::find(words.begin(), words.end(), word) == words.end()) words.push_back(word);
    }
    for (std::size_t i = 0; i < words.size(); ++i) {
      line += (i == 0 ? "" : ", ") + std::string(words[i]);
    }
    text += line + "\n";
  }
  return text +
         "\nintertie help VERB explains a verb; every verb takes --help.\n"
         "More: docs/ and README.md.\n";
}

std::string render_verb_help(const Verb& verb) {
  std::string text =
      wrap("intertie " + std::string(verb.path) + ": " + std::string(verb.summary), 0, 2);
  if (!verb.examples.empty()) {
    text += "\nExamples\n";
    for (const std::string_view example : verb.examples) {
      text += "  " + wrap("intertie " + std::string(example), 2, 6);
    }
  }
  text += "\nUsage\n  " + usage(verb);
  if (!verb.details.empty()) text += "\n" + wrap(verb.details, 0, 0);
  if (!verb.options.empty()) {
    text += "\nOptions\n";
    for (const Option& option : verb.options) text += render_option(option);
  }
  text += "\nOptions of every verb\n";
  for (const Option& option : get_global_options()) text += render_option(option);
  return text;
}

std::string render_family_help(std::string_view family) {
  std::string text = "intertie " + std::string(family) + " has these verbs:\n\n";
  std::string_view first;
  for (const Verb& verb : get_verbs()) {
    if (!verb.path.starts_with(std::string(family) + " ")) continue;
    if (first.empty()) first = verb.path;
    text += render_verb_line(verb);
  }
  return text + "\nintertie help " + std::string(first) + " explains the first of them.\n";
}

std::string render_version() { return "intertie " INTERTIE_VERSION; }

std::string render_version_json() {
  return R"({"program":"intertie","version":")" INTERTIE_VERSION R"(","schema":)" +
         std::to_string(kOutputSchema) + "}";
}

}  // namespace intertie::cli
