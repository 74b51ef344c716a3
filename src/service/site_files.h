// Small files of a site's folder: private, and whole after a crash.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "intertie/core/result.h"

namespace intertie::service {

/// io_failed with the path and what the system said.
core::Error make_file_error(const std::string& path, int error);

/// Makes a folder with this mode; its parent must exist. Existing ones are left as they are.
core::Result<void> make_folder(const std::string& path, unsigned mode = 0700);

/// Makes every folder of `relative` beneath `root`, which exists, with mode 0755.
core::Result<void> make_folders_beneath(const std::string& root, std::string_view relative);

/// Replaces the file (0600) so that a crash leaves the old or the new content; durable on return.
core::Result<void> replace_file(const std::string& path, std::string_view content);

/// The whole file. not_found; too_large above `bytes_max`.
core::Result<std::string> read_small_file(const std::string& path, std::size_t bytes_max);

}  // namespace intertie::service
