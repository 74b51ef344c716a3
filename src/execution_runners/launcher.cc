// From a command line to a launcher that serves in the background.
#include "intertie/execution_runners/launcher.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <charconv>
#include <cstdio>
#include <cstring>
#include <string_view>
#include <utility>

#include "descriptor.h"
#include "host.h"
#include "launcher_server.h"
#include "wire.h"

namespace intertie::execution_runners {
namespace {

constexpr int kFailed = 1;
constexpr int kBadInput = 3;

int complain(const core::Error& error) {
  std::fprintf(stderr, "launcher: %s\n", core::to_text(error).c_str());
  return kFailed;
}

void raise_open_files_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

[[noreturn]] void serve(const LauncherOptions& options, Descriptor folder, Descriptor lock,
                        Descriptor ready) {
  close_all_but(
      {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO, folder.get(), lock.get(), ready.get()});
  sigset_t all;
  ::sigfillset(&all);
  ::sigprocmask(SIG_SETMASK, &all, nullptr);
  ::setsid();
  ::umask(077);
  (void)!::chdir("/");
  ::prctl(PR_SET_NAME, "intertie-launch", 0, 0, 0);
  ::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
  // A task of level process may have the same user: it must not look into this memory.
  ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  raise_open_files_limit();
  auto host = read_host(options.folder);
  if (!host) ::_exit(complain(host.error()));
  wipe_arguments(*host);
  LauncherServer server(options, std::move(*host), std::move(folder), std::move(lock));
  if (const auto opened = server.open(); !opened) ::_exit(complain(opened.error()));
  (void)!::write(ready.get(), "y", 1);
  ready.reset();
  server.serve();
  ::_exit(0);
}

bool parse_number(std::string_view text, std::uint32_t& number) {
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  return error == std::errc{} && stop == end && number > 0;
}

}  // namespace

int run_launcher(const LauncherOptions& options) {
  if (!options.folder.starts_with('/')) {
    return complain({core::Reason::bad_argument, "the launcher's folder must be absolute"});
  }
  ::mkdir(options.folder.c_str(), 0700);
  Descriptor folder(::open(options.folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder.is_open()) return complain(make_io_error(options.folder, errno));
  struct stat status {};
  const bool is_private = ::fstat(folder.get(), &status) == 0 && status.st_uid == ::geteuid() &&
                          (status.st_mode & 0022) == 0;
  if (!is_private) {
    return complain({core::Reason::denied, options.folder + ": not this user's own"});
  }
  const int flags = O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW;
  Descriptor lock(::openat(folder.get(), std::string(kLockName).c_str(), flags, 0600));
  if (!lock.is_open()) return complain(make_io_error(kLockName, errno));
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) return 0;  // Another one serves already.
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return complain(make_io_error("pipe", errno));
  const Descriptor ready_read(ends[0]);
  Descriptor ready_write(ends[1]);
  const pid_t launcher = ::fork();
  if (launcher == 0) {
    serve(options, std::move(folder), std::move(lock), std::move(ready_write));
  }
  if (launcher < 0) return complain(make_io_error("fork", errno));
  ready_write.reset();
  char byte = 'n';
  const bool is_ready = ::read(ready_read.get(), &byte, 1) == 1 && byte == 'y';
  if (is_ready) return 0;
  ::waitpid(launcher, nullptr, 0);
  return kFailed;
}

int run_launcher(int argc, char** argv) {
  LauncherOptions options;
  bool is_good = argc % 2 == 0;
  for (int index = 0; is_good && index + 1 < argc; index += 2) {
    const std::string_view name = argv[index];
    const std::string_view value = argv[index + 1];
    if (name == "--folder") {
      options.folder = value;
    } else if (name == "--uid-first") {
      is_good = parse_number(value, options.uid_first);
    } else if (name == "--uid-count") {
      is_good = parse_number(value, options.uid_count);
    } else {
      is_good = false;
    }
  }
  const std::uint64_t last = std::uint64_t{options.uid_first} + options.uid_count;
  if (is_good && !options.folder.empty() && last < UINT32_MAX) return run_launcher(options);
  std::fprintf(stderr, "launcher: expected --folder F [--uid-first N] [--uid-count N]\n");
  return kBadInput;
}

}  // namespace intertie::execution_runners
