// Takes others' files into its own folder by hard links, for the agent to collect or to give away.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "attack.h"

int main() {
  using namespace intertie::attack;
  Finds finds;
  const std::string victim = get_told("ATTACK_VICTIM");
  int count = 0;
  for (const std::string& target :
       {victim, std::string("/etc/shadow"), std::string("/etc/passwd"), std::string("/proc/1/mem"),
        std::string("../stdout.log"), std::string("/dev/null")}) {
    const std::string name = "link-" + std::to_string(count++);
    finds.add_if(::link(target.c_str(), name.c_str()) == 0, target);
    finds.add_if(::linkat(AT_FDCWD, target.c_str(), AT_FDCWD, name.c_str(), AT_SYMLINK_FOLLOW) == 0,
                 target + ", followed");
  }
  // By descriptor: open for looking only, then linked from /proc.
  const int looked = ::open(victim.c_str(), O_PATH | O_CLOEXEC);
  const std::string path = "/proc/self/fd/" + std::to_string(looked);
  finds.add_if(looked >= 0 && ::linkat(AT_FDCWD, path.c_str(), AT_FDCWD, "by-descriptor",
                                       AT_SYMLINK_FOLLOW) == 0,
               "by descriptor");
  return finds.code();
}
