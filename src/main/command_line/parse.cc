// The parser of the command line; what it accepts stands in verb_table.cc.
#include "command_line/parse.h"

#include <algorithm>
#include <charconv>

#include "intertie/core/quantity.h"
#include "intertie/core/rate.h"

#include "command_line/bandwidth.h"
#include "command_line/suggest.h"

namespace intertie::cli {
namespace {

constexpr std::string_view kProgram = "intertie ";

std::string quote(std::string_view word) { return "'" + std::string(word) + "'"; }

std::string help_command(const Verb* verb) {
  return std::string(kProgram) + (verb == nullptr ? "help" : "help " + std::string(verb->path));
}

bool is_choice(std::string_view choices, std::string_view value) {
  while (!choices.empty()) {
    const std::size_t bar = choices.find('|');
    if (choices.substr(0, bar) == value) return true;
    if (bar == std::string_view::npos) break;
    choices.remove_prefix(bar + 1);
  }
  return false;
}

std::vector<std::string> split_choices(std::string_view choices) {
  std::vector<std::string> words;
  while (true) {
    const std::size_t bar = choices.find('|');
    words.emplace_back(choices.substr(0, bar));
    if (bar == std::string_view::npos) return words;
    choices.remove_prefix(bar + 1);
  }
}

template <class Result>
std::string describe_fault(const Result& result) {
  return result ? std::string() : result.error().detail;
}

/// What is wrong with a value; empty if nothing.
std::string find_fault(const Option& option, const std::string& value) {
  switch (option.kind) {
    case ValueKind::flag:
      return {};
    case ValueKind::text:
      return value.empty() ? "it is empty" : "";
    case ValueKind::count: {
      std::int64_t number = 0;
      const char* const end = value.data() + value.size();
      const auto [stop, error] = std::from_chars(value.data(), end, number);
      if (error == std::errc() && stop == end && number >= 0) return {};
      return "expected a whole number, 0 or more";
    }
    case ValueKind::cpus:
      return describe_fault(core::parse_milli_cpus(value));
    case ValueKind::size:
      return describe_fault(core::parse_bytes(value));
    case ValueKind::duration:
      return describe_fault(core::parse_duration(value));
    case ValueKind::money:
      return describe_fault(core::parse_money(value));
    case ValueKind::rate:
      return describe_fault(core::parse_rate(value));
    case ValueKind::bandwidth:
      return describe_fault(parse_bandwidth(value));
    case ValueKind::choice:
      if (is_choice(option.choices, value)) return {};
      return "expected one of " + std::string(option.choices);
  }
  return {};
}

class Parser {
 public:
  explicit Parser(std::span<const std::string> words) : words_(words) {}

  Parsed parse() {
    // Help anywhere wins: whoever asks for it should not have to repair the line first.
    const bool wants_help = asks_for_help();
    if (std::optional<Complaint> complaint = find_verb_words(); complaint && !wants_help) {
      return *std::move(complaint);
    }
    if (wants_help) return HelpWish{topic_};
    if (invocation_.verb == nullptr && !has_version()) return HelpWish{topic_};
    while (at_ < words_.size()) {
      if (std::optional<Complaint> complaint = take_word()) return *std::move(complaint);
    }
    if (invocation_.has("version")) return VersionWish{};
    if (invocation_.verb == nullptr) return HelpWish{};
    if (std::optional<Complaint> complaint = check_operands()) return *std::move(complaint);
    return std::move(invocation_);
  }

 private:
  /// Words that a command takes for itself (`run -- ls --help`) are not ours. Looks at the place of
  /// the verb only roughly: options with values may stand before it.
  bool asks_for_help() const {
    bool is_command = false;
    for (std::size_t i = 0; i < words_.size() && !is_command; ++i) {
      const std::string& word = words_[i];
      if (word == "--") return false;
      if (word == "-h" || word == "--help") return true;
      const Verb* const verb = find_verb(word);
      if (verb == nullptr || !verb->takes_command) continue;
      for (std::size_t j = i + 1; j < words_.size() && words_[j] != "--"; ++j) {
        if (words_[j] == "-h" || words_[j] == "--help") return true;
        if (words_[j].empty() || words_[j].front() != '-') {
          if (!is_value_of_previous(verb, j)) return false;  // The command begins.
        }
      }
      return false;
    }
    return false;
  }

  bool is_value_of_previous(const Verb* verb, std::size_t place) const {
    const std::string& before = words_[place - 1];
    const Option* option = nullptr;
    if (before.size() == 2 && before[0] == '-') option = find_option(verb, before[1]);
    if (before.size() > 2 && before.starts_with("--")) {
      option = find_option(verb, std::string_view(before).substr(2));
    }
    return option != nullptr && option->kind != ValueKind::flag;
  }

  bool has_version() const {
    return std::find(words_.begin(), words_.end(), "--version") != words_.end();
  }

  /// Finds the verb among the first words; global options may stand before it.
  std::optional<Complaint> find_verb_words() {
    while (at_ < words_.size() && words_[at_].starts_with("-") && words_[at_] != "--") {
      if (std::optional<Complaint> complaint = take_word()) return complaint;
    }
    if (at_ >= words_.size() || words_[at_] == "--") return std::nullopt;
    const std::string first = words_[at_++];
    topic_ = first;
    if (first == "help" && at_ < words_.size() && words_[at_].starts_with("-")) {
      invocation_.verb = find_verb(first);
      return std::nullopt;
    }
    if (is_verb_family(first)) return find_next_word(first);
    invocation_.verb = find_verb(first);
    if (invocation_.verb != nullptr) return std::nullopt;
    topic_.clear();
    return complain_about_verb(first);
  }

  std::optional<Complaint> find_next_word(const std::string& first) {
    while (at_ < words_.size() && words_[at_].starts_with("-") && words_[at_] != "--") {
      if (std::optional<Complaint> complaint = take_word()) return complaint;
    }
    if (at_ >= words_.size()) return std::nullopt;  // `intertie site`: help on the family.
    const std::string path = first + " " + words_[at_++];
    invocation_.verb = find_verb(path);
    if (invocation_.verb == nullptr) {
      return is_verb_family(path) ? find_next_word(path) : complain_about_verb(path);
    }
    topic_ = path;
    return std::nullopt;
  }

  static Complaint complain_about_verb(const std::string& typed) {
    const std::optional<std::string> near = suggest_verb(typed);
    const std::string what = "There is no verb " + quote(typed) + ".";
    if (!near) return make_usage_complaint(what, "intertie help lists the verbs");
    Complaint complaint = make_usage_complaint(what, std::string(kProgram) + *near);
    complaint.why = "Did you mean " + quote(*near) + "?";
    return complaint;
  }

  std::optional<Complaint> take_word() {
    const std::string& word = words_[at_++];
    const bool is_command = invocation_.verb != nullptr && invocation_.verb->takes_command;
    if (word == "--") {
      take_rest();
      return std::nullopt;
    }
    if (word.size() > 2 && word.starts_with("--")) return take_long(word.substr(2));
    if (word.size() > 1 && word.front() == '-' && !is_negative_number(word)) {
      return take_letters(word);
    }
    invocation_.operands.push_back(word);
    if (is_command) take_rest();
    return std::nullopt;
  }

  static bool is_negative_number(std::string_view word) {
    return word.size() > 1 && word[1] >= '0' && word[1] <= '9';
  }

  void take_rest() {
    for (; at_ < words_.size(); ++at_) invocation_.operands.push_back(words_[at_]);
  }

  std::optional<Complaint> take_long(const std::string& text) {
    const std::size_t equals = text.find('=');
    const std::string name = text.substr(0, equals);
    const Option* const option = find_option(invocation_.verb, name);
    if (option == nullptr) return complain_about_option("--" + name, name);
    if (option->kind == ValueKind::flag) {
      if (equals == std::string::npos) return add(*option, "");
      return make_usage_complaint("Option --" + name + " takes no value.",
                                  help_command(invocation_.verb));
    }
    if (equals != std::string::npos) return add(*option, text.substr(equals + 1));
    return take_value(*option);
  }

  /// "-o json", "-ojson", "-qf".
  std::optional<Complaint> take_letters(const std::string& word) {
    for (std::size_t i = 1; i < word.size(); ++i) {
      const Option* const option = find_option(invocation_.verb, word[i]);
      if (option == nullptr) return complain_about_option("-" + word.substr(i, 1), word.substr(1));
      if (option->kind == ValueKind::flag) {
        if (std::optional<Complaint> complaint = add(*option, "")) return complaint;
        continue;
      }
      if (i + 1 == word.size()) return take_value(*option);
      const std::size_t from = word[i + 1] == '=' ? i + 2 : i + 1;
      return add(*option, word.substr(from));
    }
    return std::nullopt;
  }

  std::optional<Complaint> take_value(const Option& option) {
    if (at_ < words_.size() && words_[at_] != "--") return add(option, words_[at_++]);
    const std::string value(option.choices.empty() ? option.value : option.choices);
    return make_usage_complaint("Option --" + std::string(option.name) + " needs a value.",
                                "--" + std::string(option.name) + " " + value);
  }

  Complaint complain_about_option(const std::string& typed, const std::string& name) const {
    const Verb* const verb = invocation_.verb;
    std::string what = "There is no option " + typed;
    if (verb != nullptr) what += " for " + quote(verb->path);
    const std::optional<std::string> near = suggest_option(verb, name);
    Complaint complaint = make_usage_complaint(what + ".", help_command(verb));
    if (near) complaint.why = "Did you mean --" + *near + "?";
    return complaint;
  }

  std::optional<Complaint> add(const Option& option, const std::string& value) {
    const std::string name(option.name);
    const std::string fault = find_fault(option, value);
    if (!fault.empty()) {
      Complaint complaint = make_usage_complaint(
          "Option --" + name + " cannot be " + quote(value) + ".", help_command(invocation_.verb));
      complaint.why = fault;
      if (option.kind == ValueKind::choice) {
        const std::optional<std::string> near = suggest_word(value, split_choices(option.choices));
        complaint.fix = "--" + name + " " + near.value_or(std::string(option.choices));
      }
      return complaint;
    }
    if (!option.is_repeatable && option.kind != ValueKind::flag && invocation_.has(name)) {
      return make_usage_complaint("Option --" + name + " is given twice.", "Keep one of the two.");
    }
    invocation_.options.emplace_back(name, value);
    return std::nullopt;
  }

  std::optional<Complaint> check_operands() const {
    const Verb& verb = *invocation_.verb;
    std::size_t least = 0;
    std::size_t most = verb.operands.size();
    for (const Operand& operand : verb.operands) {
      if (operand.need == Need::required || operand.need == Need::list) ++least;
      if (operand.need == Need::list || operand.need == Need::list_or_none) most = SIZE_MAX;
    }
    const std::size_t given = invocation_.operands.size();
    if (given < least) {
      const std::string missing(verb.operands[given].name);
      std::string fix = std::string(kProgram) + std::string(verb.path);
      for (const Operand& operand : verb.operands) fix += " " + std::string(operand.name);
      if (!verb.examples.empty()) fix = std::string(kProgram) + std::string(verb.examples[0]);
      return make_usage_complaint(quote(verb.path) + " needs " + missing + ".", fix);
    }
    if (given > most) {
      return make_usage_complaint(quote(verb.path) + " does not know what to do with " +
                                      quote(invocation_.operands[most]) + ".",
                                  help_command(&verb));
    }
    return std::nullopt;
  }

  std::span<const std::string> words_;
  std::size_t at_ = 0;
  std::string topic_;
  Invocation invocation_;
};

}  // namespace

std::optional<std::string_view> Invocation::find(std::string_view option) const {
  for (auto it = options.rbegin(); it != options.rend(); ++it) {
    if (it->first == option) return it->second;
  }
  return std::nullopt;
}

std::string Invocation::get(std::string_view option, std::string_view otherwise) const {
  return std::string(find(option).value_or(otherwise));
}

std::vector<std::string> Invocation::list(std::string_view option) const {
  std::vector<std::string> values;
  for (const auto& [name, value] : options) {
    if (name == option) values.push_back(value);
  }
  return values;
}

std::int64_t Invocation::get_count(std::string_view option, std::int64_t otherwise) const {
  const std::optional<std::string_view> text = find(option);
  if (!text) return otherwise;
  std::int64_t number = otherwise;
  std::from_chars(text->data(), text->data() + text->size(), number);
  return number;
}

Parsed parse_command_line(std::span<const std::string> words) { return Parser(words).parse(); }

}  // namespace intertie::cli
