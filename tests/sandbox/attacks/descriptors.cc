// Looks for a descriptor that somebody forgot to close: the test planted one of the host's root.
#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include "attack.h"

int main() {
  using namespace intertie::attack;
  Finds finds;
  for (int number = 3; number < 70'000; ++number) {
    finds.add_if(::fcntl(number, F_GETFD) >= 0, "descriptor " + std::to_string(number));
  }
  // What the three it has lead to: neither the host's terminal nor a file of the agent.
  for (int number = 0; number < 3; ++number) {
    finds.add_if(::isatty(number) == 1, "a terminal");
    finds.add_if(::openat(number, "..", O_RDONLY | O_DIRECTORY) >= 0, "a folder");
  }
  return finds.code();
}
