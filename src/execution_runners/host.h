// What the launcher finds out about its machine once, at its start.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "intertie/core/result.h"

#include "cgroups.h"
#include "seccomp_filter.h"

namespace intertie::execution_runners {

/// Namespaces whose inode numbers tell whether a task has its own.
inline constexpr std::array<std::string_view, 7> kNamespaceNames = {"user", "mnt", "pid",   "ipc",
                                                                    "uts",  "net", "cgroup"};

/// One piece of the system that every task with a private file view sees, read-only.
struct SystemPart {
  std::string path;
  std::string link;  // Recreate as a symbolic link with this text (merged /usr); empty = bind.
  bool is_folder = true;
};

struct Host {
  bool is_root = false;
  SeccompFilters filters;
  int landlock = 0;  // find_landlock_version().
  // What tasks at level process may read when they run as the caller's own user.
  std::vector<std::string> readable_folders;
  GroupRoots groups;
  std::string group_prefix;  // Distinguishes this launcher's groups from another's.
  std::vector<SystemPart> system_parts;
  std::array<std::uint64_t, kNamespaceNames.size()> namespaces{};  // Inodes of the host's.
  // Where the kernel shows this process's command line and environment from.
  std::uintptr_t arguments_begin = 0;
  std::uintptr_t arguments_end = 0;
  std::uintptr_t environment_begin = 0;
  std::uintptr_t environment_end = 0;
};

/// About 10 ms, for the filters. not_supported without seccomp.
core::Result<Host> read_host(const std::string& folder);

/// Clears what /proc shows of the calling process's arguments and environment.
void wipe_arguments(const Host& host);

/// The inode of one of the calling process's namespaces; 0 if unknown.
std::uint64_t read_namespace(std::string_view name);

}  // namespace intertie::execution_runners
