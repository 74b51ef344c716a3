// From the words of the command line to a verb, its options and its operands.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "command_line/spec.h"
#include "output/complaint.h"

namespace intertie::cli {

/// A checked command line.
class Invocation {
 public:
  const Verb* verb = nullptr;
  std::vector<std::string> operands;
  std::vector<std::pair<std::string, std::string>> options;  // Long names; flags have no value.
  std::optional<std::size_t>
      options_typed;  // So many were; the rest was set elsewhere. Absent: all.

  bool has(std::string_view option) const { return find(option).has_value(); }
  /// The last value given.
  std::optional<std::string_view> find(std::string_view option) const;
  std::string get(std::string_view option, std::string_view otherwise) const;
  std::vector<std::string> list(std::string_view option) const;
  /// A value whose kind the parser has checked.
  std::int64_t get_count(std::string_view option, std::int64_t otherwise) const;
};

/// `topic` is the verb or the family to explain; empty: everything.
struct HelpWish {
  std::string topic;
};
struct VersionWish {};

using Parsed = std::variant<Invocation, HelpWish, VersionWish, Complaint>;

/// Reads the words after the program's name. Options may stand anywhere before "--"; "-h" and
/// "--help" anywhere win over every mistake beside them. Values are checked here, so a mistake is
/// told before anything is contacted. Pure, O(words * verbs).
Parsed parse_command_line(std::span<const std::string> words);

}  // namespace intertie::cli
