// The command line of an example program: pairs of --name value.
#pragma once

#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <map>
#include <string>

namespace examples {

/// Exit codes that all the programs share.
inline constexpr int kExitFailed = 1;  // The work was done and its result is wrong.
inline constexpr int kExitUsage = 3;   // The command line or an input file is bad.

[[noreturn]] inline void stop_with(int exit_code, const std::string& message) {
  std::cerr << message << "\n";
  std::exit(exit_code);
}

/// Reads `--name value` pairs. Each name must be one of the defaults given; a bad command line
/// ends the program with kExitUsage and a message that names the argument.
class Arguments {
 public:
  Arguments(int count, char** values, std::map<std::string, std::string> defaults)
      : values_(std::move(defaults)) {
    for (int i = 1; i < count; i += 2) {
      const std::string name = values[i];
      const auto found = name.starts_with("--") ? values_.find(name.substr(2)) : values_.end();
      if (found == values_.end()) stop_with(kExitUsage, "unknown argument: " + name + usage());
      if (i + 1 >= count) stop_with(kExitUsage, name + " needs a value" + usage());
      found->second = values[i + 1];
    }
  }

  const std::string& get_text(const std::string& name) const { return values_.at(name); }

  std::int64_t get_integer(const std::string& name, std::int64_t least, std::int64_t most) const {
    const std::string& text = values_.at(name);
    char* end = nullptr;
    errno = 0;
    const std::int64_t value = std::strtoll(text.c_str(), &end, 10);
    if (text.empty() || *end != '\0' || errno != 0 || value < least || value > most) {
      stop_with(kExitUsage, "--" + name + " must be from " + std::to_string(least) + " to " +
                                std::to_string(most) + ", not '" + text + "'");
    }
    return value;
  }

 private:
  std::string usage() const {
    std::string text = "; known:";
    for (const auto& [name, value] : values_) text += " --" + name + " (" + value + ")";
    return text;
  }

  std::map<std::string, std::string> values_;
};

}  // namespace examples
