// Small text files of /proc and /sys.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace intertie::measurement_probes {

/// The content, trimmed, or nothing if the file cannot be read. At most 1 MiB is read.
std::optional<std::string> read_small_file(const std::filesystem::path& path);

/// The leading whole number of a text (spaces before it are skipped), or nothing.
std::optional<std::int64_t> find_number(std::string_view text);

/// The value of the first line "key: value" or "key=value", trimmed, or nothing.
std::optional<std::string> find_value(std::string_view text, std::string_view key);

/// Without spaces, tabs and line ends at both ends.
std::string_view trim(std::string_view text);

}  // namespace intertie::measurement_probes
