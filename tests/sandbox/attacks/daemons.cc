// Slips away: detached twice, sessions of their own, deaf to all signals, asleep in vfork, and one
// line of processes that each live only until the next is there. Its end must be theirs.
#include <signal.h>
#include <unistd.h>

#include "attack.h"

namespace {

void ignore_all() {
  for (int signal = 1; signal < 65; ++signal) ::signal(signal, SIG_IGN);
}

[[noreturn]] void hop() {
  while (true) {
    const pid_t next = ::fork();
    if (next > 0) ::_exit(0);
    if (next < 0) ::usleep(1'000);
    ::setsid();
  }
}

}  // namespace

int main() {
  ignore_all();
  for (int kind = 0; kind < 4; ++kind) {
    if (::fork() != 0) continue;
    ::setsid();
    if (::fork() != 0) ::_exit(0);
    (void)!::chdir("/");
    ::close(STDOUT_FILENO);
    ::close(STDERR_FILENO);
    if (kind == 0) hop();
    if (kind == 1 && ::vfork() == 0) {
      while (true) ::pause();
    }
    while (true) ::pause();
  }
  std::printf("ready\n");
  std::fflush(stdout);
  while (true) ::pause();
}
