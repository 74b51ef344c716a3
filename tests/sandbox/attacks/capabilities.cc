// Asks for rights it was not given, by every call that hands them out.
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "attack.h"

int main() {
  using namespace intertie::attack;
  Finds finds;
  const gid_t root = 0;
  const uid_t user = ::getuid();
  finds.add_if(::setuid(0) == 0, "setuid");
  finds.add_if(::setresuid(user, 0, user) == 0, "setresuid");
  finds.add_if(::setgid(0) == 0, "setgid");
  finds.add_if(::setgroups(1, &root) == 0, "setgroups");
  finds.add_if(::setfsuid(0) == 0 || ::setfsuid(user) != static_cast<int>(user), "setfsuid");
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct all[2] = {{~0u, ~0u, ~0u}, {~0u, ~0u, ~0u}};
  finds.add_if(::syscall(SYS_capset, &header, all) == 0, "capset");
  finds.add_if(::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_SYS_ADMIN, 0, 0) == 0, "ambient");
  finds.add_if(::prctl(PR_SET_SECUREBITS, 0, 0, 0, 0) == 0, "securebits");
  finds.add_if(::prctl(PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0) == 0, "new privileges");
  finds.add_if(::chroot(".") == 0, "chroot");
  finds.add_if(::setpriority(PRIO_PROCESS, 0, -5) == 0, "priority");
  finds.add_if(::chown("attack-file", 0, 0) == 0, "chown");
  finds.add_if(::mknod("attack-device", S_IFCHR | 0600, 0x0101) == 0, "mknod");
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_max += 1;
  finds.add_if(::setrlimit(RLIMIT_NOFILE, &limit) == 0, "a higher limit");
  return finds.code();
}
