// Small files written so that a crash leaves the old content or the new, never half of one.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>

#include "intertie/core/result.h"

namespace intertie::service {

/// Makes the folder (mode 0700) if it is not there; its parent must exist. An existing folder that
/// others may write to is refused with denied. io_failed.
core::Result<void> make_private_folder(const std::string& path);

/// Writes beside `path`, syncs, renames over it, syncs the folder. io_failed.
core::Result<void> write_file_durably(const std::string& path, std::string_view bytes, mode_t mode);

/// The whole file, at most `bytes_max` (too_large). not_found; io_failed.
core::Result<std::string> read_whole_file(const std::string& path, std::size_t bytes_max);

/// The same for a file that nobody but its owner may read: denied if its mode says otherwise.
core::Result<std::string> read_private_file(const std::string& path, std::size_t bytes_max);

/// Makes a rename or a removal in the folder durable. io_failed.
core::Result<void> sync_folder(const std::string& path);

/// io_failed (store_unavailable for ENOSPC, EDQUOT and EROFS) with what and errno's text.
core::Error make_io_error(const std::string& what);

}  // namespace intertie::service
