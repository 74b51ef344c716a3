// Reads and writes a file of the agent through links and through ways out of its folder.
#include <fcntl.h>
#include <unistd.h>

#include "attack.h"

int main() {
  using namespace intertie::attack;
  Finds finds;
  const std::string victim = get_told("ATTACK_VICTIM");
  (void)!::symlink(victim.c_str(), "link");
  (void)!::symlink("/", "slash");
  (void)!::symlink("../../..", "above");
  std::string up;
  std::string ways[] = {victim, "link", "slash" + victim, "/proc/self/cwd/link",
                        "/proc/self/root" + victim};
  for (const std::string& way : ways) {
    finds.add_if(::open(way.c_str(), O_RDONLY | O_CLOEXEC) >= 0, "read " + way);
    finds.add_if(::open(way.c_str(), O_WRONLY | O_CLOEXEC) >= 0, "write " + way);
  }
  for (int depth = 0; depth < 20; ++depth) {
    up += "../";
    finds.add_if(::open((up + victim).c_str(), O_RDONLY | O_CLOEXEC) >= 0, up);
  }
  return finds.code();
}
