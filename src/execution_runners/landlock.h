// What a task at level process may touch of the host, held by the kernel (landlock(7)).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "intertie/core/result.h"

#include "descriptor.h"

namespace intertie::execution_runners {

/// From this version on tasks can be kept from signalling others and from abstract sockets.
inline constexpr int kLandlockWithScopes = 6;

/// The version of Landlock that this kernel offers; 0 = none, or it is switched off.
int find_landlock_version();

/// Host folders that a task may read although it runs as the agent's own user: those of the system.
/// Not where people, data and keys lie, nor the top folder of `private_folder` or of the caller's
/// home.
std::vector<std::string> find_readable_folders(const std::string& private_folder);

/// A list of what may be used; everything else is refused with EACCES once it is entered.
class FileRules {
 public:
  enum class Use : std::uint8_t { read, write };  // write: and read.

  /// Writing is always limited, reading only if `limits_reading`. Costs about 0.05 ms. Without
  /// Landlock (`version` 0) it allows everything.
  static core::Result<FileRules> create(int version, bool limits_reading);

  /// `file` may be opened with O_PATH; a folder stands for all beneath it. io_failed.
  core::Result<void> allow(int file, Use use);
  /// The same for a path. What is not there needs no rule.
  core::Result<void> allow(const std::string& path, Use use);

  /// Holds for the calling process and all it starts, for good. Sets no_new_privs. io_failed.
  core::Result<void> enter() const;

 private:
  Descriptor rules_;
  std::uint64_t reads_ = 0;
  std::uint64_t writes_ = 0;
};

}  // namespace intertie::execution_runners
