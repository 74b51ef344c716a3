// Crashes so that the kernel would write the memory down, or hand it to a helper on the host.
#include <dirent.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>

#include "attack.h"

int main() {
  using namespace intertie::attack;
  Finds finds;
  for (const rlim_t wanted : {RLIM_INFINITY, rlim_t{0}, rlim_t{1} << 30}) {
    const rlimit limit{wanted, wanted == 0 ? rlim_t{0} : RLIM_INFINITY};
    (void)::setrlimit(RLIMIT_CORE, &limit);
    (void)::prlimit(0, RLIMIT_CORE, &limit, nullptr);
    const pid_t child = ::fork();
    if (child == 0) {
      ::prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
      ::raise(SIGSEGV);
      ::_exit(0);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    finds.add_if(WIFSIGNALED(status) && WCOREDUMP(status), "dumped");
  }
  rlimit now{};
  ::getrlimit(RLIMIT_CORE, &now);
  // With 0 a helper of core_pattern would still run (core(5)); with 1 none does.
  finds.add_if(now.rlim_max > 1, "a limit for files");
  finds.add_if(now.rlim_cur != 1, "a limit that lets the helper run");
  DIR* const folder = ::opendir(".");
  while (const dirent* entry = folder != nullptr ? ::readdir(folder) : nullptr) {
    finds.add_if(std::strncmp(entry->d_name, "core", 4) == 0, entry->d_name);
  }
  return finds.code();
}
