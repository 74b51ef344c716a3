// Splitting and reading of what Slurm's commands print.
#pragma once

#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace intertie::execution_slurm {

/// "a|b||" has four fields.
inline std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (true) {
    const std::size_t end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

/// Without the empty ones.
inline std::vector<std::string_view> split_lines(std::string_view text) {
  std::vector<std::string_view> lines;
  for (const std::string_view line : split(text, '\n')) {
    if (!line.empty()) lines.push_back(line);
  }
  return lines;
}

/// Digits alone, 18 at most.
inline std::optional<std::int64_t> parse_count(std::string_view text) {
  std::int64_t value = 0;
  if (text.empty() || text.size() > 18 || text.front() == '-') return std::nullopt;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  if (read.ec != std::errc() || read.ptr != text.data() + text.size()) return std::nullopt;
  return value;
}

/// For the detail of an error: no line breaks, not too long.
inline std::string quote(std::string_view text) {
  std::string quoted = "'";
  for (const char c : text.substr(0, 160)) quoted += c >= ' ' && c != 127 ? c : ' ';
  return quoted + (text.size() > 160 ? "...'" : "'");
}

}  // namespace intertie::execution_slurm
