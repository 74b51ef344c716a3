// How tasks end, at both isolation levels: codes, signals, limits, orders, and starts that fail.
#include <algorithm>
#include <string>

#include <gtest/gtest.h>

#include "runner_fixture.h"

namespace intertie::execution_runners {
namespace {

using execution::Isolation;
using execution::MeterSource;
using execution::TaskEnd;

class TaskEndTest : public RunnerTest, public testing::WithParamInterface<Isolation> {
 protected:
  void SetUp() override {
    RunnerTest::SetUp();
    if (GetParam() == Isolation::namespace_ && !has_namespaces()) {
      GTEST_SKIP() << "the kernel gives this user no namespaces";
    }
  }
  execution::RunRequest make(const std::string& script) {
    auto request = make_script(script);
    request.isolation = GetParam();
    return request;
  }
};

TEST_P(TaskEndTest, ExitCodeAndOutputAreReported) {
  const auto request = make("echo out; echo err >&2; exit 7");
  const auto result = run(request);
  ASSERT_TRUE(result);
  EXPECT_EQ(result->end, TaskEnd::exited) << failures_;
  EXPECT_EQ(result->exit_code, 7);
  EXPECT_EQ(result->signal, 0);
  EXPECT_EQ(read_output(request), "out\n");
  EXPECT_EQ(read_errors(request), "err\n");
  EXPECT_EQ(result->stdout_bytes.count, 4);
  EXPECT_FALSE(result->log_truncated);
  EXPECT_TRUE(started_.contains(request.key));
  EXPECT_GT(result->started.micros, 0);
  EXPECT_EQ(result->wall, result->ended_boottime - result->started_boottime);
  EXPECT_GE(result->wall.count, 0);
}

// Use is charged from here, so a runner that is slow to listen must not move it.
TEST_P(TaskEndTest, StartIsToldAsTheMeterSawIt) {
  const auto request = make("true");
  const auto result = run(request);
  ASSERT_TRUE(result);
  EXPECT_EQ(begun_[request.key], result->started);
  EXPECT_GT(result->started.micros, 0);
}

TEST_P(TaskEndTest, SignalOfTheCommandIsReported) {
  const auto result = run(make("kill -SEGV $$"));
  ASSERT_TRUE(result);
  EXPECT_EQ(result->end, TaskEnd::signalled) << failures_;
  EXPECT_EQ(result->signal, SIGSEGV);
  EXPECT_EQ(result->exit_code, 128 + SIGSEGV);
}

// Not the site's fault: a shell would say the same, with the same codes.
TEST_P(TaskEndTest, MissingProgramIsTheCommandsOwnExitCode) {
  auto request = make_request({"no-such-program-anywhere"});
  request.isolation = GetParam();
  const auto result = run(request);
  ASSERT_TRUE(result);
  EXPECT_EQ(result->end, TaskEnd::exited);
  EXPECT_EQ(result->exit_code, 127);
  EXPECT_NE(result->detail.find("no-such-program-anywhere"), std::string::npos) << result->detail;
  EXPECT_NE(read_errors(request).find("no-such-program-anywhere"), std::string::npos);
  EXPECT_GT(result->started.micros, 0);
  EXPECT_GE(result->ended, result->started);
}

TEST_P(TaskEndTest, FileThatCannotBeExecutedIsTheCommandsOwnExitCode) {
  auto request = make_request({"/etc/passwd"});
  request.isolation = GetParam();
  const auto result = run(request);
  ASSERT_TRUE(result);
  EXPECT_EQ(result->end, TaskEnd::exited);
  EXPECT_EQ(result->exit_code, 126);
}

TEST_P(TaskEndTest, ProgramIsFoundInTheTasksOwnPath) {
  auto request = make_request({"tool"});
  request.isolation = GetParam();
  std::filesystem::create_directories(request.folder + "/work/bin");
  std::ofstream(request.folder + "/work/bin/tool") << "#!/bin/sh\necho found\n";
  std::filesystem::permissions(request.folder + "/work/bin/tool", std::filesystem::perms(0755));
  request.environment["PATH"] = "bin:/usr/bin";
  const auto result = run(request);
  ASSERT_TRUE(result);
  EXPECT_EQ(result->exit_code, 0) << result->detail;
  EXPECT_EQ(read_output(request), "found\n");
}

TEST_P(TaskEndTest, TimeLimitEndsIt) {
  auto request = make("sleep 100");
  request.time_limit = core::milliseconds(150);
  const auto result = run(request);
  ASSERT_TRUE(result);
  EXPECT_EQ(result->end, TaskEnd::time_limit) << result->detail;
  EXPECT_GE(result->wall, request.time_limit);
  EXPECT_EQ(result->signal, SIGTERM);
}

TEST_P(TaskEndTest, WhatIgnoresSigtermIsKilledAfterTheGrace) {
  auto request = make("trap '' TERM; echo ready; while true; do sleep 0.1; done");
  request.time_limit = core::milliseconds(150);
  const auto result = run(request);
  ASSERT_TRUE(result);
  EXPECT_EQ(result->end, TaskEnd::time_limit);
  EXPECT_EQ(result->signal, SIGKILL);
  EXPECT_GE(result->wall, request.time_limit + request.grace);
}

TEST_P(TaskEndTest, CancelReachesAProgramThatCleansUp) {
  auto request = make("trap 'echo bye; exit 3' TERM; echo ready; while true; do sleep 0.05; done");
  request.grace = core::seconds(20);
  ASSERT_TRUE(runner_->start(request));
  ASSERT_TRUE(wait_until([&] { return take_events() && read_output(request) == "ready\n"; }));
  ASSERT_TRUE(runner_->cancel(request.key));
  const auto result = wait_for_end(request.key);
  ASSERT_TRUE(result);
  EXPECT_EQ(result->end, TaskEnd::cancelled);
  EXPECT_EQ(result->exit_code, 3);
  EXPECT_EQ(read_output(request), "ready\nbye\n");
}

TEST_P(TaskEndTest, LapsedLeaseEndsItAndRenewalKeepsIt) {
  auto lapsing = make("sleep 100");
  lapsing.lease = core::milliseconds(400);
  auto renewed = make("sleep 100");
  renewed.lease = core::seconds(2);  // The renewal must come within it, on a busy machine too.
  ASSERT_TRUE(runner_->start(lapsing));
  ASSERT_TRUE(runner_->start(renewed));
  ASSERT_TRUE(runner_->extend_lease(renewed.key, core::seconds(60)));
  const auto result = wait_for_end(lapsing.key);
  ASSERT_TRUE(result);
  EXPECT_EQ(result->end, TaskEnd::lease_lapsed);
  EXPECT_EQ(result->signal, SIGKILL);
  // The renewed one still runs well after its first lease.
  const core::Duration later = read_boot_clock() + *renewed.lease;
  while (read_boot_clock() < later) ASSERT_TRUE(take_events());
  EXPECT_FALSE(ended_.contains(renewed.key));
  ASSERT_TRUE(runner_->cancel(renewed.key));
  EXPECT_EQ(wait_for_end(renewed.key)->end, TaskEnd::cancelled);
}

TEST_P(TaskEndTest, NothingOfTheTreeOutlivesTheCommand) {
  const std::string mark = "86399." + std::to_string(::getpid());
  auto request = make("setsid sleep " + mark + " & (setsid sh -c 'sleep " + mark + " & sleep " +
                      mark + "' &) ; nohup sleep " + mark + " >/dev/null 2>&1 & sleep 0.2; exit 0");
  const auto result = run(request);
  ASSERT_TRUE(result);
  EXPECT_EQ(result->exit_code, 0) << result->detail;
  EXPECT_TRUE(find_processes(mark).empty());
}

TEST_P(TaskEndTest, A23_NothingOfTheTreeOutlivesACancel) {
  const std::string mark = "86398." + std::to_string(::getpid());
  auto request =
      make("trap '' TERM; setsid sh -c \"trap '' TERM; sleep " + mark + "; sleep " + mark +
           "\" & (setsid sleep " + mark + " &) ; echo up; sleep " + mark + "; sleep " + mark);
  ASSERT_TRUE(runner_->start(request));
  ASSERT_TRUE(wait_until([&] { return take_events() && find_processes(mark).size() >= 3; }));
  ASSERT_TRUE(runner_->cancel(request.key));
  const auto result = wait_for_end(request.key);
  ASSERT_TRUE(result);
  EXPECT_EQ(result->end, TaskEnd::cancelled);
  EXPECT_TRUE(find_processes(mark).empty());
}

TEST_P(TaskEndTest, CpuTimeOfTheWholeTreeIsMeasured) {
  // Two busy children, one of them detached, each about 0.2 s by its own count.
  const auto request = make(
      "busy='n=0; while [ $n -lt 150000 ]; do n=$((n+1)); done; times'; "
      "sh -c \"$busy\"; setsid sh -c \"$busy\" & wait");
  const auto result = run(request);
  ASSERT_TRUE(result);
  EXPECT_EQ(result->exit_code, 0) << read_errors(request);
  const auto cpu = result->measured.cpu_user + result->measured.cpu_system;
  EXPECT_NE(result->measured.cpu_source, MeterSource::none);
  EXPECT_GT(cpu.count, 50'000);
  EXPECT_LT(cpu.count, 20'000'000);
  EXPECT_NE(result->measured.memory_source, MeterSource::none);
  EXPECT_GT(result->measured.memory_peak.count, 100'000);
}

TEST_P(TaskEndTest, A22_FloodIsCutAndNeitherBlocksNorFillsTheDisk) {
  auto request = make("head -c 50000000 /dev/zero; echo end >&2");
  request.log_bytes_max = core::Bytes{100'000};
  const auto result = run(request);
  ASSERT_TRUE(result);
  EXPECT_EQ(result->exit_code, 0);
  EXPECT_TRUE(result->log_truncated);
  EXPECT_EQ(result->stdout_bytes.count, 100'000);
  const std::string log = read_output(request);
  EXPECT_EQ(log.substr(100'000), "\n[intertie: truncated after 100000 bytes]\n");
  EXPECT_EQ(read_errors(request), "end\n");
}

TEST_P(TaskEndTest, EnvironmentIsTheTasksAlone) {
  auto request = make("env | sort");
  request.environment = {{"COLOUR", "green"}, {"INTERTIE_RANK", "forged"}, {"LANG", "x"}};
  request.gang = execution::Gang{"", 3, {}};
  request.key.rank = 2;
  request.devices.variable = "CUDA_VISIBLE_DEVICES";
  request.devices.indices = {1, 3};
  ::setenv("AGENT_SECRET", "hidden", 1);
  const auto result = run(request);
  ASSERT_TRUE(result);
  const std::string text = "\n" + read_output(request);
  for (const char* line :
       {"COLOUR=green", "INTERTIE_RANK=2", "INTERTIE_SIZE=3", "LANG=x",
        "INTERTIE_PEERS=127.77.0.1,127.77.0.2,127.77.0.3", "CUDA_VISIBLE_DEVICES=1,3"}) {
    EXPECT_NE(text.find("\n" + std::string(line) + "\n"), std::string::npos) << line << text;
  }
  EXPECT_EQ(text.find("AGENT_SECRET"), std::string::npos);
}

TEST_P(TaskEndTest, InputsAreReadAndOutputsStay) {
  auto request = make(
      "cat \"$INTERTIE_IN/a\" linked > result && pwd && ls -d . && touch "
      "\"$INTERTIE_WORK/here\"");
  std::ofstream(request.folder + "/in/a") << "input ";
  std::ofstream(request.folder + "/in/b") << "bound";
  request.file_view = {{"in/b", "linked", true}};
  // As a site does for level process: its folders must be open on the way.
  std::filesystem::permissions(base_, std::filesystem::perms(0711));
  const auto result = run(request);
  ASSERT_TRUE(result);
  EXPECT_EQ(result->exit_code, 0) << read_errors(request) << result->detail;
  EXPECT_EQ(read_text(request.folder + "/work/result"), "input bound");
  EXPECT_TRUE(std::filesystem::exists(request.folder + "/work/here"));
}

TEST_P(TaskEndTest, A22_MemoryLimitIsNamed) {
  auto request = make("head -c 300000000 /dev/zero | tail -c 300000000 >/dev/null");
  request.memory = core::Bytes{48 << 20};
  const auto result = run(request);
  ASSERT_TRUE(result);
  if (result->measured.memory_source == MeterSource::rusage) {
    GTEST_SKIP() << "no memory control group here";
  }
  EXPECT_EQ(result->end, TaskEnd::memory_limit) << result->exit_code;
  EXPECT_LE(result->measured.memory_peak.count, request.memory.count);
}

TEST_P(TaskEndTest, A22_ProcessesAreLimited) {
  auto request =
      make("for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16; do sleep 5 & done; echo all");
  request.processes_max = 8;
  const auto result = run(request);
  ASSERT_TRUE(result);
  EXPECT_EQ(read_output(request).find("all"), std::string::npos);
}

TEST_P(TaskEndTest, FolderThatIsMissingIsAFailedStart) {
  auto request = make("true");
  std::filesystem::remove_all(request.folder);
  const auto result = run(request);
  ASSERT_TRUE(result);
  EXPECT_EQ(result->end, TaskEnd::start_failed);
  EXPECT_NE(result->detail.find(request.folder), std::string::npos) << result->detail;
}

TEST_P(TaskEndTest, LargeRequestsArrive) {
  auto request = make("printf %s \"$BIG\" | wc -c");
  request.environment["BIG"] = std::string(120'000, 'x');
  for (int index = 0; index < 6; ++index) {
    request.environment["BIG" + std::to_string(index)] = std::string(120'000, 'y');
  }
  const auto result = run(request);
  ASSERT_TRUE(result);
  EXPECT_EQ(std::atoi(read_output(request).c_str()), 120'000) << result->detail;
}

std::string name_end_level(const testing::TestParamInfo<Isolation>& info) {
  return info.param == Isolation::process ? "Process" : "Namespace";
}

INSTANTIATE_TEST_SUITE_P(Levels, TaskEndTest,
                         testing::Values(Isolation::process, Isolation::namespace_),
                         name_end_level);

}  // namespace
}  // namespace intertie::execution_runners
