// The next tenant: looks for what leave_behind made, by the same names.
#include <fcntl.h>
#include <mqueue.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "attack.h"

int main() {
  using namespace intertie::attack;
  Finds finds;
  const std::string mark = get_told("ATTACK_OTHER");
  const key_t key = std::atoi(get_told("ATTACK_KEY").c_str());
  finds.add_if(::shmget(key, 0, 0) >= 0, "System V memory");
  finds.add_if(::semget(key, 0, 0) >= 0, "System V semaphore");
  finds.add_if(::msgget(key, 0) >= 0, "System V queue");
  finds.add_if(::mq_open(("/" + mark).c_str(), O_RDONLY) >= 0, "POSIX queue");
  finds.add_if(::shm_open(("/" + mark).c_str(), O_RDONLY, 0) >= 0, "POSIX memory");
  for (const char* folder : {"/tmp", "/var/tmp", "/run", "/dev", "/dev/shm", "/run/lock"}) {
    const std::string path = std::string(folder) + "/" + mark;
    finds.add_if(::open(path.c_str(), O_RDONLY | O_CLOEXEC) >= 0, path);
  }
  finds.add_if(::open(get_told("ATTACK_VICTIM").c_str(), O_RDONLY | O_CLOEXEC) >= 0,
               "the other's file");
  // KEYCTL_SEARCH in the session and the user's keyring.
  for (const int ring : {-3, -4}) {
    finds.add_if(::syscall(SYS_keyctl, 10, ring, "user", mark.c_str(), 0) >= 0, "a key");
  }
  return finds.code();
}
