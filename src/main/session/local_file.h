// Files of the user's machine.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "intertie/core/result.h"

namespace intertie::cli {

/// The whole content ("-": standard input). io_failed with the system's answer; too_large.
core::Result<std::string> read_file(const std::string& path, std::size_t bytes_max);

/// Replaces the file in one step: mode 0600, synced.
core::Result<void> write_private_file(const std::string& path, std::string_view content);

/// The absolute form of a path. Folders are not looked up.
std::string make_absolute(const std::string& path);

/// A fresh 128-bit random number as 32 hexadecimal digits.
std::string make_random_key();

}  // namespace intertie::cli
