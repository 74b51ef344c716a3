// What the command line understands, as data: one table drives parsing, help, completion, the man
// page and suggestions.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace intertie::cli {

/// What an option's value must look like. Checked while parsing, before anything is contacted.
enum class ValueKind : std::uint8_t {
  flag,       // No value.
  text,       // Anything but the empty text.
  count,      // A whole number, 0 or more.
  cpus,       // "0.5"
  size,       // "2GiB"
  duration,   // "10m"
  money,      // "0.25"
  rate,       // "1 TFLOPS fp32"
  bandwidth,  // "100mbit"
  choice,     // One of `choices`.
};

struct Option {
  std::string_view name;  // Without the dashes.
  char letter = 0;        // 0: no short form.
  ValueKind kind = ValueKind::flag;
  std::string_view value;  // How help calls the value: "DIR".
  std::string_view help;
  std::string_view choices = {};  // "table|json"
  bool is_repeatable = false;
};

enum class Need : std::uint8_t { required, optional, list, list_or_none };

struct Operand {
  std::string_view name;
  Need need = Need::required;
};

struct Verb {
  std::string_view path;   // "site join"
  std::string_view group;  // One of the titles in get_groups().
  std::string_view summary;
  std::span<const Operand> operands = {};
  std::span<const Option> options = {};
  std::span<const std::string_view> examples = {};  // Without "intertie ".
  std::string_view details = {};
  bool takes_command = false;  // From the first operand on, or after "--", it is a command.
};

/// A word of another tool, or a likely guess, and the verb that does it here. Only suggested.
struct Synonym {
  std::string_view word;
  std::string_view verb;
};

std::span<const Verb> get_verbs();
std::span<const Option> get_global_options();
/// Titles of the groups, in the order of the overview.
std::span<const std::string_view> get_groups();
std::span<const Synonym> get_synonyms();

/// The verb with exactly this path, or null.
const Verb* find_verb(std::string_view path);
/// Whether "site" is the first word of verbs such as "site join".
bool is_verb_family(std::string_view word);
/// The option of a verb, or of all verbs, by its long name or its letter; or null.
const Option* find_option(const Verb* verb, std::string_view name);
const Option* find_option(const Verb* verb, char letter);

}  // namespace intertie::cli
