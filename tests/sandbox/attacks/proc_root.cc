// Walks out through /proc/PID/root, cwd and fd of every process that can be seen.
#include <fcntl.h>

#include "attack.h"
#include "processes.h"

int main() {
  using namespace intertie::attack;
  Finds finds;
  for (const pid_t process : list_others()) {
    for (const char* name : {"root/etc/passwd", "root/etc/shadow", "cwd/.", "fd/0", "fd/3",
                             "task/1/root/etc/passwd"}) {
      const std::string path = get_proc_path(process, name);
      finds.add_if(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC) >= 0, path);
    }
  }
  return finds.code();
}
