// Opens the memory and reads the environment of every process that can be seen.
#include <fcntl.h>
#include <unistd.h>

#include "attack.h"
#include "processes.h"

int main() {
  using namespace intertie::attack;
  Finds finds;
  for (const pid_t process : list_others()) {
    const std::string memory = get_proc_path(process, "mem");
    finds.add_if(::open(memory.c_str(), O_RDONLY | O_CLOEXEC) >= 0, memory);
    const std::string environment = get_proc_path(process, "environ");
    const int file = ::open(environment.c_str(), O_RDONLY | O_CLOEXEC);
    char byte = 0;
    while (::read(file, &byte, 1) == 1) {
      if (byte == '\0') continue;
      finds.add_if(true, environment);
      break;
    }
  }
  return finds.code();
}
