// Doors that are system calls: made so that they cannot succeed, or with nothing to act on. What
// counts is whether the kernel looked at the arguments or refused the call as such.
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <string>

#include "descriptor.h"
#include "probe.h"

namespace intertie::execution_runners {
namespace {

using enum execution::ProbeOutcome;
using execution::ProbeOutcome;

constexpr int kNetfilter = 12;                    // NETLINK_NETFILTER, <linux/netlink.h>.
constexpr unsigned long kNoRandomness = 0x40000;  // ADDR_NO_RANDOMIZE, <sys/personality.h>.
constexpr int kSizeOfLog = 10;                    // SYSLOG_ACTION_SIZE_BUFFER, syslog(2).
constexpr long kNewCall = 457;                    // statmount(2): newer than the filter's list.
constexpr unsigned kX32Bit = 0x40000000;          // __X32_SYSCALL_BIT.

template <class... Arguments>
ProbeOutcome try_call(long number, Arguments... arguments) {
  errno = 0;
  const long result = ::syscall(number, arguments...);
  return open_if(result >= 0 || (errno != EPERM && errno != ENOSYS));
}

ProbeOutcome try_socket(int family, int type, int protocol) {
  return open_if(Descriptor(::socket(family, type | SOCK_CLOEXEC, protocol)).is_open());
}

ProbeOutcome try_user_namespace(const ProbeContext&) {
  const long child = ::syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, nullptr, nullptr, nullptr, 0);
  if (child == 0) ::_exit(0);
  if (child > 0) ::waitpid(static_cast<pid_t>(child), nullptr, 0);
  return open_if(child > 0);
}

/// A target that is not there: who may mount is told so, who may not is told that.
ProbeOutcome try_mount(const ProbeContext&) {
  return try_call(SYS_mount, "none", "/probe/no/such/folder", "tmpfs", 0, nullptr);
}

ProbeOutcome try_terminal(const ProbeContext&) {
  errno = 0;
  return open_if(::ioctl(STDIN_FILENO, TIOCSTI, "x") == 0 || errno != EPERM);
}

ProbeOutcome try_new_call(const ProbeContext&) {
  errno = 0;
  return open_if(::syscall(kNewCall, nullptr, nullptr, 0, 0) >= 0 || errno != ENOSYS);
}

ProbeOutcome try_clone3(const ProbeContext&) {
  errno = 0;
  return open_if(::syscall(SYS_clone3, nullptr, 0) >= 0 || errno != ENOSYS);
}

std::string find_variable(const ProbeContext& context, std::string_view name) {
  const auto found = context.request.environment.find(std::string(name));
  return found == context.request.environment.end() ? "" : found->second;
}

ProbeOutcome try_abstract_socket(const ProbeContext& context) {
  const std::string name = find_variable(context, kProbeSocketVariable);
  sockaddr_un address{};
  if (name.empty() || name.size() + 2 > sizeof(address.sun_path)) return untried;
  address.sun_family = AF_UNIX;
  name.copy(address.sun_path + 1, name.size());
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
  const Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket.is_open()) return closed;
  return open_if(::connect(socket.get(), reinterpret_cast<sockaddr*>(&address), size) == 0);
}

ProbeOutcome try_loopback(const ProbeContext& context) {
  const std::int64_t port = parse_count(find_variable(context, kProbePortVariable), 0);
  if (port <= 0) return untried;
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const Descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket.is_open()) return closed;
  return open_if(::connect(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) ==
                 0);
}

/// Whether a child that makes a call of another architecture lives on.
template <class Call>
ProbeOutcome try_in_child(Call call) {
  const pid_t child = ::fork();
  if (child == 0) {
    call();
    ::_exit(0);
  }
  int status = 0;
  if (child < 0 || ::waitpid(child, &status, 0) != child) return untried;
  return open_if(!WIFSIGNALED(status));
}

ProbeOutcome try_x32(const ProbeContext&) {
#if defined(__x86_64__)
  return try_in_child([] { ::syscall(kX32Bit | SYS_getpid); });
#else
  return untried;
#endif
}

ProbeOutcome try_32_bit(const ProbeContext&) {
#if defined(__x86_64__)
  return try_in_child([] {
    long number = 20;  // getpid in the 32-bit table.
    asm volatile("int $0x80" : "+a"(number) : : "memory", "r8", "r9", "r10", "r11");
  });
#else
  return untried;
#endif
}

/// The meter is the parent at level process; with namespaces nobody outside can be named.
ProbeOutcome try_signal(const ProbeContext& context) {
  if (context.request.isolation == execution::Isolation::namespace_) return closed;
  return open_if(::kill(::getppid(), 0) == 0);
}

constexpr std::array kCallDoors = {
    Door{6, "nested user namespace", closed, closed, try_user_namespace},
    Door{7, "mount", closed, closed, try_mount},
    Door{8, "io_uring", closed, closed,
         [](const ProbeContext&) { return try_call(SYS_io_uring_setup, 1, nullptr); }},
    Door{
        9, "keyrings", closed, closed,
        [](const ProbeContext&) { return try_call(SYS_add_key, nullptr, nullptr, nullptr, 0, 0); }},
    Door{10, "userfaultfd", closed, closed,
         [](const ProbeContext&) { return try_call(SYS_userfaultfd, -1); }},
    Door{11, "bpf", closed, closed,
         [](const ProbeContext&) { return try_call(SYS_bpf, 0, nullptr, 0); }},
    Door{12, "perf_event_open", closed, closed,
         [](const ProbeContext&) { return try_call(SYS_perf_event_open, nullptr, 0, -1, -1, 0); }},
    Door{13, "mount_setattr", closed, closed,
         [](const ProbeContext&) {
           return try_call(SYS_mount_setattr, -1, nullptr, 0, nullptr, 0);
         }},
    Door{14, "open_by_handle_at", closed, closed,
         [](const ProbeContext&) { return try_call(SYS_open_by_handle_at, -1, nullptr, 0); }},
    Door{15, "ptrace", closed, closed,
         [](const ProbeContext&) { return try_call(SYS_ptrace, -1, 0, nullptr, nullptr); }},
    Door{16, "process_vm_readv", closed, closed,
         [](const ProbeContext&) {
           return try_call(SYS_process_vm_readv, ::getppid(), nullptr, 0, nullptr, 0, 0);
         }},
    Door{17, "kernel log", closed, closed,
         [](const ProbeContext&) { return try_call(SYS_syslog, kSizeOfLog, nullptr, 0); }},
    Door{18, "packet sockets", closed, closed,
         [](const ProbeContext&) { return try_socket(AF_PACKET, SOCK_RAW, 0); }},
    Door{19, "vsock", closed, closed,
         [](const ProbeContext&) { return try_socket(AF_VSOCK, SOCK_STREAM, 0); }},
    Door{20, "netfilter", closed, closed,
         [](const ProbeContext&) { return try_socket(AF_NETLINK, SOCK_RAW, kNetfilter); }},
    Door{21, "the host's abstract sockets", closed, closed, try_abstract_socket, 6},
    Door{22, "the host's loopback", closed, closed, try_loopback},
    Door{24, "personality", closed, closed,
         [](const ProbeContext&) { return try_call(SYS_personality, kNoRandomness); }},
    Door{26, "terminal injection", closed, closed, try_terminal},
    Door{35, "internet sockets", closed, open,
         [](const ProbeContext&) { return try_socket(AF_INET, SOCK_STREAM, 0); }},
    Door{36, "memfd_create", open, open,
         [](const ProbeContext&) {
           return open_if(
               Descriptor(static_cast<int>(::syscall(SYS_memfd_create, "probe", 1))).is_open());
         }},
    Door{37, "clone3", closed, closed, try_clone3},
    Door{38, "x32 system calls", closed, closed, try_x32},
    Door{39, "32-bit system calls", closed, closed, try_32_bit},
    Door{
        42, "new privileges", closed, closed,
        [](const ProbeContext&) { return open_if(::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1); }},
    Door{53, "unshare", closed, closed,
         [](const ProbeContext&) { return try_call(SYS_unshare, 0); }},
    Door{54, "newer system calls", closed, closed, try_new_call},
    Door{55, "shared session", closed, closed,
         [](const ProbeContext&) { return open_if(::getsid(0) != ::getpgrp()); }},
    Door{56, "signals to the meter", closed, closed, try_signal, 6},
};

}  // namespace

std::span<const Door> list_call_doors() { return kCallDoors; }

}  // namespace intertie::execution_runners
