// A meter, its zygote and its control groups serve one task after another: nothing of one may show
// in the next.
#include <filesystem>
#include <set>
#include <string>

#include <gtest/gtest.h>

#include "control_file.h"
#include "runner_fixture.h"

namespace intertie::execution_runners {
namespace {

using execution::Isolation;
using execution::MeterSource;
using execution::TaskEnd;

class ReuseTest : public RunnerTest, public testing::WithParamInterface<Isolation> {
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
  /// The meter that ran a task; its control file stays until the task is acknowledged.
  std::int64_t find_meter(const execution::TaskKey& key) {
    const Descriptor tasks(
        ::open((launcher_folder() + "/tasks").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    const auto control = ControlFile::open(tasks.get(), to_text(key) + ".control");
    return control ? control->block().meter_pid.load() : -1;
  }
  std::int64_t run_and_find_meter(const execution::RunRequest& request) {
    const auto result = run(request);
    EXPECT_TRUE(result && result->end == TaskEnd::exited && result->exit_code == 0)
        << failures_ << read_errors(request);
    return find_meter(request.key);
  }
  /// At level process the kernel counts by user, and launchers that run beside this one may give
  /// their tasks the same users.
  static std::int64_t choose_processes(std::int64_t wanted) {
    return GetParam() == Isolation::namespace_ ? wanted : 256;
  }
  static bool is_v1(const execution::TaskResult& result) {
    return result.measured.memory_source == MeterSource::cgroup_v1;
  }
};

// A meter tells the end before it is free again, so that the spare one may get the next task.
TEST_P(ReuseTest, FewMetersServeSmallTasksOneAfterAnother) {
  std::set<std::int64_t> meters;
  for (int index = 0; index < 10; ++index) meters.insert(run_and_find_meter(make("true")));
  EXPECT_GT(*meters.begin(), 0);
  EXPECT_LT(meters.size(), 10u);
}

TEST_P(ReuseTest, TasksAtOnceHaveMetersOfTheirOwn) {
  std::vector<execution::RunRequest> requests;
  std::set<std::int64_t> meters;
  for (int index = 0; index < 3; ++index) {
    requests.push_back(make("while [ ! -e go ]; do sleep 0.02; done"));
    ASSERT_TRUE(runner_->start(requests.back()));
  }
  for (const auto& request : requests) {
    ASSERT_TRUE(wait_for_start(request.key));
    meters.insert(find_meter(request.key));
  }
  EXPECT_EQ(meters.size(), requests.size());
  for (const auto& request : requests) {
    std::ofstream(request.folder + "/work/go") << "go";
    EXPECT_EQ(wait_for_end(request.key)->exit_code, 0);
  }
}

TEST_P(ReuseTest, HighWaterOfABigTaskDoesNotShowInTheNext) {
  constexpr std::int64_t kBig = 80 << 20;
  const auto big = run(make("head -c 80000000 /dev/zero | tail -c 80000000 >/dev/null"));
  ASSERT_TRUE(big);
  EXPECT_GT(big->measured.memory_peak.count, kBig * 9 / 10);
  const auto small = run(make("true"));
  ASSERT_TRUE(small);
  EXPECT_LT(small->measured.memory_peak.count, kBig / 4);
  EXPECT_GT(small->measured.memory_peak.count, 100'000);
}

TEST_P(ReuseTest, CpuTimeOfABusyTaskDoesNotShowInTheNext) {
  const auto busy = run(make("n=0; while [ $n -lt 200000 ]; do n=$((n+1)); done"));
  ASSERT_TRUE(busy);
  const auto idle = run(make("true"));
  ASSERT_TRUE(idle);
  const auto sum = [](const execution::TaskResult& result) {
    return result.measured.cpu_user + result.measured.cpu_system;
  };
  EXPECT_GT(sum(*busy).count, 50'000);
  EXPECT_LT(sum(*idle).count, sum(*busy).count / 2);
}

TEST_P(ReuseTest, FilesOfATaskDoNotCountAgainstTheNext) {
  auto writer = make("head -c 60000000 /dev/zero > big");
  const auto written = run(writer);
  ASSERT_TRUE(written);
  if (!is_v1(*written)) GTEST_SKIP() << "no v1 memory group here";
  const auto small = run(make("true"));
  ASSERT_TRUE(small);
  EXPECT_LT(small->measured.memory_peak.count, 20 << 20);
  EXPECT_NE(find_meter(writer.key), find_meter({jobs_, 1, 0}));
}

TEST_P(ReuseTest, LimitsOfATaskDoNotApplyToTheNext) {
  auto tight = make("head -c 100000000 /dev/zero | tail -c 100000000 >/dev/null");
  tight.memory = core::Bytes{24 << 20};
  tight.processes_max = choose_processes(6);
  tight.cpus = core::MilliCpus{100};
  const auto limited = run(tight);
  ASSERT_TRUE(limited);
  EXPECT_TRUE(!is_v1(*limited) || limited->end == TaskEnd::memory_limit);
  auto wide = make(
      "head -c 100000000 /dev/zero | tail -c 100000000 >/dev/null || exit 1; "
      "for i in 1 2 3 4 5 6 7 8; do sleep 0.1 & done; wait; echo all");
  wide.cpus = core::MilliCpus{0};
  const auto free = run(wide);
  ASSERT_TRUE(free);
  EXPECT_EQ(free->end, TaskEnd::exited) << read_errors(wide);
  EXPECT_EQ(free->exit_code, 0);
  EXPECT_EQ(read_output(wide), "all\n");
  // A task that fails by itself is not taken for one that ran out of memory as the first did.
  const auto failing = run(make("exit 9"));
  EXPECT_EQ(failing->end, TaskEnd::exited);
}

TEST_P(ReuseTest, AKilledTreeLeavesNothingToTheNext) {
  const std::string mark = "86391." + std::to_string(::getpid());
  auto stubborn = make("trap '' TERM; (setsid sh -c \"trap '' TERM; sleep " + mark + "; sleep " +
                       mark + "\" &) ; echo up; sleep " + mark + "; sleep " + mark);
  stubborn.grace = core::milliseconds(50);
  ASSERT_TRUE(runner_->start(stubborn));
  ASSERT_TRUE(wait_until([&] { return take_events() && find_processes(mark).size() >= 2; }));
  ASSERT_TRUE(runner_->cancel(stubborn.key));
  EXPECT_EQ(wait_for_end(stubborn.key)->end, TaskEnd::cancelled);
  EXPECT_TRUE(find_processes(mark).empty());
  // The next runs, is not cancelled in its stead, and can have as many processes as it may.
  auto next = make("for i in 1 2 3 4 5 6; do sleep 0.05 & done; wait; echo fine");
  next.processes_max = choose_processes(8);
  const auto result = run(next);
  ASSERT_TRUE(result);
  EXPECT_EQ(result->end, TaskEnd::exited) << failures_;
  EXPECT_EQ(read_output(next), "fine\n") << read_errors(next);
}

TEST_P(ReuseTest, ACancelThatComesLateHitsNobody) {
  for (int round = 0; round < 10; ++round) {
    const auto first = make("true");
    const auto second = make("sleep 0.02; echo done");
    ASSERT_TRUE(runner_->start(first));
    ASSERT_TRUE(wait_for_start(first.key));
    ASSERT_TRUE(runner_->cancel(first.key));
    ASSERT_TRUE(wait_for_end(first.key));
    const auto result = run(second);
    ASSERT_TRUE(result);
    EXPECT_EQ(result->end, TaskEnd::exited);
    EXPECT_EQ(read_output(second), "done\n");
  }
}

TEST_P(ReuseTest, AMeterKilledInItsIdleTimeIsReplaced) {
  const std::int64_t first = run_and_find_meter(make("true"));
  ASSERT_GT(first, 1);
  ASSERT_EQ(::kill(static_cast<pid_t>(first), SIGKILL), 0);
  ASSERT_TRUE(wait_until([first] { return has_ended(static_cast<pid_t>(first)); }));
  const std::int64_t second = run_and_find_meter(make("true"));
  EXPECT_NE(second, first);
}

TEST_P(ReuseTest, AZygoteKilledInItsIdleTimeIsReplaced) {
  const std::int64_t meter = run_and_find_meter(make("true"));
  const std::string path =
      "/proc/" + std::to_string(meter) + "/task/" + std::to_string(meter) + "/children";
  const pid_t zygote = static_cast<pid_t>(std::stol("0" + read_text(path)));
  ASSERT_GT(zygote, 1);
  ASSERT_EQ(::kill(zygote, SIGKILL), 0);
  ASSERT_TRUE(wait_until([meter] { return has_ended(static_cast<pid_t>(meter)); }));
  run_and_find_meter(make("true"));
  run_and_find_meter(make("true"));
}

std::string name_level(const testing::TestParamInfo<Isolation>& info) {
  return info.param == Isolation::process ? "Process" : "Namespace";
}

INSTANTIATE_TEST_SUITE_P(Levels, ReuseTest,
                         testing::Values(Isolation::process, Isolation::namespace_), name_level);

}  // namespace
}  // namespace intertie::execution_runners
