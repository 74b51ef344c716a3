// Thin wrappers; numbers and structures come from the kernel's own headers.
#include "kernel_calls.h"

#include <linux/mount.h>
#include <linux/sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

namespace intertie::execution_runners {
namespace {

// From <fcntl.h> with _GNU_SOURCE and <linux/fcntl.h>, which cannot be included together.
constexpr unsigned kAtEmptyPath = 0x1000;
constexpr unsigned kAtRecursive = 0x8000;
constexpr unsigned kOpenTreeCloexec = 02000000;

std::int64_t read_micros(clockid_t clock) {
  timespec now{};
  ::clock_gettime(clock, &now);
  return std::int64_t{now.tv_sec} * 1'000'000 + now.tv_nsec / 1'000;
}

}  // namespace

pid_t clone_process(std::uint64_t flags, int cgroup, int* pidfd) {
  clone_args arguments{};
  arguments.flags = flags;
  // With CLONE_PARENT the child reports its end as its sibling does (clone3 wants 0 then).
  arguments.exit_signal = (flags & CLONE_PARENT) != 0 ? 0 : SIGCHLD;
  if (cgroup >= 0) {
    arguments.flags |= CLONE_INTO_CGROUP;
    arguments.cgroup = static_cast<std::uint64_t>(cgroup);
  }
  if (pidfd != nullptr) {
    arguments.flags |= CLONE_PIDFD;
    arguments.pidfd = reinterpret_cast<std::uint64_t>(pidfd);
  }
  return static_cast<pid_t>(::syscall(SYS_clone3, &arguments, sizeof(arguments)));
}

int open_pidfd(pid_t pid) { return static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)); }

int send_pidfd_signal(int pidfd, int signal) {
  return static_cast<int>(::syscall(SYS_pidfd_send_signal, pidfd, signal, nullptr, 0));
}

int open_tree_clone(int folder, const char* path, bool is_recursive) {
  unsigned flags = OPEN_TREE_CLONE | kOpenTreeCloexec;
  if (is_recursive) flags |= kAtRecursive;
  if (*path == '\0') flags |= kAtEmptyPath;
  return static_cast<int>(::syscall(SYS_open_tree, folder, path, flags));
}

int set_mount_attributes(int mount, std::uint64_t attributes, bool is_recursive) {
  mount_attr wanted{};
  wanted.attr_set = attributes;
  const unsigned flags = kAtEmptyPath | (is_recursive ? kAtRecursive : 0);
  return static_cast<int>(::syscall(SYS_mount_setattr, mount, "", flags, &wanted, sizeof(wanted)));
}

int attach_mount(int mount, int folder, const char* path) {
  return static_cast<int>(
      ::syscall(SYS_move_mount, mount, "", folder, path, MOVE_MOUNT_F_EMPTY_PATH));
}

int pivot_root_here() { return static_cast<int>(::syscall(SYS_pivot_root, ".", ".")); }

core::Duration read_boot_clock() { return {read_micros(CLOCK_BOOTTIME)}; }

core::Time read_wall_clock() { return {read_micros(CLOCK_REALTIME)}; }

}  // namespace intertie::execution_runners
