#include "small_file.h"

#include <charconv>
#include <fstream>

namespace intertie::measurement_probes {

std::string_view trim(std::string_view text) {
  constexpr std::string_view blanks = " \t\r\n";
  const std::size_t begin = text.find_first_not_of(blanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(blanks) - begin + 1);
}

std::optional<std::string> read_small_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::nullopt;
  std::string content(std::size_t{1} << 20, '\0');
  file.read(content.data(), static_cast<std::streamsize>(content.size()));
  if (file.bad()) return std::nullopt;
  content.resize(static_cast<std::size_t>(file.gcount()));
  return std::string(trim(content));
}

std::optional<std::int64_t> find_number(std::string_view text) {
  text = trim(text);
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{}) return std::nullopt;
  return number;
}

std::optional<std::string> find_value(std::string_view text, std::string_view key) {
  while (!text.empty()) {
    const std::size_t line_end = text.find('\n');
    const std::string_view line = text.substr(0, line_end);
    text.remove_prefix(line_end == std::string_view::npos ? text.size() : line_end + 1);
    if (line.substr(0, key.size()) != key) continue;
    std::string_view rest = line.substr(key.size());
    // "Model" must not take the line of "Model Name".
    const std::size_t value = rest.find_first_not_of(" \t");
    if (value == std::string_view::npos) continue;
    if (rest[value] == ':' || rest[value] == '=') return std::string(trim(rest.substr(value + 1)));
  }
  return std::nullopt;
}

}  // namespace intertie::measurement_probes
