// Makes processes without end, and leaves them behind.
#include <signal.h>
#include <unistd.h>

#include "attack.h"

int main() {
  using namespace intertie::attack;
  Finds finds;
  int count = 0;
  while (count < 2'000) {
    const pid_t child = ::fork();
    if (child < 0) break;
    ++count;
    if (child != 0) continue;
    ::setsid();
    ::signal(SIGTERM, SIG_IGN);
    while (true) ::pause();
  }
  finds.add_if(count > std::atoi(get_told("ATTACK_LIMIT").c_str()),
               std::to_string(count) + " processes");
  std::printf("%d processes\n", count);
  return finds.code();
}
