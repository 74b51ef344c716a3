// Files in folders that agent and drivers share. A rank's folder belongs to the task's Unix user,
// who may plant links in it: nothing is followed there.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "intertie/core/result.h"

namespace intertie::slurm_runner {

/// io_failed with what and errno's text.
core::Error make_errno_error(const std::string& what);

struct Owner {
  uid_t user = 0;
  gid_t group = 0;
};

/// not_found: no such Unix user on this machine; denied: it is root.
core::Result<Owner> find_owner(const std::string& unix_user);

/// Makes the folder with that mode if it is not there, parents too (0711). An existing one is left
/// as it is. io_failed.
core::Result<void> make_folder(const std::string& path, mode_t mode);

/// Gives a rank's folder, `in` and `work` to the owner, opens the way to it (0711 on its parent),
/// and makes its folder `engine` (0700). Only before anything of the task runs. io_failed.
core::Result<void> give_rank(const std::string& rank, const Owner& owner);

/// quick: survives the death of every process, but not that of the machine that has the disk.
enum class Keep : std::uint8_t { quick, durable };

/// Writes beside the file and renames, so that nobody reads half of it. `folder` / `name`; the
/// folder itself is no link. A sync is what costs most on a busy disk: only what cannot be learnt
/// again after a power failure needs it. io_failed.
core::Result<void> write_shared(const std::string& folder, const std::string& name,
                                std::string_view bytes, const std::optional<Owner>& owner,
                                Keep keep = Keep::quick);

/// not_found; too_large; io_failed.
core::Result<std::string> read_shared(const std::string& folder, const std::string& name,
                                      std::size_t bytes_max);

void remove_shared(const std::string& folder, const std::string& name);

/// True for exactly one caller, on all machines that share the folder (O_EXCL, which NFS version 3
/// and later keep). False: somebody was first.
core::Result<bool> claim(const std::string& engine_folder, std::string_view who);

}  // namespace intertie::slurm_runner
