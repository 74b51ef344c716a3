// What a task can and cannot reach, looked at from inside by this program and from outside by the
// host's /proc.
#include <algorithm>
#include <set>
#include <string>

#include <gtest/gtest.h>

#include "runner_fixture.h"

namespace intertie::execution_runners {
namespace {

using execution::Isolation;
using execution::Network;
using execution::TaskEnd;

class IsolationTest : public RunnerTest {
 protected:
  void SetUp() override {
    RunnerTest::SetUp();
    if (!has_namespaces()) GTEST_SKIP() << "the kernel gives this user no namespaces";
  }

  /// Runs a check of sandbox_checks.h inside a task and returns what it prints.
  std::string check(const std::string& name, Isolation level = Isolation::namespace_) {
    const bool is_private = level == Isolation::namespace_;
    auto request =
        make_request({is_private ? "/checks/program" : find_own_program(), "check", name});
    request.isolation = level;
    if (is_private) request.file_view = {{find_own_program(), "/checks/program", true}};
    const auto result = run(request);
    if (!result) return "no result";
    if (result->end == TaskEnd::signalled) return "signal " + std::to_string(result->signal);
    return read_output(request) + result->detail;
  }

  std::string run_script(const std::string& script) {
    const auto request = make_script(script);
    const auto result = run(request);
    if (!result) return "no result";
    return read_output(request) + result->detail;
  }

  /// A running task's processes, by the host's numbers: those in a PID namespace below ours.
  pid_t find_process(const std::string& mark) {
    std::vector<pid_t> found;
    wait_until([&] {
      found = find_processes(mark);
      return take_events() && !found.empty();
    });
    return found.empty() ? -1 : found.back();
  }
};

// A real task at each level tries every door of docs/security-sandbox.md.
TEST_F(IsolationTest, A19_EveryProbeHasItsPromisedOutcome) {
  const auto reports = runner_->read_isolation();
  ASSERT_TRUE(reports);
  ASSERT_EQ(reports->size(), 2u);
  for (const auto& report : *reports) {
    EXPECT_TRUE(report.isolation.works) << report.isolation.failure;
    EXPECT_FALSE(report.isolation.guarantees.empty());
    std::set<std::uint32_t> numbers;
    for (const auto& probe : report.probes) {
      EXPECT_TRUE(execution::is_good(probe)) << probe.name;
      EXPECT_TRUE(numbers.insert(probe.number).second) << probe.number;
    }
    ASSERT_GE(numbers.size(), 42u);
    EXPECT_EQ(*numbers.rbegin(), numbers.size());  // 1, 2, 3 and so on.
  }
  EXPECT_EQ(reports->at(1).isolation.level, Isolation::namespace_);
}

TEST_F(IsolationTest, FilterRefusesWhatItNames) {
  const std::vector<std::pair<std::string, std::string>> expected = {
      {"tiocsti", "EPERM\n"},      {"tiocsti_high", "EPERM\n"},
      {"io_uring", "EPERM\n"},     {"unshare", "EPERM\n"},
      {"clone3", "ENOSYS\n"},      {"clone_user", "EPERM\n"},
      {"vsock", "EAFNOSUPPORT\n"}, {"bpf", "EPERM\n"},
      {"keyctl", "EPERM\n"},       {"family_high", "EAFNOSUPPORT\n"},
      {"ptrace", "EPERM\n"},       {"netlink_netfilter", "EPERM\n"},
      {"netlink_route", "ok\n"},   {"x32", "signal 31"},
  };
  for (const Isolation level : {Isolation::process, Isolation::namespace_}) {
    for (const auto& [name, answer] : expected) EXPECT_EQ(check(name, level), answer) << name;
  }
  // Private network: sockets are harmless. Host's network, not granted: none.
  EXPECT_EQ(check("inet", Isolation::namespace_), "ok\n");
  EXPECT_EQ(check("inet", Isolation::process), "EACCES\n");
}

TEST_F(IsolationTest, InitIsClosedToItsOwnTask) {
  EXPECT_EQ(check("init_mem"), "EACCES\n");
  const std::string environ = check("init_environ");
  EXPECT_TRUE(environ == "EACCES\n" || environ == "0 bytes\n") << environ;
}

TEST_F(IsolationTest, UserIsUnprivilegedSeenFromOutside) {
  const std::string mark = "86397." + std::to_string(::getpid());
  const auto request = make_script("exec sleep " + mark);
  ASSERT_TRUE(runner_->start(request));
  const pid_t process = find_process(mark);
  ASSERT_GT(process, 0);
  const std::string folder = "/proc/" + std::to_string(process);
  std::istringstream map(read_text(folder + "/uid_map"));
  std::uint64_t inside = 0;
  std::uint64_t outside = 0;
  std::uint64_t length = 0;
  map >> inside >> outside >> length;
  EXPECT_EQ(length, 1u);
  EXPECT_NE(outside, 0u);
  struct stat status {};
  ASSERT_EQ(::stat(folder.c_str(), &status), 0);
  EXPECT_NE(status.st_uid, 0u);
  EXPECT_TRUE(::geteuid() != 0 || outside >= 2'000'000'000u) << outside;
  // The environment of the init, which is the command's parent, is empty.
  const std::string text = read_text(folder + "/status");
  const std::string parent = text.substr(text.find("PPid:\t") + 6, 12);
  const std::string init = "/proc/" + std::to_string(std::stol(parent));
  const std::string environment = read_text(init + "/environ");
  EXPECT_EQ(environment.find_first_not_of('\0'), std::string::npos) << environment;
  const std::string arguments = read_text(init + "/cmdline");
  EXPECT_EQ(arguments.find_first_not_of('\0'), std::string::npos) << arguments;
  ASSERT_TRUE(runner_->cancel(request.key));
  EXPECT_EQ(wait_for_end(request.key)->end, TaskEnd::cancelled);
}

TEST_F(IsolationTest, PlantedDescriptorIsNotVisible) {
  // A descriptor of the host's root, open and inheritable in the agent when the launcher starts.
  ASSERT_TRUE(runner_->stop(true));
  const int planted = ::open("/", O_RDONLY | O_DIRECTORY);
  ASSERT_GE(planted, 0);
  const int high = ::dup2(planted, 77);
  attach();
  for (const Isolation level : {Isolation::process, Isolation::namespace_}) {
    auto request = make_script("ls -l /proc/self/fd/ | wc -l; ls /proc/self/fd/77/ 2>&1; exit 0");
    request.isolation = level;
    ASSERT_TRUE(run(request));
    const std::string output = read_output(request);
    EXPECT_EQ(output.find("etc"), std::string::npos) << output;
    // "total 0", 0, 1, 2 and the folder itself.
    EXPECT_EQ(std::atoi(output.c_str()), 5) << output;
  }
  ::close(planted);
  ::close(high);
}

TEST_F(IsolationTest, HostsFilesAreNotThere) {
  const std::string output = run_script(
      "for f in /etc/shadow /root /home /sys /boot /var/log " + base_ +
      " /work/../etc/passwd- /proc/1/root/etc; do [ -e $f ] && echo \"$f is there\"; done; "
      "touch /usr/x /etc/x /x /in/x 2>/dev/null && echo writable; "
      "grep -c . /etc/passwd; ls /dev | tr '\\n' ' '; "
      "sed -n 's/.* - [a-z0-9]* //p' /proc/self/mountinfo >/dev/null; id -un; pwd");
  EXPECT_EQ(output, "2\nfd full null random shm stderr stdin stdout urandom zero task\n/work\n");
}

TEST_F(IsolationTest, OneTaskDoesNotSeeAnother) {
  const std::string mark = "86396." + std::to_string(::getpid());
  auto first = make_script("echo secret > /tmp/x; echo secret > /dev/shm/x; sleep " + mark);
  ASSERT_TRUE(runner_->start(first));
  ASSERT_GT(find_process(mark), 0);
  const std::string output = run_script("ls -A /tmp /dev/shm /work; ls /proc | grep -c '^[0-9]'");
  EXPECT_EQ(output.find("x\n"), std::string::npos) << output;
  // Init, the shell, ls and grep at most.
  EXPECT_NE(output.find("/work:\n"), std::string::npos);
  EXPECT_LE(std::atoi(output.substr(output.find("/work:\n") + 7).c_str()), 4) << output;
  ASSERT_TRUE(runner_->cancel(first.key));
  ASSERT_TRUE(wait_for_end(first.key));
}

TEST_F(IsolationTest, ThereIsNoNetworkUnlessGranted) {
  EXPECT_EQ(run_script("cat /proc/net/dev | grep -c :; cat /proc/net/dev | grep -c lo:"), "1\n1\n");
  auto request = make_script("readlink /proc/self/ns/net");
  request.network = Network::outside;
  ASSERT_TRUE(run(request));
  const std::string own = std::filesystem::read_symlink("/proc/self/ns/net");
  EXPECT_EQ(read_output(request), own + "\n");
  EXPECT_NE(run_script("readlink /proc/self/ns/net"), own + "\n");
}

TEST_F(IsolationTest, RanksOfAGangTalkAndOthersDoNotHear) {
  if (::access("/usr/bin/python3", X_OK) != 0) GTEST_SKIP() << "no python3 on this machine";
  const std::string server =
      "import os,socket\n"
      "peers=os.environ['INTERTIE_PEERS'].split(',')\n"
      "rank=int(os.environ['INTERTIE_RANK'])\n"
      "s=socket.socket()\n"
      "s.bind((peers[rank],4000)); s.listen()\n"
      "c,_=s.accept(); print('heard', c.recv(99).decode())\n";
  const std::string client =
      "import os,socket,time\n"
      "peers=os.environ['INTERTIE_PEERS'].split(',')\n"
      "for i in range(400):\n"
      "  try:\n"
      "    s=socket.create_connection((peers[0],4000),5); s.send(b'rank '+os.environ["
      "'INTERTIE_RANK'].encode()); print('sent'); break\n"
      "  except ConnectionRefusedError: time.sleep(0.02)\n";
  const auto make_rank = [&](const std::string& text, std::uint32_t rank) {
    auto request = make_request({"/usr/bin/python3", "-c", text});
    request.key = {500, 1, rank};
    request.network = Network::gang;
    request.gang = execution::Gang{"gang-500-1", 2, {}};
    return request;
  };
  const auto first = make_rank(server, 0);
  const auto second = make_rank(client, 1);
  auto stranger =
      make_request({"/usr/bin/python3", "-c",
                    "import socket\n"
                    "try: socket.create_connection(('127.77.0.1',4000),1); print('in')\n"
                    "except OSError as e: print('out')\n"});
  ASSERT_TRUE(runner_->start(first));
  ASSERT_TRUE(wait_for_start(first.key));
  ASSERT_TRUE(run(stranger));
  EXPECT_EQ(read_output(stranger), "out\n") << read_errors(stranger);
  ASSERT_TRUE(run(second));
  EXPECT_EQ(read_output(second), "sent\n") << read_errors(second) << failures_;
  ASSERT_TRUE(wait_for_end(first.key));
  EXPECT_EQ(read_output(first), "heard rank 1\n") << read_errors(first);
}

TEST_F(IsolationTest, FileViewHasAbsolutePaths) {
  auto request = make_script(
      "cat /data/set/a.txt; echo more >> /data/set/a.txt; echo new > /results/deep/b; "
      "ls -ld /data | cut -c1-4; true");
  std::ofstream(request.folder + "/in/a") << "alpha\n";
  std::filesystem::create_directories(request.folder + "/out");
  request.file_view = {{"in/a", "/data/set/a.txt", true}, {"out", "/results/deep", false}};
  ASSERT_TRUE(run(request));
  EXPECT_EQ(read_output(request), "alpha\ndrwx\n") << read_errors(request) << failures_;
  EXPECT_EQ(read_text(request.folder + "/in/a"), "alpha\n");
  EXPECT_EQ(read_text(request.folder + "/out/b"), "new\n");
}

TEST_F(IsolationTest, LinksInInputsLeadNowhere) {
  for (const char* source : {"in/link", "in/folder/shadow"}) {
    auto request = make_script("cat /data");
    std::filesystem::create_symlink("/etc/shadow", request.folder + "/in/link");
    std::filesystem::create_directory_symlink("/etc", request.folder + "/in/folder");
    request.file_view = {{source, "/data", true}};
    const auto result = run(request);
    ASSERT_TRUE(result);
    EXPECT_EQ(result->end, TaskEnd::start_failed) << source;
  }
}

TEST_F(IsolationTest, DevicesAreTheGrantedOnes) {
  auto request = make_script("ls /dev/fuse /dev/tty 2>&1; head -c 3 /dev/zero | wc -c");
  request.devices.nodes = {"/dev/tty"};
  ASSERT_TRUE(run(request));
  const std::string output = read_output(request);
  EXPECT_NE(output.find("/dev/tty\n"), std::string::npos) << output << failures_;
  EXPECT_NE(output.find("cannot access '/dev/fuse'"), std::string::npos) << output;
  EXPECT_NE(output.find("3\n"), std::string::npos) << output;
}

TEST_F(IsolationTest, UsersOfTasksDiffer) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can give each task a user of its own";
  std::set<std::string> users;
  for (const Isolation level : {Isolation::process, Isolation::namespace_}) {
    auto request = make_script("id -u; id -G; touch mine");
    request.isolation = level;
    ASSERT_TRUE(run(request));
    const std::string output = read_output(request);
    const std::string user = output.substr(0, output.find('\n'));
    EXPECT_EQ(output, user + "\n" + user + "\n") << failures_;
    EXPECT_GE(std::stoul(user), 2'000'000'000u);
    users.insert(user);
    struct stat status {};
    ASSERT_EQ(::stat((request.folder + "/work/mine").c_str(), &status), 0);
    EXPECT_EQ(std::to_string(status.st_uid), user);
  }
  EXPECT_EQ(users.size(), 2u);
  auto request = make_script("id -u");
  request.run_as = 1'234'567;
  ASSERT_TRUE(run(request));
  EXPECT_EQ(read_output(request), "1234567\n");
}

}  // namespace
}  // namespace intertie::execution_runners
