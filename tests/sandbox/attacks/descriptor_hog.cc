// Opens files until the limit, which must not be the machine's.
#include <fcntl.h>
#include <unistd.h>

#include "attack.h"

int main() {
  using namespace intertie::attack;
  Finds finds;
  int count = 0;
  while (count < 100'000 && ::open("/dev/null", O_RDONLY) >= 0) ++count;
  finds.add_if(count > 65'536, std::to_string(count) + " files open");
  return finds.code();
}
