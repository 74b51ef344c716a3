// Completion scripts, generated from the table of verbs. Names of jobs, sites and accounts come
// from the hidden `intertie __complete KIND` (verbs/complete_names.h), which is silent without a
// hub.
#include <algorithm>
#include <vector>

#include "command_line/help.h"

namespace intertie::cli {
namespace {

std::vector<std::string> list_first_words() {
  std::vector<std::string> words;
  for (const Verb& verb : get_verbs()) {
    std::string word(verb.path.substr(0, verb.path.find(' ')));
    if (std::find(words.begin(), words.end(), word) == words.end()) words.push_back(word);
  }
  return words;
}

std::vector<std::string> list_second_words(std::string_view family) {
  std::vector<std::string> words;
  for (const Verb& verb : get_verbs()) {
    if (verb.path.starts_with(std::string(family) + " ")) {
      words.emplace_back(verb.path.substr(family.size() + 1));
    }
  }
  return words;
}

std::string join(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

std::string join_options(std::span<const Option> options) {
  std::vector<std::string> words;
  for (const Option& option : options) words.push_back("--" + std::string(option.name));
  return join(words);
}

std::string spaced_choices(std::string_view choices) {
  std::string text(choices);
  std::replace(text.begin(), text.end(), '|', ' ');
  return text;
}

/// Which live names the verb's first operand is one of; empty: none that a hub knows.
std::string_view find_name_kind(const Verb& verb) {
  if (verb.operands.empty()) return {};
  const std::string_view operand = verb.operands.front().name;
  if (operand == "JOB") return verb.path == "cancel" ? "open-jobs" : "jobs";
  if (operand == "SITE") return "sites";
  if (operand == "ACCOUNT") return "accounts";
  if (operand == "DISPUTE") return "disputes";
  if (verb.path.starts_with("context ")) return "contexts";
  return {};
}

/// The values of options with choices, as cases of "$previous".
std::string bash_value_cases() {
  std::string text;
  std::vector<std::string> known;
  const auto add = [&](const Option& option) {
    const std::string name(option.name);
    if (option.choices.empty() || std::find(known.begin(), known.end(), name) != known.end()) {
      return;
    }
    known.push_back(name);
    text += "    --" + name + ") words=\"" + spaced_choices(option.choices) + "\" ;;\n";
  };
  for (const Option& option : get_global_options()) add(option);
  for (const Verb& verb : get_verbs()) {
    for (const Option& option : verb.options) add(option);
  }
  return text;
}

std::string bash_script() {
  std::string text =
      "# Completion of intertie for bash.\n"
      "_intertie() {\n"
      "  local current=\"${COMP_WORDS[COMP_CWORD]}\" previous=\"${COMP_WORDS[COMP_CWORD-1]}\"\n"
      "  local first=\"${COMP_WORDS[1]}\" verb=\"${COMP_WORDS[1]} ${COMP_WORDS[2]:-}\" words=\"\"\n"
      "  local names=\"\"\n"
      "  case \"$previous\" in\n" +
      bash_value_cases() +
      "  esac\n"
      "  if [ -z \"$words\" ] && [ \"$COMP_CWORD\" -eq 1 ]; then\n"
      "    words=\"" +
      join(list_first_words()) + "\"\n  elif [ -z \"$words\" ]; then\n    case \"$verb\" in\n";
  for (const Verb& verb : get_verbs()) {
    const bool is_single = verb.path.find(' ') == std::string_view::npos;
    const std::string kind(find_name_kind(verb));
    text += "      \"" + std::string(verb.path) + "\"" + (is_single ? "\\ *" : "") + ") words=\"" +
            join_options(verb.options) + "\"" + (kind.empty() ? "" : " names=" + kind) + " ;;\n";
  }
  text += "    esac\n    if [ \"$COMP_CWORD\" -eq 2 ]; then\n      case \"$first\" in\n";
  for (const std::string& word : list_first_words()) {
    const std::vector<std::string> seconds = list_second_words(word);
    if (!seconds.empty()) text += "        " + word + ") words=\"" + join(seconds) + "\" ;;\n";
  }
  text += "        help) words=\"" + join(list_first_words()) +
          "\" ;;\n        completion) words=\"bash zsh fish\" ;;\n      esac\n    fi\n    "
          "words=\"$words " +
          join_options(get_global_options()) +
          "\"\n  fi\n"
          "  case \"$current\" in\n"
          "    -*) names=\"\" ;;\n"
          "  esac\n"
          "  if [ -n \"$names\" ]; then\n"
          "    words=\"$words $(\"${COMP_WORDS[0]}\" __complete \"$names\" 2>/dev/null)\"\n"
          "  fi\n"
          "  case \"$current\" in\n"
          "    -*|\"\") ;;\n"
          "    */*) words=\"\" ;;\n"
          "  esac\n"
          "  mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$current\")\n"
          "}\n"
          "complete -o default -F _intertie intertie\n";
  return text;
}

std::string escape_quotes(std::string_view text) {
  std::string result;
  for (const char c : text) {
    if (c == '\'') {
      result += "'\\''";
    } else {
      result += c;
    }
  }
  return result;
}

std::string zsh_script() {
  // zsh runs bash completions through bashcompinit, except mapfile, which it lacks.
  std::string text = bash_script();
  const std::string line = "mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$current\")";
  text.replace(text.find(line), line.size(),
               "COMPREPLY=($(compgen -W \"$words\" -- \"$current\"))");
  return "#compdef intertie\nautoload -U +X bashcompinit && bashcompinit\n" + text;
}

std::string fish_script() {
  std::string text = "# Completion of intertie for fish.\n";
  for (const std::string& word : list_first_words()) {
    const Verb* const verb = find_verb(word);
    text += "complete -c intertie -n __fish_use_subcommand -a " + word;
    if (verb != nullptr) text += " -d '" + escape_quotes(verb->summary) + "'";
    text += "\n";
    for (const std::string& second : list_second_words(word)) {
      text +=
          "complete -c intertie -n '__fish_seen_subcommand_from " + word + "' -a " + second + "\n";
    }
  }
  const auto add = [&text](const Option& option, const std::string& condition) {
    text += "complete -c intertie" + condition + " -l " + std::string(option.name);
    if (option.letter != 0) text += std::string(" -s ") + option.letter;
    if (option.kind != ValueKind::flag) text += " -r";
    if (!option.choices.empty()) text += " -f -a '" + spaced_choices(option.choices) + "'";
    text += " -d '" + escape_quotes(option.help) + "'\n";
  };
  for (const Option& option : get_global_options()) add(option, "");
  for (const Verb& verb : get_verbs()) {
    const std::string_view last = verb.path.substr(verb.path.rfind(' ') + 1);
    if (const std::string kind(find_name_kind(verb)); !kind.empty()) {
      const std::string_view first = verb.path.substr(0, verb.path.find(' '));
      text += "complete -c intertie -n '__fish_seen_subcommand_from " + std::string(first);
      if (first != last) text += "; and __fish_seen_subcommand_from " + std::string(last);
      text += "' -f -a '(intertie __complete " + kind + " 2>/dev/null)'\n";
    }
    for (const Option& option : verb.options) {
      add(option, " -n '__fish_seen_subcommand_from " + std::string(last) + "'");
    }
  }
  return text;
}

}  // namespace

std::string render_completion(std::string_view shell) {
  if (shell == "bash") return bash_script();
  if (shell == "zsh") return zsh_script();
  if (shell == "fish") return fish_script();
  return {};
}

}  // namespace intertie::cli
