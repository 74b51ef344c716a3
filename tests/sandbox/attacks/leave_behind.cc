// Makes all that outlives a process: shared memory of both kinds, semaphores, queues, files outside
// its folder. Whether it may is not the question: the next task must find none of it.
#include <fcntl.h>
#include <mqueue.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <unistd.h>

#include "attack.h"

int main() {
  using namespace intertie::attack;
  const std::string mark = get_mark();
  const key_t key = std::atoi(get_told("ATTACK_KEY").c_str());
  const auto tell = [](bool is_made, const char* what) {
    std::printf("%s: %s\n", what, is_made ? "made" : "refused");
  };
  tell(::shmget(key, 4'096, IPC_CREAT | 0666) >= 0, "System V memory");
  tell(::semget(key, 1, IPC_CREAT | 0666) >= 0, "System V semaphore");
  tell(::msgget(key, IPC_CREAT | 0666) >= 0, "System V queue");
  tell(::mq_open(("/" + mark).c_str(), O_CREAT | O_RDWR, 0666, nullptr) >= 0, "POSIX queue");
  tell(::shm_open(("/" + mark).c_str(), O_CREAT | O_RDWR, 0666) >= 0, "POSIX memory");
  ::mkdir(("/dev/shm/" + mark + "-folder").c_str(), 0777);
  for (const char* folder : {"/tmp", "/var/tmp", "/run", "/dev", "/var/lock", "/run/lock"}) {
    const std::string path = std::string(folder) + "/" + mark;
    tell(::open(path.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0666) >= 0, folder);
  }
  ::close(::open("secret", O_CREAT | O_WRONLY | O_CLOEXEC, 0644));
  return kHeld;
}
