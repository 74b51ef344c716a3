// Pushes a key into every terminal that it can open, one of its own included (CVE-2017-5226).
#include <dirent.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <vector>

#include "attack.h"

int main() {
  using namespace intertie::attack;
  Finds finds;
  std::vector<std::string> paths = {"/dev/tty", "/dev/console", "/dev/tty0", "/dev/tty1",
                                    "/dev/ttyS0"};
  DIR* const folder = ::opendir("/dev/pts");
  while (const dirent* entry = folder != nullptr ? ::readdir(folder) : nullptr) {
    paths.push_back(std::string("/dev/pts/") + entry->d_name);
  }
  for (const std::string& path : paths) {
    // Not for writing: even a key that arrives would be one byte of nothing.
    const int terminal = ::open(path.c_str(), O_RDONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    finds.add_if(terminal >= 0 && ::ioctl(terminal, TIOCSTI, "") == 0, path);
  }
  const int own = ::open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);
  finds.add_if(own >= 0 && ::ioctl(own, TIOCSTI, "") == 0, "its own");
  finds.add_if(::ioctl(STDIN_FILENO, TIOCSTI, "") == 0, "its input");
  return finds.code();
}
