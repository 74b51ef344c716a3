// System calls that the C library of Debian 12 does not wrap, and the clocks.
#pragma once

#include <sys/types.h>

#include <cstdint>

#include "intertie/core/quantity.h"
#include "intertie/core/time.h"

namespace intertie::execution_runners {

/// clone3(2) used as a fork: the child goes on with a copy of the memory on the same stack.
/// `flags`: CLONE_*, `cgroup`: descriptor of a v2 group to be born in, or -1, `pidfd`: out, may be
/// null. Returns the child's pid, 0 in the child, or -1 with errno. The C library's cached thread
/// id stays the parent's, which nothing here uses.
pid_t clone_process(std::uint64_t flags, int cgroup, int* pidfd);

int open_pidfd(pid_t pid);
int send_pidfd_signal(int pidfd, int signal);
int open_tree_clone(int folder, const char* path, bool is_recursive);
int set_mount_attributes(int mount, std::uint64_t attributes, bool is_recursive);
int attach_mount(int mount, int folder, const char* path);
int pivot_root_here();

/// Time since the machine started, suspended time included. Clock changes do not move it.
core::Duration read_boot_clock();
core::Time read_wall_clock();

}  // namespace intertie::execution_runners
