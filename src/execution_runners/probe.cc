// Doors that namespaces or filters should close, tried one by one from inside a task.
#include "probe.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <array>
#include <memory>
#include <string>
#include <string_view>

#include "descriptor.h"

namespace intertie::execution_runners {
namespace {

using execution::Isolation;

struct Door {
  std::string_view name;
  Isolation closed_from;
  bool (*is_open)(const Host& host);
};

/// True when the kernel looked at the arguments instead of refusing the call as such.
template <class... Arguments>
bool reaches_kernel(long number, Arguments... arguments) {
  errno = 0;
  const long result = ::syscall(number, arguments...);
  if (result >= 0) return true;
  return errno != EPERM && errno != ENOSYS;
}

bool can_open(const char* path, int flags) {
  return Descriptor(::open(path, flags | O_CLOEXEC | O_NONBLOCK)).is_open();
}

bool has_content(const char* path) {
  const auto text = read_file(AT_FDCWD, path, 1u << 20);
  return text && text->find_first_not_of('\0') != std::string::npos;
}

bool can_make_socket(int family, int type, int protocol) {
  return Descriptor(::socket(family, type | SOCK_CLOEXEC, protocol)).is_open();
}

bool can_make_user_namespace() {
  const long child = ::syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, nullptr, nullptr, nullptr, 0);
  if (child == 0) ::_exit(0);
  return child > 0;
}

std::int64_t read_status(std::string_view name) {
  const auto status = read_file(AT_FDCWD, "/proc/self/status", 1u << 16);
  const std::size_t line = status ? status->find("\n" + std::string(name) + ":\t") : 0;
  if (!status || line == std::string::npos) return -1;
  return parse_count(std::string_view(*status).substr(line + name.size() + 3), -1);
}

bool has_capability() {
  const auto status = read_file(AT_FDCWD, "/proc/self/status", 1u << 16);
  return !status || status->find("\nCapEff:\t0000000000000000\n") == std::string::npos ||
         status->find("\nCapPrm:\t0000000000000000\n") == std::string::npos;
}

bool has_foreign_descriptor() {
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(::opendir("/proc/self/fd"), ::closedir);
  if (folder == nullptr) return true;
  while (const dirent* entry = ::readdir(folder.get())) {
    const std::int64_t number = parse_count(entry->d_name, -1);
    if (number <= STDERR_FILENO || number == ::dirfd(folder.get())) continue;
    // The report pipe closes when a program is executed.
    if ((::fcntl(static_cast<int>(number), F_GETFD) & FD_CLOEXEC) == 0) return true;
  }
  return false;
}

bool has_core_dumps() {
  rlimit limit{};
  return ::getrlimit(RLIMIT_CORE, &limit) != 0 || limit.rlim_max != 0;
}

bool shares_namespace(const Host& host) {
  for (std::size_t index = 0; index < kNamespaceNames.size(); ++index) {
    const std::uint64_t own = read_namespace(kNamespaceNames[index]);
    if (own == 0 || own == host.namespaces[index]) return true;
  }
  return false;
}

bool has_outside_interface() {
  const auto devices = read_file(AT_FDCWD, "/proc/net/dev", 1u << 20);
  if (!devices) return true;
  std::size_t interfaces = 0;
  for (const char letter : *devices) interfaces += letter == ':' ? 1 : 0;
  return interfaces != 1 || devices->find("lo:") == std::string::npos;
}

bool has_host_name() {
  utsname names{};
  return ::uname(&names) != 0 || std::string_view(names.nodename) != "task";
}

bool has_large_shared_memory() {
  struct statvfs space {};
  return ::statvfs("/dev/shm", &space) != 0 || space.f_blocks * space.f_frsize > std::uint64_t{64}
                                                                                     << 20;
}

constexpr int kNetfilter = 12;  // NETLINK_NETFILTER, <linux/netlink.h>.

constexpr std::array kDoors = {
    Door{"root", Isolation::process, [](const Host&) { return ::geteuid() == 0; }},
    Door{"capabilities", Isolation::process, [](const Host&) { return has_capability(); }},
    Door{"new privileges", Isolation::process,
         [](const Host&) { return ::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1; }},
    Door{"no system-call filter", Isolation::process,
         [](const Host&) { return read_status("Seccomp") != 2; }},
    Door{"inherited descriptor", Isolation::process,
         [](const Host&) { return has_foreign_descriptor(); }},
    Door{"shared session", Isolation::process,
         [](const Host&) { return ::getsid(0) != ::getpgrp(); }},
    Door{"core dumps", Isolation::process, [](const Host&) { return has_core_dumps(); }},
    Door{"io_uring", Isolation::process,
         [](const Host&) { return reaches_kernel(SYS_io_uring_setup, 1, nullptr); }},
    Door{"keyrings", Isolation::process,
         [](const Host&) { return reaches_kernel(SYS_add_key, nullptr, nullptr, nullptr, 0, 0); }},
    Door{"bpf", Isolation::process,
         [](const Host&) { return reaches_kernel(SYS_bpf, 0, nullptr, 0); }},
    Door{"perf_event_open", Isolation::process,
         [](const Host&) { return reaches_kernel(SYS_perf_event_open, nullptr, 0, -1, -1, 0); }},
    Door{"userfaultfd", Isolation::process,
         [](const Host&) { return reaches_kernel(SYS_userfaultfd, -1); }},
    Door{"ptrace", Isolation::process,
         [](const Host&) { return reaches_kernel(SYS_ptrace, -1, 0, nullptr, nullptr); }},
    Door{"process_vm_readv", Isolation::process,
         [](const Host&) {
           return reaches_kernel(SYS_process_vm_readv, ::getpid(), nullptr, 0, nullptr, 0, 0);
         }},
    Door{"personality", Isolation::process,
         [](const Host&) { return reaches_kernel(SYS_personality, 0x0040000ul); }},
    Door{"mount_setattr", Isolation::process,
         [](const Host&) { return reaches_kernel(SYS_mount_setattr, -1, nullptr, 0, nullptr, 0); }},
    Door{"open_by_handle_at", Isolation::process,
         [](const Host&) { return reaches_kernel(SYS_open_by_handle_at, -1, nullptr, 0); }},
    Door{"nested user namespace", Isolation::process,
         [](const Host&) { return can_make_user_namespace(); }},
    Door{"unshare", Isolation::process, [](const Host&) { return reaches_kernel(SYS_unshare, 0); }},
    Door{"clone3", Isolation::process,
         [](const Host&) { return reaches_kernel(SYS_clone3, nullptr, 0); }},
    Door{"terminal injection", Isolation::process,
         [](const Host&) {
           errno = 0;
           return ::ioctl(STDIN_FILENO, TIOCSTI, "x") == 0 || errno != EPERM;
         }},
    Door{"vsock", Isolation::process,
         [](const Host&) { return can_make_socket(AF_VSOCK, SOCK_STREAM, 0); }},
    Door{"packet sockets", Isolation::process,
         [](const Host&) { return can_make_socket(AF_PACKET, SOCK_RAW, 0); }},
    Door{"netfilter", Isolation::process,
         [](const Host&) { return can_make_socket(AF_NETLINK, SOCK_RAW, kNetfilter); }},
    Door{"shared namespace", Isolation::namespace_, shares_namespace},
    Door{"network interface", Isolation::namespace_,
         [](const Host&) { return has_outside_interface(); }},
    Door{"host name", Isolation::namespace_, [](const Host&) { return has_host_name(); }},
    Door{"host passwords", Isolation::namespace_,
         [](const Host&) { return can_open("/etc/shadow", O_RDONLY); }},
    Door{"init's root", Isolation::namespace_,
         [](const Host&) { return can_open("/proc/1/root/etc/passwd", O_RDONLY); }},
    Door{"init's environment", Isolation::namespace_,
         [](const Host&) { return has_content("/proc/1/environ"); }},
    Door{"init's memory", Isolation::namespace_,
         [](const Host&) { return can_open("/proc/1/mem", O_RDONLY); }},
    Door{"core_pattern", Isolation::namespace_,
         [](const Host&) { return can_open("/proc/sys/kernel/core_pattern", O_WRONLY); }},
    Door{"sysrq", Isolation::namespace_,
         [](const Host&) { return can_open("/proc/sysrq-trigger", O_WRONLY); }},
    Door{"kernel memory", Isolation::namespace_,
         [](const Host&) {
           return can_open("/dev/mem", O_RDONLY) || can_open("/dev/kmsg", O_RDONLY) ||
                  can_open("/proc/kcore", O_RDONLY);
         }},
    Door{"/sys", Isolation::namespace_, [](const Host&) { return can_open("/sys", O_RDONLY); }},
    Door{"writable system", Isolation::namespace_,
         [](const Host&) {
           return ::access("/usr/bin", W_OK) == 0 || ::access("/", W_OK) == 0 ||
                  ::access("/etc", W_OK) == 0;
         }},
    Door{"home folders", Isolation::namespace_,
         [](const Host&) { return can_open("/root", O_PATH) || can_open("/home", O_PATH); }},
    Door{"shared memory size", Isolation::namespace_,
         [](const Host&) { return has_large_shared_memory(); }},
};

}  // namespace

int run_probe(Isolation level, const Host& host) {
  int open_doors = 0;
  for (const Door& door : kDoors) {
    if (!execution::is_at_least(level, door.closed_from) || !door.is_open(host)) continue;
    ++open_doors;
    (void)write_all(STDOUT_FILENO, std::string(door.name) + "\n");
  }
  return open_doors == 0 ? 0 : 1;
}

}  // namespace intertie::execution_runners
