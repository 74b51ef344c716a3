// Starts programs that would give it rights: the system's, and two of its own inputs, of which the
// test made one set-user-id and gave the other a file capability.
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <fstream>

#include "attack.h"

namespace {

bool has_more_rights() {
  std::ifstream status("/proc/self/status");
  std::string line;
  bool has_capability = false;
  while (std::getline(status, line)) {
    if (!line.starts_with("CapEff:") && !line.starts_with("CapPrm:")) continue;
    has_capability = has_capability || line.find_first_not_of("CapEfPrm:\t0") != line.npos;
  }
  return has_capability || ::geteuid() == 0 || ::getegid() == 0;
}

int run(const std::string& path, const char* argument) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::execl(path.c_str(), path.c_str(), argument, nullptr);
    ::_exit(0);
  }
  int status = 0;
  return child > 0 && ::waitpid(child, &status, 0) == child && WIFEXITED(status)
             ? WEXITSTATUS(status)
             : 0;
}

}  // namespace

int main(int argc, char** argv) {
  using namespace intertie::attack;
  constexpr int kGained = 77;
  if (argc > 1 && std::strcmp(argv[1], "child") == 0) return has_more_rights() ? kGained : 0;
  Finds finds;
  finds.add_if(has_more_rights(), "rights from the start");
  const std::string inputs = get_told("INTERTIE_IN");
  for (const char* name : {"set-user-id", "set-group-id", "capable"}) {
    finds.add_if(run(inputs + "/" + name, "child") == kGained, name);
  }
  return finds.code();
}
