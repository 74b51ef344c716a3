// The processes that an attack sees and that are not its own.
#pragma once

#include <dirent.h>
#include <sys/types.h>
#include <unistd.h>

#include <cstdlib>
#include <string>
#include <vector>

namespace intertie::attack {

/// All in /proc but the caller.
inline std::vector<pid_t> list_others() {
  std::vector<pid_t> others;
  DIR* const folder = ::opendir("/proc");
  while (const dirent* entry = folder != nullptr ? ::readdir(folder) : nullptr) {
    const pid_t process = static_cast<pid_t>(std::atoi(entry->d_name));
    if (process > 0 && process != ::getpid()) others.push_back(process);
  }
  if (folder != nullptr) ::closedir(folder);
  return others;
}

inline std::string get_proc_path(pid_t process, const char* name) {
  return "/proc/" + std::to_string(process) + "/" + name;
}

}  // namespace intertie::attack
