// A deny-list: what opens the kernel beyond what computing needs. Everything else is allowed, so
// that ordinary programs run unchanged.
#include "seccomp_filter.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <memory>
#include <string>

#include "descriptor.h"

namespace intertie::execution_runners {
namespace {

using core::Reason;
using core::Result;

/// Refused with EPERM. Namespaces alone leave most of these open.
constexpr std::array kDenied = {
    // Asynchronous rings escape filters; keyrings are shared between users' processes.
    "io_uring_setup", "io_uring_enter", "io_uring_register", "add_key", "request_key", "keyctl",
    // Programs in the kernel, its counters and page faults.
    "bpf", "perf_event_open", "userfaultfd",
    // Other processes' memory and descriptors.
    "ptrace", "process_vm_readv", "process_vm_writev", "process_madvise", "pidfd_getfd", "kcmp",
    // Mounts, roots and namespaces.
    "mount", "umount", "umount2", "pivot_root", "chroot", "open_tree", "move_mount", "fsopen",
    "fsconfig", "fsmount", "fspick", "mount_setattr", "unshare", "setns", "name_to_handle_at",
    "open_by_handle_at", "fanotify_init", "quotactl", "quotactl_fd",
    // The machine itself.
    "init_module", "finit_module", "delete_module", "kexec_load", "kexec_file_load", "reboot",
    "swapon", "swapoff", "syslog", "acct", "iopl", "ioperm", "modify_ldt", "vhangup", "uselib",
    "lookup_dcookie", "nfsservctl", "_sysctl", "settimeofday", "clock_settime", "clock_adjtime",
    "adjtimex", "sethostname", "setdomainname", "move_pages", "migrate_pages"};

constexpr std::uint64_t kLowHalf = 0xffffffffu;
constexpr std::uint64_t kCloneNewUser = 0x10000000u;  // CLONE_NEWUSER, <linux/sched.h>.
constexpr std::uint64_t kNetlinkRoute = 0;            // Interface lists; harmless in any network.
constexpr std::uint64_t kFamilyMax = 63;              // Above all families that exist.

/// The last system call that the list above was held against (futex_requeue; newer ones show mounts
/// and namespaces, or change them). What comes after it is ENOSYS, as on an older kernel.
constexpr std::uint32_t kNewestCall = 456;
constexpr std::uint32_t kX32Calls = 0x40000000;  // __X32_SYSCALL_BIT: left to the library's rule.

struct ReleaseFilter {
  void operator()(void* filter) const { ::seccomp_release(filter); }
};
using Filter = std::unique_ptr<void, ReleaseFilter>;

/// As the library's own macros, which are not C++.
scmp_arg_cmp when(unsigned argument, scmp_compare compare, std::uint64_t first,
                  std::uint64_t second = 0) {
  return {argument, compare, first, second};
}

int deny(const Filter& filter, int error, const char* name) {
  const int number = ::seccomp_syscall_resolve_name(name);
  if (number == __NR_SCMP_ERROR) return 0;  // Older than the name: the kernel may not have it.
  return ::seccomp_rule_add(filter.get(), SCMP_ACT_ERRNO(static_cast<unsigned>(error)), number, 0);
}

int deny_if(const Filter& filter, int error, int number, scmp_arg_cmp condition) {
  return ::seccomp_rule_add(filter.get(), SCMP_ACT_ERRNO(static_cast<unsigned>(error)), number, 1,
                            condition);
}

int deny_sockets(const Filter& filter, bool has_internet) {
  int failed = 0;
  for (std::uint64_t family = 0; family <= kFamilyMax; ++family) {
    if (family == AF_UNIX) continue;
    if (family == AF_NETLINK) {
      failed |= ::seccomp_rule_add(filter.get(), SCMP_ACT_ERRNO(EPERM), SCMP_SYS(socket), 2,
                                   when(0, SCMP_CMP_EQ, std::uint64_t{AF_NETLINK}),
                                   when(2, SCMP_CMP_NE, kNetlinkRoute));
      continue;
    }
    const bool is_internet = family == AF_INET || family == AF_INET6;
    if (is_internet && has_internet) continue;
    const int error = is_internet ? EACCES : EAFNOSUPPORT;
    failed |= deny_if(filter, error, SCMP_SYS(socket), when(0, SCMP_CMP_EQ, family));
  }
  // The kernel looks at the low half alone: set bits in the high half must not slip through.
  failed |= deny_if(filter, EAFNOSUPPORT, SCMP_SYS(socket), when(0, SCMP_CMP_GT, kFamilyMax));
  return failed;
}

/// The limit stays 1 (sandbox.cc: lower_limits): with any other value, 0 included, the kernel would
/// run the helper that core_pattern may name, as the host's root. Told as done: nothing is dumped.
int keep_core_limit(const Filter& filter) {
  int failed = ::seccomp_rule_add(filter.get(), SCMP_ACT_ERRNO(0), SCMP_SYS(setrlimit), 1,
                                  when(0, SCMP_CMP_MASKED_EQ, kLowHalf, RLIMIT_CORE));
  return failed | ::seccomp_rule_add(filter.get(), SCMP_ACT_ERRNO(0), SCMP_SYS(prlimit64), 2,
                                     when(1, SCMP_CMP_MASKED_EQ, kLowHalf, RLIMIT_CORE),
                                     when(2, SCMP_CMP_NE, 0));
}

int deny_all(const Filter& filter, bool has_internet) {
  int failed = 0;
  for (const char* name : kDenied) failed |= deny(filter, EPERM, name);
  // Its flags lie in memory where no filter can read them; ENOSYS makes libraries use clone.
  failed |= deny(filter, ENOSYS, "clone3");
  failed |= deny_if(filter, EPERM, SCMP_SYS(clone),
                    when(0, SCMP_CMP_MASKED_EQ, kCloneNewUser, kCloneNewUser));
  // Asking for the personality is harmless; changing it turns address randomisation off.
  failed |= deny_if(filter, EPERM, SCMP_SYS(personality), when(0, SCMP_CMP_NE, kLowHalf));
  // Pushing input into a terminal (CVE-2017-5226); the kernel reads the low half of the number.
  for (const std::uint64_t request :
       {std::uint64_t{TIOCSTI}, std::uint64_t{TIOCLINUX}, std::uint64_t{TIOCSETD}}) {
    failed |=
        deny_if(filter, EPERM, SCMP_SYS(ioctl), when(1, SCMP_CMP_MASKED_EQ, kLowHalf, request));
  }
  return failed | keep_core_limit(filter) | deny_sockets(filter, has_internet);
}

/// What would outlive a task or reach its user's other processes at level process.
int deny_sharing(const Filter& filter, bool has_own_user) {
  int failed = deny(filter, EPERM, "mq_open");  // Nobody could find the queue to remove it.
  if (has_own_user) return failed;
  for (const char* name : {"shmget", "semget", "msgget"}) failed |= deny(filter, EPERM, name);
  // Sockets in the file system would lead to whatever serves this user: the launcher, a desktop's
  // bus, a container engine. Pairs of sockets stay.
  return failed | deny_if(filter, EACCES, SCMP_SYS(socket),
                          when(0, SCMP_CMP_MASKED_EQ, kLowHalf, std::uint64_t{AF_UNIX}));
}

Result<Filter> make_filter() {
  Filter filter(::seccomp_init(SCMP_ACT_ALLOW));
  if (filter == nullptr) return {Reason::not_supported, "seccomp_init"};
  // Other architectures' calls (32-bit, x32) would not match the numbers above.
  int failed = ::seccomp_attr_set(filter.get(), SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
  failed |= ::seccomp_attr_set(filter.get(), SCMP_FLTATR_CTL_OPTIMIZE, 2);
  if (failed != 0) return {Reason::not_supported, "seccomp_attr_set"};
  return filter;
}

/// The library knows no ranges of numbers: these instructions go before its program.
void refuse_newer_calls(std::vector<sock_filter>& program) {
  const std::array<sock_filter, 6> instructions = {
      sock_filter BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, arch)),
      sock_filter BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ::seccomp_arch_native(), 0, 4),
      sock_filter BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      sock_filter BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, kX32Calls, 2, 0),
      sock_filter BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, kNewestCall, 0, 1),
      sock_filter BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS)};
  program.insert(program.begin(), instructions.begin(), instructions.end());
}

Result<std::vector<sock_filter>> export_program(const Filter& filter) {
  const Descriptor memory(::memfd_create("filter", MFD_CLOEXEC));
  if (!memory.is_open()) return make_io_error("memfd_create", errno);
  if (::seccomp_export_bpf(filter.get(), memory.get()) != 0) {
    return {Reason::not_supported, "seccomp_export_bpf"};
  }
  const auto bytes = read_descriptor(memory.get(), BPF_MAXINSNS * sizeof(sock_filter));
  if (!bytes) return bytes.error();
  std::vector<sock_filter> program(bytes->size() / sizeof(sock_filter));
  std::memcpy(program.data(), bytes->data(), program.size() * sizeof(sock_filter));
  return program;
}

/// A program of the rules that `add` gives a filter; it returns 0 if all were taken.
template <class Add>
Result<std::vector<sock_filter>> build_program(Add add) {
  const auto filter = make_filter();
  if (!filter) return filter.error();
  if (add(*filter) != 0) return {Reason::not_supported, "a seccomp rule was refused"};
  return export_program(*filter);
}

}  // namespace

Result<SeccompFilters> build_seccomp_filters(bool has_own_users) {
  auto with = build_program([](const Filter& filter) { return deny_all(filter, true); });
  if (!with) return with.error();
  auto without = build_program([](const Filter& filter) { return deny_all(filter, false); });
  if (!without) return without.error();
  auto process =
      build_program([&](const Filter& filter) { return deny_sharing(filter, has_own_users); });
  if (!process) return process.error();
  refuse_newer_calls(*with);
  refuse_newer_calls(*without);
  return SeccompFilters{std::move(*with), std::move(*without), std::move(*process)};
}

bool enter_seccomp(const std::vector<sock_filter>& filter) {
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return false;
  const sock_fprog program{static_cast<unsigned short>(filter.size()),
                           const_cast<sock_filter*>(filter.data())};
  return ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) == 0;
}

}  // namespace intertie::execution_runners
