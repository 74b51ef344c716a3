// Opens control files of cgroups, sysfs and /proc/sys for writing; writes nothing.
#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <string_view>
#include <vector>

#include "attack.h"

namespace {

constexpr int kFilesMax = 40'000;
// Open to everybody, and of the task's own process namespace: a capability is asked for at a write.
constexpr std::string_view kHarmless = "/proc/sys/kernel/ns_last_pid";

void try_folder(const std::string& top, intertie::attack::Finds& finds) {
  std::vector<std::string> waiting = {top};
  int count = 0;
  while (!waiting.empty() && count < kFilesMax) {
    const std::string path = waiting.back();
    waiting.pop_back();
    DIR* const folder = ::opendir(path.c_str());
    while (const dirent* entry = folder != nullptr ? ::readdir(folder) : nullptr) {
      if (entry->d_name[0] == '.') continue;
      const std::string child = path + "/" + entry->d_name;
      if (entry->d_type == DT_DIR) waiting.push_back(child);
      if (entry->d_type != DT_REG || ++count > kFilesMax || child == kHarmless) continue;
      const int file = ::open(child.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC);
      finds.add_if(file >= 0, child);
      if (file >= 0) ::close(file);
    }
    if (folder != nullptr) ::closedir(folder);
  }
}

}  // namespace

int main() {
  using namespace intertie::attack;
  Finds finds;
  for (const char* top : {"/sys/fs/cgroup", "/sys/kernel", "/sys/power", "/sys/module", "/proc/sys",
                          "/sys/class", "/sys/firmware"}) {
    try_folder(top, finds);
  }
  for (const char* path : {"/proc/sysrq-trigger", "/proc/1/oom_score_adj", "/proc/1/clear_refs",
                           "/proc/1/coredump_filter", "/proc/1/uid_map"}) {
    finds.add_if(::open(path, O_WRONLY | O_CLOEXEC) >= 0, path);
  }
  // A new group, and its own place in one.
  finds.add_if(::access("/sys/fs/cgroup", W_OK) == 0, "/sys/fs/cgroup");
  return finds.code();
}
