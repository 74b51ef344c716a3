// Asks of every process that it sees whether it could stop or kill it, the meter among them.
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "attack.h"
#include "processes.h"

int main() {
  using namespace intertie::attack;
  Finds finds;
  const bool is_private = get_told("INTERTIE_WORK") == "/work";
  for (const pid_t process : list_others()) {
    // The init of its own sandbox: it takes no signal that would stop it (see stop_init).
    if (is_private && process == 1) continue;
    finds.add_if(::kill(process, 0) == 0, "process " + std::to_string(process));
    const long handle = ::syscall(SYS_pidfd_open, process, 0);
    finds.add_if(handle >= 0 && ::syscall(SYS_pidfd_send_signal, handle, 0, nullptr, 0) == 0,
                 "by handle " + std::to_string(process));
  }
  return finds.code();
}
