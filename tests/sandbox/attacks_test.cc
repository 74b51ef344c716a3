// Runs every attack as a job at each isolation level: it does not succeed where the level promises
// so, ends as it should, and leaves nothing on the machine.
#include <fcntl.h>
#include <netinet/in.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <tuple>

#include <gtest/gtest.h>

#include "intertie/execution_runners/task_tree.h"

#include "attack_list.h"
#include "attacks/attack.h"
#include "leftovers_check.h"
#include "output/escape.h"
#include "runner_fixture.h"

namespace intertie::attack {
namespace {

using execution::Isolation;
using execution::TaskEnd;
using execution_runners::Descriptor;

constexpr std::int64_t kProcessesMax = 64;
// Others of the same user may end meanwhile: then the kernel lets a task have as many more.
constexpr std::int64_t kOthersMax = 1'000;
constexpr std::int64_t kLogBytesMax = 1 << 20;

class AttackTest : public execution_runners::RunnerTest {
 protected:
  void SetUp() override {
    // A descriptor of the host's root that the agent forgot to close, for `descriptors`.
    const Descriptor root(::open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    Descriptor planted(::dup2(root.get(), 77));
    RunnerTest::SetUp();
    mark_ = "attack-" + base_.substr(base_.rfind('-') + 1);
    key_ = static_cast<key_t>(0x1e0000 + ::getpid() * 16);
    victim_ = base_ + "/victim";
    std::ofstream(victim_) << "another's\n";
    std::filesystem::permissions(victim_, std::filesystem::perms(0600));
    // As a site does: others find the way to the folders of tasks, and nothing else.
    std::filesystem::permissions(base_, std::filesystem::perms(0711));
  }

  execution::RunRequest make_attack(const std::string& name, Isolation level) {
    auto request = make_request({"./attack"});
    std::filesystem::create_directories(request.folder + "/work");
    std::filesystem::copy_file(std::string(ATTACK_FOLDER) + "/attack_" + name,
                               request.folder + "/work/attack");
    request.isolation = level;
    request.time_limit = core::seconds(60);
    request.grace = core::milliseconds(200);
    request.processes_max = kProcessesMax;
    request.scratch = core::Bytes{16 << 20};
    request.log_bytes_max = core::Bytes{kLogBytesMax};
    const bool is_alone = level == Isolation::namespace_ || ::geteuid() == 0;
    request.environment = {
        {"ATTACK_MARK", mark_},
        {"ATTACK_KEY", std::to_string(key_)},
        {"ATTACK_VICTIM", victim_},
        {"ATTACK_LIMIT", std::to_string(kProcessesMax + (is_alone ? 0 : kOthersMax))},
        {"ATTACK_LAUNCHER", launcher_folder() + "/launcher.sock"}};
    return request;
  }

  std::string mark_;
  key_t key_ = 0;
  std::string victim_;
};

/// Services of the host that an attack should not get to.
class HostServices {
 public:
  explicit HostServices(const std::string& mark) : path_("/tmp/" + mark) {
    sockaddr_in loopback{};
    loopback.sin_family = AF_INET;
    loopback.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    internet_.reset(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    serve(internet_, reinterpret_cast<sockaddr*>(&loopback), sizeof(loopback));
    socklen_t size = sizeof(loopback);
    ::getsockname(internet_.get(), reinterpret_cast<sockaddr*>(&loopback), &size);
    port_ = ntohs(loopback.sin_port);
    sockaddr_un here{};
    here.sun_family = AF_UNIX;
    mark.copy(here.sun_path + 1, sizeof(here.sun_path) - 2);
    const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + mark.size());
    abstract_.reset(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    serve(abstract_, reinterpret_cast<sockaddr*>(&here), length);
    sockaddr_un there{};
    there.sun_family = AF_UNIX;
    path_.copy(there.sun_path, sizeof(there.sun_path) - 1);
    file_.reset(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    serve(file_, reinterpret_cast<sockaddr*>(&there), sizeof(there));
    ::chmod(path_.c_str(), 0777);
  }
  ~HostServices() { ::unlink(path_.c_str()); }
  HostServices(const HostServices&) = delete;
  HostServices& operator=(const HostServices&) = delete;

  int port() const { return port_; }

 private:
  static void serve(const Descriptor& socket, const sockaddr* address, socklen_t size) {
    EXPECT_EQ(::bind(socket.get(), address, size), 0);
    EXPECT_EQ(::listen(socket.get(), 64), 0);
  }

  std::string path_;
  int port_ = 0;
  Descriptor internet_;
  Descriptor abstract_;
  Descriptor file_;
};

/// Copies of the attack that would give rights to who runs them: of this user, and with a file
/// capability if this user may give one.
void plant_privileges(const std::string& folder) {
  const std::filesystem::path program = folder + "/work/attack";
  for (const char* name : {"set-user-id", "set-group-id", "capable"}) {
    std::filesystem::copy_file(program, folder + "/in/" + name);
  }
  ::chmod((folder + "/in/set-user-id").c_str(), 04'755);
  ::chmod((folder + "/in/set-group-id").c_str(), 02'755);
  // struct vfs_cap_data, revision 2, CAP_SYS_ADMIN (21) and CAP_SETUID (7), effective.
  const std::uint32_t capability[5] = {0x02000001, 1u << 21 | 1u << 7, 0, 0, 0};
  const int given = ::setxattr((folder + "/in/capable").c_str(), "security.capability", capability,
                               sizeof(capability), 0);
  EXPECT_TRUE(given == 0 || ::geteuid() != 0) << std::strerror(errno);
}

class Attacked : public AttackTest,
                 public testing::WithParamInterface<std::tuple<Attack, Isolation>> {
 protected:
  const Attack& attack() const { return std::get<0>(GetParam()); }
  Isolation level() const { return std::get<1>(GetParam()); }

  std::optional<execution::TaskResult> run_attack(const execution::RunRequest& request) {
    if (attack().end != End::cancelled) return run(request);
    const auto asked = runner_->start(request);
    if (!asked) return std::nullopt;
    const bool is_ready = execution_runners::wait_until(
        [&] { return take_events() && read_output(request).ends_with("ready\n"); });
    EXPECT_TRUE(is_ready) << read_output(request);
    const core::Duration told = execution_runners::read_boot_clock();
    EXPECT_TRUE(runner_->cancel(request.key));
    const auto result = wait_for_end(request.key);
    const core::Duration took = execution_runners::read_boot_clock() - told;
    RecordProperty("milliseconds_to_end", std::to_string(took.count / 1'000));
    std::printf("ended %lld ms after the cancel\n", static_cast<long long>(took.count / 1'000));
    return result;
  }

  void check_end(const execution::RunRequest& request, const execution::TaskResult& result) {
    const std::string told = read_output(request);
    if (attack().name == "memory_hog") {
      if (result.measured.memory_source == execution::MeterSource::rusage) {
        GTEST_SKIP() << "no memory control group here";
      }
      EXPECT_EQ(result.end, TaskEnd::memory_limit) << told;
      return;
    }
    if (attack().end != End::exits) {
      const bool is_limit = attack().end == End::at_limit;
      EXPECT_EQ(result.end, is_limit ? TaskEnd::time_limit : TaskEnd::cancelled) << told;
      return;
    }
    ASSERT_EQ(result.end, TaskEnd::exited) << result.signal << failures_ << told;
    if (result.exit_code == kUntried) GTEST_SKIP() << told;
    if (get_promise(attack(), level()) == Promise::held) {
      EXPECT_EQ(result.exit_code, kHeld) << told;
    }
    EXPECT_TRUE(result.exit_code == kHeld || result.exit_code == kSucceeded) << result.exit_code;
  }

  void check_logs(const execution::RunRequest& request, const execution::TaskResult& result) {
    if (attack().name != "output_flood") return;
    EXPECT_TRUE(result.log_truncated);
    for (const std::string& log : {read_output(request), read_errors(request)}) {
      EXPECT_LT(log.size(), kLogBytesMax + 100u);
      // A27: a terminal is shown none of it.
      const std::string shown = cli::escape_controls(log);
      for (const char letter : shown) {
        const bool is_plain = static_cast<unsigned char>(letter) >= ' ' || letter == '\n';
        ASSERT_TRUE(is_plain && letter != '\x7f') << static_cast<int>(letter);
      }
      EXPECT_EQ(shown.find("\xc2\x9b"), std::string::npos);
    }
  }
};

TEST_P(Attacked, InVain) {
  if (level() == Isolation::namespace_ && !execution_runners::has_namespaces()) {
    GTEST_SKIP() << "the kernel gives this user no namespaces";
  }
  auto request = make_attack(std::string(attack().name), level());
  if (attack().name == "memory_hog") request.memory = core::Bytes{64 << 20};
  if (attack().name == "stop_init") request.time_limit = core::milliseconds(500);
  if (attack().name == "set_user_id") plant_privileges(request.folder);
  std::optional<execution::TaskResult> result;
  {
    const HostServices services(mark_);
    request.environment["ATTACK_PORT"] = std::to_string(services.port());
    result = run_attack(request);
  }
  ASSERT_TRUE(result);
  // Nothing is left when the end is told, before anybody has cleaned up.
  for (const std::string& left : find_leftovers(mark_, key_)) ADD_FAILURE() << "left: " << left;
  EXPECT_EQ(execution_runners::read_text(victim_), "another's\n");
  for (const auto& entry : std::filesystem::directory_iterator(request.folder)) {
    const std::string name = entry.path().filename();
    EXPECT_TRUE(name == "in" || name == "work" || name == "stdout.log" || name == "stderr.log")
        << name;
  }
  // Whatever shape its own files have, they can be removed.
  const auto removed = execution_runners::remove_tree(request.folder + "/work");
  EXPECT_TRUE(removed) << core::to_text(removed.error());
  EXPECT_FALSE(std::filesystem::exists(request.folder + "/work"));
  ASSERT_NO_FATAL_FAILURE(check_logs(request, *result));
  check_end(request, *result);
}

std::string name_attack(const testing::TestParamInfo<std::tuple<Attack, Isolation>>& info) {
  const Attack& attack = std::get<0>(info.param);
  std::string name(attack.name);
  if (attack.number > 0) name = "A" + std::to_string(attack.number) + "_" + name;
  return name + (std::get<1>(info.param) == Isolation::process ? "_process" : "_namespace");
}

INSTANTIATE_TEST_SUITE_P(Jobs, Attacked,
                         testing::Combine(testing::ValuesIn(list_attacks()),
                                          testing::Values(Isolation::process,
                                                          Isolation::namespace_)),
                         name_attack);

class TwoTenants : public AttackTest, public testing::WithParamInterface<Isolation> {};

TEST_P(TwoTenants, A28_TheSecondFindsNothingOfTheFirst) {
  if (GetParam() == Isolation::namespace_ && !execution_runners::has_namespaces()) {
    GTEST_SKIP() << "the kernel gives this user no namespaces";
  }
  auto first = make_attack("leave_behind", GetParam());
  ASSERT_TRUE(run(first));
  // As the agent makes the folders of attempts.
  std::filesystem::permissions(first.folder, std::filesystem::perms(0700));
  auto second = make_attack("look_around", GetParam());
  second.environment["ATTACK_OTHER"] = mark_;
  second.environment["ATTACK_MARK"] = mark_ + "-second";
  second.environment["ATTACK_VICTIM"] = first.folder + "/work/secret";
  const auto result = run(second);
  ASSERT_TRUE(result);
  EXPECT_EQ(result->end, TaskEnd::exited) << failures_;
  EXPECT_EQ(result->exit_code, kHeld) << read_output(second) << read_output(first);
}

// What the loader, shells and libc obey is the command's own affair: the parts of the sandbox that
// run before it and beside it have no part of its environment.
TEST_P(TwoTenants, A18_EnvironmentOfAJobChangesOnlyTheJob) {
  if (GetParam() == Isolation::namespace_ && !execution_runners::has_namespaces()) {
    GTEST_SKIP() << "the kernel gives this user no namespaces";
  }
  auto request = make_request({"/bin/bash", "-c", "echo ran; echo \"$IFS\" | wc -c"});
  request.isolation = GetParam();
  std::filesystem::create_directories(request.folder + "/work");
  std::ofstream(request.folder + "/work/start") << "echo from BASH_ENV\n";
  request.environment = {{"LD_PRELOAD", "/work/no-such.so"},
                         {"LD_LIBRARY_PATH", "."},
                         {"GCONV_PATH", "."},
                         {"MALLOC_CHECK_", "3"},
                         {"IFS", "/"},
                         {"BASH_ENV", "start"},
                         {"PATH", "/usr/bin:/bin"}};
  const auto result = run(request);
  ASSERT_TRUE(result);
  EXPECT_EQ(result->exit_code, 0) << failures_ << read_errors(request);
  EXPECT_TRUE(read_output(request).starts_with("from BASH_ENV\nran\n")) << read_output(request);
  // The loader's complaint is on the task's own log alone.
  EXPECT_NE(read_errors(request).find("no-such.so"), std::string::npos);
  EXPECT_EQ(execution_runners::read_text(launcher_folder() + "/launcher.log"), "");

  auto large = make_request({"/bin/true"});
  large.isolation = GetParam();
  large.environment["LARGE"] = std::string(2u << 20, 'x');
  const auto refused = runner_->start(large);  // No program could be started with it.
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, core::Reason::too_large);

  auto next = make_request({"/bin/sh", "-c", "env | grep -c -e LD_ -e BASH_ENV -e LARGE; true"});
  next.isolation = GetParam();
  ASSERT_TRUE(run(next));
  EXPECT_EQ(read_output(next), "0\n");
}

std::string name_level(const testing::TestParamInfo<Isolation>& info) {
  return info.param == Isolation::process ? "process" : "namespace";
}

INSTANTIATE_TEST_SUITE_P(Levels, TwoTenants,
                         testing::Values(Isolation::process, Isolation::namespace_), name_level);

}  // namespace
}  // namespace intertie::attack
