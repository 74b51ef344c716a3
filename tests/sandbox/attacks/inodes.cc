// Makes names without content until somebody says no: they cost memory that nobody counts.
#include <fcntl.h>
#include <unistd.h>

#include "attack.h"

int main() {
  using namespace intertie::attack;
  Finds finds;
  for (const std::string& folder : {std::string("/tmp"), std::string("/dev/shm")}) {
    int count = 0;
    for (; count < 20'000; ++count) {
      const std::string name = folder + "/" + get_mark() + "-" + std::to_string(count);
      const int file = ::open(name.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
      if (file < 0) break;
      ::close(file);
    }
    finds.add_if(count >= 20'000, folder);
  }
  return finds.code();
}
