// Looking things up in the table of verbs.
#include "command_line/spec.h"

namespace intertie::cli {

const Verb* find_verb(std::string_view path) {
  for (const Verb& verb : get_verbs()) {
    if (verb.path == path) return &verb;
  }
  return nullptr;
}

bool is_verb_family(std::string_view word) {
  for (const Verb& verb : get_verbs()) {
    if (verb.path.size() > word.size() && verb.path.starts_with(word) &&
        verb.path[word.size()] == ' ') {
      return true;
    }
  }
  return false;
}

const Option* find_option(const Verb* verb, std::string_view name) {
  if (verb != nullptr) {
    for (const Option& option : verb->options) {
      if (option.name == name) return &option;
    }
  }
  for (const Option& option : get_global_options()) {
    if (option.name == name) return &option;
  }
  return nullptr;
}

const Option* find_option(const Verb* verb, char letter) {
  if (verb != nullptr) {
    for (const Option& option : verb->options) {
      if (option.letter == letter) return &option;
    }
  }
  for (const Option& option : get_global_options()) {
    if (option.letter == letter) return &option;
  }
  return nullptr;
}

}  // namespace intertie::cli
