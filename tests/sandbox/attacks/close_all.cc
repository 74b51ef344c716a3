// Closes and bends what it shares with its meter, the two pipes, then goes on for ever.
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "attack.h"

int main() {
  for (int signal = 1; signal < 32; ++signal) ::signal(signal, SIG_IGN);
  for (int number = 1; number < 3; ++number) {
    const std::string path = "/proc/self/fd/" + std::to_string(number);
    const int again = ::open(path.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC);
    (void)::fcntl(again, F_SETPIPE_SZ, 1 << 20);
    (void)::fcntl(again, F_SETFL, O_NONBLOCK | O_ASYNC | O_DIRECT);
    (void)::fcntl(again, F_SETOWN, 1);
    char bytes[4'096];
    while (::read(again, bytes, sizeof(bytes)) > 0) {
    }
  }
  std::printf("ready\n");
  std::fflush(stdout);
  for (int number = 0; number < 1'024; ++number) ::close(number);
  while (true) ::pause();
}
