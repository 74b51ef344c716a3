// The two ways to start a command, from the meter down to execve.
#include "sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "command_line.h"
#include "file_view.h"
#include "kernel_calls.h"
#include "probe.h"
#include "process_rules.h"

namespace intertie::execution_runners {
namespace {

using core::Reason;
using core::Result;
using execution::Isolation;
using execution::Network;
using execution::RunRequest;

constexpr int kNotFoundCode = 127;  // As shells say it; 126: found, but it cannot be run.
constexpr int kNotRunCode = 126;
constexpr rlim_t kOpenFilesMax = 65'536;
constexpr std::string_view kHostName = "task";

[[noreturn]] void fail(int reports, SandboxReport::Kind kind, int exit_code,
                       std::string_view text) {
  SandboxReport report;
  report.kind = kind;
  report.value = exit_code;
  text.substr(0, sizeof(report.text) - 1).copy(report.text, sizeof(report.text) - 1);
  (void)!::write(reports, &report, sizeof(report));
  ::_exit(exit_code);
}

[[noreturn]] void fail(int reports, const core::Error& error) {
  fail(reports, SandboxReport::Kind::failed, kNotRunCode, error.detail);
}

/// The sandbox stands, but there is no such program in it: the command's own fault, told on its
/// standard error, as a shell does.
[[noreturn]] void fail_exec(int reports, const std::string& program, int error) {
  const std::string text = describe_error(program, error);
  const std::string line = "intertie: " + text + "\n";
  (void)!::write(STDERR_FILENO, line.data(), line.size());
  fail(reports, SandboxReport::Kind::not_executed, error == ENOENT ? kNotFoundCode : kNotRunCode,
       text);
}

/// The groups that own the granted devices, where the device is not open to everybody.
std::vector<gid_t> find_device_groups(const RunRequest& request) {
  std::vector<gid_t> groups;
  for (const std::string& node : request.devices.nodes) {
    struct stat status {};
    if (::stat(node.c_str(), &status) != 0 || status.st_gid == 0) continue;
    const bool is_open = (status.st_mode & (S_IROTH | S_IWOTH)) == (S_IROTH | S_IWOTH);
    if (!is_open && std::ranges::find(groups, status.st_gid) == groups.end()) {
      groups.push_back(status.st_gid);
    }
  }
  return groups;
}

Result<void> drop_user(const SandboxRequest& sandbox) {
  if (!sandbox.user) return {};
  const std::vector<gid_t> groups = find_device_groups(sandbox.request);
  if (::setgroups(groups.size(), groups.data()) != 0) return make_io_error("setgroups", errno);
  if (::setresgid(*sandbox.user, *sandbox.user, *sandbox.user) != 0) {
    return make_io_error("setresgid", errno);
  }
  if (::setresuid(*sandbox.user, *sandbox.user, *sandbox.user) != 0) {
    return make_io_error("setresuid", errno);
  }
  return {};
}

/// Dies with the meter, even if it died before this call.
void die_with_meter(int reports) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  pollfd watch{reports, POLLOUT, 0};
  if (::poll(&watch, 1, 0) > 0 && (watch.revents & POLLERR) != 0) ::_exit(kNotRunCode);
}

void lower_limit(__rlimit_resource resource, rlim_t value) {
  rlimit limit{};
  ::getrlimit(resource, &limit);
  limit.rlim_max = std::min(limit.rlim_max, value);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(resource, &limit);
}

void lower_limits(const RunRequest& request, bool has_own_user) {
  // core(5) and do_coredump(): 1 is too little for a file, and the one value with which no helper
  // is run either. The filter keeps it.
  lower_limit(RLIMIT_CORE, 1);
  lower_limit(RLIMIT_NOFILE, kOpenFilesMax);
  // The kernel counts by user (in each user namespace): without an own one it counts others, too.
  const bool is_alone = has_own_user || request.isolation == Isolation::namespace_;
  const std::int64_t others = is_alone ? 0 : count_threads_of(::geteuid());
  lower_limit(RLIMIT_NPROC, static_cast<rlim_t>(request.processes_max + others));
}

void drop_capabilities() {
  // EINVAL ends the list of capabilities this kernel knows; without CAP_SETPCAP nothing is dropped
  // here, and no_new_privs keeps the rest from ever being gained.
  for (unsigned long number = 0; ::prctl(PR_CAPBSET_DROP, number, 0, 0, 0) == 0; ++number) {
  }
  ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  const __user_cap_data_struct none[2] = {};
  ::syscall(SYS_capset, &header, none);
}

Result<void> raise_loopback() {
  const Descriptor socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ifreq request{};
  std::string_view("lo").copy(request.ifr_name, IFNAMSIZ - 1);
  request.ifr_flags = IFF_UP | IFF_RUNNING;
  if (socket.is_open() && ::ioctl(socket.get(), SIOCSIFFLAGS, &request) == 0) return {};
  return make_io_error("loopback", errno);
}

/// Maps one user and group onto themselves. Without root only this much is allowed, and only
/// after giving setgroups up (user_namespaces(7)).
Result<void> write_id_maps(uid_t user, gid_t group) {
  const auto make_map = [](unsigned id) {
    return std::to_string(id) + " " + std::to_string(id) + " 1";
  };
  auto done = write_control(AT_FDCWD, "/proc/self/uid_map", make_map(user));
  if (done) done = write_control(AT_FDCWD, "/proc/self/setgroups", "deny");
  if (done) done = write_control(AT_FDCWD, "/proc/self/gid_map", make_map(group));
  return done;
}

/// stdin, stdout and stderr become the task's; everything else but `kept` is closed.
void take_descriptors(const SandboxRequest& sandbox, int kept) {
  const int nothing = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  ::dup2(nothing, STDIN_FILENO);
  ::dup2(sandbox.output, STDOUT_FILENO);
  ::dup2(sandbox.errors, STDERR_FILENO);
  close_all_but({STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO, kept});
}

void unblock_signals() {
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

bool is_probe(const RunRequest& request) { return request.argv.front() == kProbeCommand; }

/// The last steps, common to both levels; returns errno when the program cannot be started.
int execute(const SandboxRequest& sandbox, const CommandLine& command) {
  unblock_signals();  // The zygote has reset what they do.
  if (is_probe(sandbox.request)) ::_exit(run_probe({sandbox.request, sandbox.host}));
  return command.execute();
}

const std::vector<sock_filter>& get_filter(const SandboxRequest& sandbox) {
  const bool is_unconfined =
      sandbox.request.isolation == Isolation::process && sandbox.request.network == Network::none;
  return is_unconfined ? sandbox.host.filters.without_internet : sandbox.host.filters.with_internet;
}

// Level process.

/// Relative binds become symbolic links in the working folder, which is the current one. What has
/// an absolute target is seen where it is.
Result<void> link_binds(const RunRequest& request) {
  for (const execution::Bind& bind : request.file_view) {
    if (bind.target.starts_with('/')) continue;
    const std::string source =
        bind.source.starts_with('/') ? bind.source : request.folder + "/" + bind.source;
    for (std::size_t slash = bind.target.find('/'); slash != std::string::npos;
         slash = bind.target.find('/', slash + 1)) {
      ::mkdir(bind.target.substr(0, slash).c_str(), 0755);
    }
    if (::symlink(source.c_str(), bind.target.c_str()) != 0 && errno != EEXIST) {
      return make_io_error(bind.target, errno);
    }
  }
  return {};
}

[[noreturn]] void run_process(const SandboxRequest& sandbox, const CommandLine& command,
                              int reports) {
  const RunRequest& request = sandbox.request;
  const Descriptor work(::openat(sandbox.folder, std::string(execution::kWorkFolder).c_str(),
                                 O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  // Entered before the rights go: the way here may be closed to the task's user.
  if (::fchdir(work.get()) != 0) fail(reports, make_io_error("work", errno));
  const auto rules = make_process_rules(sandbox, work.get());
  if (!rules) fail(reports, rules.error());
  lower_limits(request, sandbox.user.has_value());
  if (auto done = drop_user(sandbox); !done) fail(reports, done.error());
  die_with_meter(reports);
  if (auto done = link_binds(request); !done) fail(reports, done.error());
  if (!request.directory.empty() && ::chdir(request.directory.c_str()) != 0) {
    fail(reports, make_io_error("directory " + request.directory, errno));
  }
  ::setsid();
  ::umask(022);
  if (auto done = rules->enter(); !done) fail(reports, done.error());
  take_descriptors(sandbox, reports);
  drop_capabilities();
  const SeccompFilters& filters = sandbox.host.filters;
  if (!enter_seccomp(filters.process) || !enter_seccomp(get_filter(sandbox))) {
    fail(reports, make_io_error("seccomp", errno));
  }
  fail_exec(reports, request.argv.front(), execute(sandbox, command));
}

// Level namespace_.

/// Starts the command as the init's child. vfork: the init's memory need not be copied, and the
/// child's errno is seen as soon as it has tried.
[[gnu::noinline]] pid_t spawn_command(const SandboxRequest& sandbox, const CommandLine& command,
                                      int& error) {
  volatile int failure = 0;
  const pid_t pid = is_probe(sandbox.request) ? ::fork() : ::vfork();
  if (pid == 0) {
    ::setsid();
    failure = execute(sandbox, command);
    ::_exit(kNotFoundCode);
  }
  error = pid < 0 ? errno : failure;
  return pid;
}

/// The init of the task's PID namespace: reaps, passes SIGTERM on, and ends with the command; the
/// kernel then ends everything else in the namespace.
[[noreturn]] void serve_as_init(pid_t command, int reports) {
  sigset_t watched;
  ::sigfillset(&watched);
  while (true) {
    int status = 0;
    const pid_t ended = ::waitpid(-1, &status, WNOHANG);
    if (ended == command) {
      SandboxReport report;
      report.kind = SandboxReport::Kind::ended;
      report.value = status;
      (void)!::write(reports, &report, sizeof(report));
      ::_exit(0);
    }
    if (ended > 0) continue;
    siginfo_t signal{};
    if (::sigwaitinfo(&watched, &signal) == SIGTERM) ::kill(-1, SIGTERM);
  }
}

Result<void> enter_namespaces(const SandboxRequest& sandbox, std::vector<ViewPart> view,
                              std::pair<uid_t, gid_t> ids) {
  const RunRequest& request = sandbox.request;
  // A process that changed its user is not dumpable, and then /proc/self is not its own.
  ::prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
  if (auto done = write_id_maps(ids.first, ids.second); !done) return done;
  ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);  // The task must not read or write its init's memory.
  if (::sethostname(kHostName.data(), kHostName.size()) != 0) {
    return make_io_error("sethostname", errno);
  }
  if (request.network == Network::none) {
    if (auto done = raise_loopback(); !done) return done;
  }
  ::umask(022);
  if (auto done = enter_view(request, sandbox.host, std::move(view)); !done) {
    return done;
  }
  const std::string start = std::string(execution::kWorkPath) + "/" + request.directory;
  const bool is_absolute = request.directory.starts_with('/');
  if (::chdir(is_absolute ? request.directory.c_str() : start.c_str()) != 0) {
    return make_io_error("directory " + request.directory, errno);
  }
  return {};
}

[[noreturn]] void run_init(const SandboxRequest& sandbox, const CommandLine& command,
                           std::vector<ViewPart> view, std::pair<uid_t, gid_t> ids, int reports) {
  die_with_meter(reports);
  if (auto done = enter_namespaces(sandbox, std::move(view), ids); !done) {
    fail(reports, done.error());
  }
  wipe_arguments(sandbox.host);
  ::setsid();
  take_descriptors(sandbox, reports);
  lower_limits(sandbox.request, sandbox.user.has_value());
  drop_capabilities();
  if (!enter_seccomp(get_filter(sandbox))) fail(reports, make_io_error("seccomp", errno));
  int error = 0;
  const pid_t child = spawn_command(sandbox, command, error);
  if (error != 0) fail_exec(reports, sandbox.request.argv.front(), error);
  SandboxReport report;
  (void)!::write(reports, &report, sizeof(report));
  serve_as_init(child, reports);
}

/// Between the meter and the init: gives the rights up for good, then makes the namespaces, and
/// hands the init over to the meter as its child.
[[noreturn]] void run_stage(const SandboxRequest& sandbox, const CommandLine& command, int reports,
                            int pids) {
  std::vector<ViewPart> view;
  if (sandbox.host.is_root) {
    auto opened = open_view(sandbox.request, sandbox.folder, sandbox.host);
    if (!opened) fail(reports, opened.error());
    view = std::move(*opened);
  }
  std::uint64_t flags = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS |
                        CLONE_NEWCGROUP | CLONE_PARENT;
  if (sandbox.request.network == Network::none) flags |= CLONE_NEWNET;
  if (sandbox.request.network == Network::gang) {
    const bool is_joined =
        (sandbox.gang_user < 0 || ::setns(sandbox.gang_user, CLONE_NEWUSER) == 0) &&
        ::setns(sandbox.gang_net, CLONE_NEWNET) == 0;
    if (!is_joined) fail(reports, make_io_error("joining the gang's network", errno));
  }
  if (auto done = drop_user(sandbox); !done) fail(reports, done.error());
  const std::pair<uid_t, gid_t> ids = {::geteuid(), ::getegid()};
  const pid_t init = clone_process(flags, -1, nullptr);
  if (init == 0) run_init(sandbox, command, std::move(view), ids, reports);
  if (init < 0) fail(reports, make_io_error("new namespaces", errno));
  (void)!::write(pids, &init, sizeof(init));
  ::_exit(0);
}

}  // namespace

void run_sandbox_child(const SandboxRequest& request, int reports, int pids) {
  const CommandLine command(request.request);
  if (request.request.isolation == Isolation::namespace_) {
    run_stage(request, command, reports, pids);
  }
  run_process(request, command, reports);
}

Result<Sandbox> start_sandbox(const SandboxRequest& request, Zygote& zygote, int memory,
                              int group) {
  int reports[2];
  if (::pipe2(reports, O_CLOEXEC) != 0) return make_io_error("pipe", errno);
  Sandbox started;
  started.reports.reset(reports[0]);
  Descriptor report_write(reports[1]);
  ::fcntl(started.reports.get(), F_SETFL, O_NONBLOCK);
  int pids[2];
  if (::pipe2(pids, O_CLOEXEC) != 0) return make_io_error("pipe", errno);
  const Descriptor pid_read(pids[0]);
  Descriptor pid_write(pids[1]);
  ZygoteOrder order{request.user, memory, request.folder, request.output, request.errors};
  order.reports = report_write.get();
  order.pids = pid_write.get();
  order.group = group;
  order.gang_user = request.gang_user;
  order.gang_net = request.gang_net;
  const auto child = zygote.start_child(order);
  if (!child) return child.error();
  report_write.reset();
  pid_write.reset();
  pid_t process = *child;
  if (request.request.isolation == Isolation::namespace_) {
    ::waitpid(*child, nullptr, 0);
    if (::read(pid_read.get(), &process, sizeof(process)) != sizeof(process)) process = -1;
  }
  started.process = process;
  if (process > 0) started.pidfd.reset(open_pidfd(process));
  return started;
}

Result<GangNetwork> make_gang_network(bool is_root) {
  const uid_t user = ::geteuid();
  const gid_t group = ::getegid();
  int pipe_ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pipe_ends) != 0) {
    return make_io_error("socketpair", errno);
  }
  const Descriptor ours(pipe_ends[0]);
  Descriptor theirs(pipe_ends[1]);
  // The child only makes the namespaces and waits until we have opened them.
  const pid_t child =
      clone_process(is_root ? CLONE_NEWNET : CLONE_NEWUSER | CLONE_NEWNET, -1, nullptr);
  if (child == 0) {
    ::prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
    core::Result<void> done;
    if (!is_root) done = write_id_maps(user, group);
    if (done) done = raise_loopback();
    char byte = done ? 'y' : 'n';
    (void)!::write(theirs.get(), &byte, 1);
    (void)!::read(theirs.get(), &byte, 1);
    ::_exit(0);
  }
  if (child < 0) return make_io_error("network namespace", errno);
  theirs.reset();
  GangNetwork network;
  char byte = 'n';
  (void)!::read(ours.get(), &byte, 1);
  const std::string path = "/proc/" + std::to_string(child) + "/ns/";
  if (byte == 'y') {
    network.net.reset(::open((path + "net").c_str(), O_RDONLY | O_CLOEXEC));
    if (!is_root) network.user.reset(::open((path + "user").c_str(), O_RDONLY | O_CLOEXEC));
  }
  (void)!::write(ours.get(), &byte, 1);
  ::waitpid(child, nullptr, 0);
  const bool is_made = network.net.is_open() && (is_root || network.user.is_open());
  if (!is_made) return {Reason::not_supported, "a private network for a gang"};
  return network;
}

}  // namespace intertie::execution_runners
