#include "command.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clocks.h"
#include "descriptor.h"

namespace intertie::slurm_runner {
namespace {

constexpr std::size_t kOutputBytesMax = 64u << 20;

struct Pipe {
  Descriptor read_end;
  Descriptor write_end;
  bool open() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return false;
    read_end.reset(ends[0]);
    write_end.reset(ends[1]);
    return true;
  }
};

bool is_own_user(const std::string& name) {
  passwd entry{};
  passwd* found = nullptr;
  char buffer[4'096];
  ::getpwuid_r(::geteuid(), &entry, buffer, sizeof buffer, &found);
  return found != nullptr && name == entry.pw_name;
}

/// The user's own process from the first instruction of Slurm's command on: munge vouches for it.
std::vector<std::string> add_user(const Command& command) {
  if (command.unix_user.empty() || is_own_user(command.unix_user)) return command.words;
  passwd entry{};
  passwd* found = nullptr;
  char buffer[4'096];
  ::getpwnam_r(command.unix_user.c_str(), &entry, buffer, sizeof buffer, &found);
  if (found == nullptr || entry.pw_uid == 0) return {};
  std::vector<std::string> words = {"setpriv", "--reuid=" + std::to_string(entry.pw_uid),
                                    "--regid=" + std::to_string(entry.pw_gid), "--init-groups",
                                    "--"};
  words.insert(words.end(), command.words.begin(), command.words.end());
  return words;
}

pid_t spawn(const Command& command, const Pipe& in, const Pipe& out, const Pipe& err) {
  const std::vector<std::string> words = add_user(command);
  if (words.empty()) return -1;
  std::vector<char*> arguments;
  for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  std::vector<std::string> variables = {
      "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C", "HOME=/"};
  if (!command.config.empty()) variables.push_back("SLURM_CONF=" + command.config);
  std::vector<char*> environment;
  for (std::string& variable : variables) environment.push_back(variable.data());
  environment.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, in.read_end.get(), STDIN_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, out.write_end.get(), STDOUT_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, err.write_end.get(), STDERR_FILENO);
  ::posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
  posix_spawnattr_t attributes;
  ::posix_spawnattr_init(&attributes);
  sigset_t none;
  ::sigemptyset(&none);
  sigset_t defaults;
  ::sigemptyset(&defaults);
  ::sigaddset(&defaults, SIGPIPE);
  ::posix_spawnattr_setsigmask(&attributes, &none);
  ::posix_spawnattr_setsigdefault(&attributes, &defaults);
  ::posix_spawnattr_setpgroup(&attributes, 0);
  ::posix_spawnattr_setflags(
      &attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
  pid_t child = -1;
  const int error = ::posix_spawnp(&child, arguments[0], &actions, &attributes, arguments.data(),
                                   environment.data());
  ::posix_spawnattr_destroy(&attributes);
  ::posix_spawn_file_actions_destroy(&actions);
  return error == 0 ? child : -1;
}

/// False: closed.
bool take_in(int from, std::string& text) {
  char buffer[65'536];
  const ssize_t count = ::read(from, buffer, sizeof buffer);
  if (count < 0) return errno == EINTR || errno == EAGAIN;
  text.append(buffer, static_cast<std::size_t>(count));
  return count > 0;
}

/// False: it took too long or said too much.
bool exchange(const Command& command, Pipe& in, Pipe& out, Pipe& err, CommandAnswer& answer) {
  const core::Time deadline = read_boot_time() + command.timeout;
  std::size_t sent = 0;
  ::fcntl(in.write_end.get(), F_SETFL, O_NONBLOCK);
  while (out.read_end.is_open() || err.read_end.is_open()) {
    if (sent == command.input.size()) in.write_end.reset();
    const core::Duration left = deadline - read_boot_time();
    if (left.count <= 0) return false;
    if (answer.output.size() + answer.errors.size() > kOutputBytesMax) return false;
    pollfd watched[] = {{out.read_end.get(), POLLIN, 0},
                        {err.read_end.get(), POLLIN, 0},
                        {in.write_end.get(), POLLOUT, 0}};
    ::poll(watched, 3, static_cast<int>(left.count / 1'000 + 1));
    if (watched[0].revents != 0 && !take_in(out.read_end.get(), answer.output)) {
      out.read_end.reset();
    }
    if (watched[1].revents != 0 && !take_in(err.read_end.get(), answer.errors)) {
      err.read_end.reset();
    }
    if ((watched[2].revents & (POLLERR | POLLHUP)) != 0) {
      sent = command.input.size();  // It does not want to hear more.
    } else if (watched[2].revents != 0) {
      const ssize_t count =
          ::write(in.write_end.get(), command.input.data() + sent, command.input.size() - sent);
      if (count > 0) sent += static_cast<std::size_t>(count);
    }
  }
  return true;
}

}  // namespace

CommandAnswer run_command(const Command& command) {
  CommandAnswer answer;
  Pipe in;
  Pipe out;
  Pipe err;
  if (!in.open() || !out.open() || !err.open()) return answer;
  const pid_t child = spawn(command, in, out, err);
  if (child < 0) {
    answer.errors = command.words.front() + " cannot be started" +
                    (command.unix_user.empty() ? "" : " as user " + command.unix_user);
    return answer;
  }
  in.read_end.reset();
  out.write_end.reset();
  err.write_end.reset();
  const bool is_complete = exchange(command, in, out, err, answer);
  if (!is_complete) ::kill(-child, SIGKILL);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (is_complete && WIFEXITED(status)) answer.exit_code = WEXITSTATUS(status);
  if (!is_complete) answer.errors += "took too long";
  return answer;
}

}  // namespace intertie::slurm_runner
