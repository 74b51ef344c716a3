// The sandbox alone, started by a meter that holds a descriptor it should not.
#include "sandbox.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include <gtest/gtest.h>

#include "runner_fixture.h"
#include "wire.h"
#include "zygote.h"

namespace intertie::execution_runners {
namespace {

/// What a task prints about descriptor 77 of a meter that left it open and inheritable.
std::string run_with_planted_descriptor(execution::Isolation level) {
  std::string folder = (std::filesystem::temp_directory_path() / "sandbox-XXXXXX").string();
  if (::mkdtemp(folder.data()) == nullptr) return "no folder";
  std::filesystem::create_directories(folder + "/work");
  std::filesystem::create_directories(folder + "/in");
  std::filesystem::permissions(folder + "/work", std::filesystem::perms(0755));
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return "no pipe";
  const pid_t meter = ::fork();
  if (meter == 0) {
    sigset_t all;
    ::sigfillset(&all);
    ::sigprocmask(SIG_SETMASK, &all, nullptr);
    const Descriptor root(::open("/", O_RDONLY | O_DIRECTORY));
    ::dup2(root.get(), 77);
    auto host = read_host(folder);
    if (!host) ::_exit(1);
    remove_roots(host->groups);
    execution::RunRequest request;
    request.folder = folder;
    request.argv = {"/bin/sh", "-c", "ls -d /proc/self/fd/77/etc 2>/dev/null; echo done"};
    request.isolation = level;
    const Descriptor opened(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    const Descriptor memory(::memfd_create("request", MFD_CLOEXEC));
    if (!write_all(memory.get(), encode(request))) ::_exit(1);
    auto zygote = Zygote::start(*host, TaskGroup());
    if (!zygote) ::_exit(1);
    std::optional<std::uint32_t> user;
    if (host->is_root) user = 2'000'000'001;
    const auto sandbox = start_sandbox(
        {request, *host, user, opened.get(), -1, -1, ends[1], ends[1]}, *zygote, memory.get(), -1);
    if (!sandbox || sandbox->process < 0) ::_exit(1);
    ::waitpid(sandbox->process, nullptr, 0);
    ::_exit(0);
  }
  ::close(ends[1]);
  std::string output;
  char byte = 0;
  while (::read(ends[0], &byte, 1) == 1) output += byte;
  ::close(ends[0]);
  ::waitpid(meter, nullptr, 0);
  std::filesystem::remove_all(folder);
  return output;
}

TEST(Sandbox, DescriptorPlantedInTheMeterIsNotVisible) {
  EXPECT_EQ(run_with_planted_descriptor(execution::Isolation::process), "done\n");
  if (!has_namespaces()) GTEST_SKIP() << "the kernel gives this user no namespaces";
  EXPECT_EQ(run_with_planted_descriptor(execution::Isolation::namespace_), "done\n");
}

}  // namespace
}  // namespace intertie::execution_runners
