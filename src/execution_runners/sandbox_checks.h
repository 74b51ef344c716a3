// Test support: system calls made inside a task by the test program itself.
#pragma once

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string_view>

namespace intertie::execution_runners {

inline int print_error(long result) {
  std::printf("%s\n", result >= 0 ? "ok" : ::strerrorname_np(errno));
  std::fflush(stdout);
  return 0;
}

/// Prints "ok" or the name of errno.
inline int run_check(std::string_view name) {
  errno = 0;
  if (name == "tiocsti") return print_error(::ioctl(0, TIOCSTI, "x"));
  if (name == "tiocsti_high")
    return print_error(::syscall(SYS_ioctl, 0, 0xff00000000ul | TIOCSTI, "x"));
  if (name == "io_uring") return print_error(::syscall(SYS_io_uring_setup, 1, nullptr));
  if (name == "unshare") return print_error(::syscall(SYS_unshare, CLONE_NEWUSER));
  if (name == "clone3") return print_error(::syscall(SYS_clone3, nullptr, 0));
  if (name == "clone_user") {
    const long child = ::syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0);
    if (child == 0) ::_exit(0);
    return print_error(child);
  }
  if (name == "vsock") return print_error(::socket(40, SOCK_STREAM, 0));
  if (name == "family_high")
    return print_error(::syscall(SYS_socket, 0x100000028l, SOCK_STREAM, 0));
  if (name == "inet") return print_error(::socket(AF_INET, SOCK_STREAM, 0));
  if (name == "netlink_route") return print_error(::socket(AF_NETLINK, SOCK_RAW, 0));
  if (name == "netlink_netfilter") return print_error(::socket(AF_NETLINK, SOCK_RAW, 12));
  if (name == "bpf") return print_error(::syscall(SYS_bpf, 0, nullptr, 0));
  if (name == "keyctl") return print_error(::syscall(SYS_keyctl, 0, -1, 0));
  if (name == "ptrace") return print_error(::syscall(SYS_ptrace, 16, ::getppid(), 0, 0));
  if (name == "x32") return print_error(::syscall(0x40000000 | SYS_getpid));
  if (name == "init_mem") return print_error(::open("/proc/1/mem", O_RDONLY));
  if (name == "init_environ") {
    const int file = ::open("/proc/1/environ", O_RDONLY);
    if (file < 0) return print_error(file);
    char byte = 0;
    std::printf("%zd bytes\n", ::read(file, &byte, 1));
    return 0;
  }
  std::printf("unknown check\n");
  return 1;
}

}  // namespace intertie::execution_runners
