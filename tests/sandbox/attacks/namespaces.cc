// Makes or joins namespaces, mounts, and enters folders by handle.
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "attack.h"
#include "processes.h"

int main() {
  using namespace intertie::attack;
  Finds finds;
  for (const int flag : {CLONE_NEWUSER, CLONE_NEWNS, CLONE_NEWPID, CLONE_NEWNET, CLONE_NEWIPC,
                         CLONE_NEWUTS, CLONE_NEWCGROUP}) {
    finds.add_if(::unshare(flag) == 0, "unshare " + std::to_string(flag));
    const long child = ::syscall(SYS_clone, static_cast<unsigned long>(flag) | SIGCHLD, nullptr,
                                 nullptr, nullptr, nullptr);
    if (child == 0) ::_exit(0);
    finds.add_if(child > 0, "clone " + std::to_string(flag));
  }
  for (const pid_t process : list_others()) {
    for (const char* name : {"ns/mnt", "ns/user", "ns/net"}) {
      const int space = ::open(get_proc_path(process, name).c_str(), O_RDONLY | O_CLOEXEC);
      finds.add_if(space >= 0 && ::setns(space, 0) == 0, get_proc_path(process, name));
      if (space >= 0) ::close(space);
    }
  }
  finds.add_if(::mount("none", "/no/such/folder", "tmpfs", 0, nullptr) == 0 || errno != EPERM,
               "mount");
  finds.add_if(::umount2("/no/such/folder", 0) == 0 || errno != EPERM, "umount");
  finds.add_if(::syscall(SYS_pivot_root, "/no", "/no") == 0 || errno != EPERM, "pivot_root");
  finds.add_if(::syscall(SYS_open_by_handle_at, -1, nullptr, 0) >= 0 || errno != EPERM, "handles");
  // Calls that are newer than the filter's list: statmount, listmount, open_tree_attr.
  for (const long number : {457L, 458L, 467L}) {
    finds.add_if(::syscall(number, -1, nullptr, 0, nullptr, 0) >= 0 || errno != ENOSYS,
                 "call " + std::to_string(number));
  }
  return finds.code();
}
