// What outlives what: tasks outlive the agent, meters the launcher, results everything.
#include <sys/file.h>
#include <sys/wait.h>

#include <string>

#include <gtest/gtest.h>

#include "runner_fixture.h"
#include "wire.h"

namespace intertie::execution_runners {
namespace {

using execution::Isolation;
using execution::TaskEnd;

class SurvivalTest : public RunnerTest {
 protected:
  std::string result_path(const execution::TaskKey& key) {
    return launcher_folder() + "/tasks/" + to_text(key) + ".result";
  }

  const RunnerTask* find_task(const std::vector<RunnerTask>& tasks, execution::TaskKey key) {
    for (const RunnerTask& task : tasks) {
      if (task.key == key) return &task;
    }
    return nullptr;
  }

  execution::RunRequest make_process(const std::string& script) {
    auto request = make_script(script);
    request.isolation = Isolation::process;
    return request;
  }

  void kill_launcher() {
    const pid_t launcher = find_launcher();
    ASSERT_GT(launcher, 0);
    ASSERT_EQ(::kill(launcher, SIGKILL), 0);
    ASSERT_TRUE(wait_until([launcher] { return has_ended(launcher); }));
  }
};

TEST_F(SurvivalTest, TasksOutliveTheAgentAndAreFoundAgain) {
  auto running = make_process("while [ ! -e go ]; do sleep 0.02; done; echo done");
  auto ended = make_process("exit 4");
  // The agent: a child that starts two tasks and is killed.
  runner_.reset();
  const pid_t agent = ::fork();
  if (agent == 0) {
    auto runner = try_attach();
    (void)runner->start(running);
    (void)runner->start(ended);
    ::pause();
  }
  ASSERT_TRUE(wait_until([&] {
    return std::filesystem::exists(result_path(ended.key)) &&
           std::filesystem::exists(running.folder + "/stdout.log");
  }));
  ::kill(agent, SIGKILL);
  ::waitpid(agent, nullptr, 0);
  attach();
  auto tasks = runner_->list();
  ASSERT_TRUE(tasks);
  ASSERT_EQ(tasks->size(), 2u);
  EXPECT_FALSE(find_task(*tasks, running.key)->result);
  // Its result is on disk a moment before the launcher has seen its meter go.
  ASSERT_TRUE(wait_until([&] {
    tasks = runner_->list();
    return tasks && find_task(*tasks, ended.key)->result;
  }));
  EXPECT_EQ(find_task(*tasks, ended.key)->result->exit_code, 4);
  std::ofstream(running.folder + "/work/go") << "go";
  const auto result = wait_for_end(running.key);
  EXPECT_EQ(result->exit_code, 0);
  EXPECT_EQ(read_output(running), "done\n");
  EXPECT_FALSE(ended_.contains(ended.key));  // It was told by list.
}

TEST_F(SurvivalTest, LeaseLapsesWithAgentAndLauncherDead) {
  const std::string mark = "86395." + std::to_string(::getpid());
  auto request = make_process("setsid sleep " + mark + " & sleep " + mark);
  request.lease = core::seconds(3);
  ASSERT_TRUE(runner_->start(request));
  ASSERT_TRUE(wait_for_start(request.key));
  runner_.reset();
  kill_launcher();
  EXPECT_FALSE(find_processes(mark).empty());
  ASSERT_TRUE(wait_until([&] { return std::filesystem::exists(result_path(request.key)); }));
  EXPECT_TRUE(find_processes(mark).empty());
  attach();
  const auto tasks = runner_->list();
  ASSERT_TRUE(tasks);
  ASSERT_NE(find_task(*tasks, request.key), nullptr);
  const auto& result = find_task(*tasks, request.key)->result;
  ASSERT_TRUE(result);
  EXPECT_EQ(result->end, TaskEnd::lease_lapsed);
  EXPECT_GE(result->wall, core::milliseconds(2'500));
}

TEST_F(SurvivalTest, NewLauncherAdoptsRunningTasks) {
  const std::string mark = "86394." + std::to_string(::getpid());
  auto running = make_process("sleep " + mark);
  auto ended = make_process("exit 5");
  running.lease = core::seconds(60);
  ASSERT_TRUE(runner_->start(running));
  ASSERT_TRUE(runner_->start(ended));
  ASSERT_TRUE(wait_for_start(running.key));
  ASSERT_TRUE(wait_for_end(ended.key));
  kill_launcher();
  EXPECT_FALSE(runner_->poll());  // unreachable
  attach();
  const auto tasks = runner_->list();
  ASSERT_TRUE(tasks);
  ASSERT_EQ(tasks->size(), 2u);
  EXPECT_EQ(find_task(*tasks, ended.key)->result->exit_code, 5);
  EXPECT_FALSE(find_task(*tasks, running.key)->result);
  // The adopted one obeys: its key cannot start twice, its lease is renewed, it can be cancelled.
  ASSERT_TRUE(runner_->start(running));
  ASSERT_TRUE(runner_->extend_lease(running.key, core::seconds(90)));
  EXPECT_FALSE(find_processes(mark).empty());
  ASSERT_TRUE(runner_->cancel(running.key));
  EXPECT_EQ(wait_for_end(running.key)->end, TaskEnd::cancelled);
  EXPECT_TRUE(find_processes(mark).empty());
}

TEST_F(SurvivalTest, ResultStaysUntilItIsAcknowledged) {
  const auto request = make_process("exit 6");
  ASSERT_TRUE(run(request));
  ASSERT_TRUE(std::filesystem::exists(result_path(request.key)));
  const auto written = decode_result(read_text(result_path(request.key)));
  ASSERT_TRUE(written);
  EXPECT_EQ(*written, ended_.at(request.key));
  ASSERT_TRUE(runner_->stop(false));
  attach();
  auto tasks = runner_->list();
  ASSERT_TRUE(tasks);
  ASSERT_EQ(tasks->size(), 1u);
  EXPECT_EQ(*tasks->front().result, *written);
  ASSERT_TRUE(runner_->acknowledge(request.key));
  tasks = runner_->list();
  ASSERT_TRUE(tasks);
  EXPECT_TRUE(tasks->empty());
  EXPECT_TRUE(std::filesystem::is_empty(launcher_folder() + "/tasks"));
}

// A disk that is full when a task ends loses no result; it is on the disk when there is space.
TEST_F(SurvivalTest, ResultThatTheDiskRefusesIsToldAndWrittenLater) {
  for (const std::string program : {"echo x; exit 7", "/there/is/no/such/program"}) {
    const auto request = make_process(program);
    // A folder of its temporary name: the same to the meter as a disk that is full.
    const std::string obstacle = result_path(request.key) + ".new";
    std::filesystem::create_directory(obstacle);
    const auto result = run(request);
    ASSERT_TRUE(result);
    EXPECT_EQ(result->end, TaskEnd::exited) << result->detail;
    EXPECT_EQ(result->exit_code, program == "echo x; exit 7" ? 7 : 127);
    EXPECT_FALSE(std::filesystem::exists(result_path(request.key)));
    std::filesystem::remove(obstacle);
    ASSERT_TRUE(wait_until([&] { return std::filesystem::exists(result_path(request.key)); }));
    const auto written = decode_result(read_text(result_path(request.key)));
    ASSERT_TRUE(written);
    EXPECT_EQ(*written, *result);
  }
}

TEST_F(SurvivalTest, KilledMeterTakesItsTaskWithItAndIsReportedAsLost) {
  const std::string mark = "86393." + std::to_string(::getpid());
  const auto request =
      make_process("setsid sleep " + mark + " & (setsid sleep " + mark + " &) ; sleep " + mark);
  ASSERT_TRUE(runner_->start(request));
  ASSERT_TRUE(wait_until([&] { return take_events() && find_processes(mark).size() >= 3; }));
  pid_t meter = -1;
  for (const pid_t process : find_processes(mark)) {
    const std::string status = read_text("/proc/" + std::to_string(process) + "/status");
    const std::string parent =
        std::to_string(std::stol("0" + status.substr(status.find("PPid:\t") + 6, 12)));
    if (read_text("/proc/" + parent + "/comm") == "intertie-meter\n") meter = std::stoi(parent);
  }
  ASSERT_GT(meter, 0);
  ASSERT_EQ(::kill(meter, SIGKILL), 0);
  const auto result = wait_for_end(request.key);
  ASSERT_TRUE(result);
  EXPECT_EQ(result->end, TaskEnd::lost);
  EXPECT_TRUE(wait_until([&] { return find_processes(mark).empty(); }));
}

TEST_F(SurvivalTest, VanishedFolderEndsEverything) {
  const std::string mark = "86392." + std::to_string(::getpid());
  const auto request = make_process("trap '' TERM; sleep " + mark + "; sleep " + mark);
  ASSERT_TRUE(runner_->start(request));
  ASSERT_TRUE(wait_until([&] { return take_events() && !find_processes(mark).empty(); }));
  std::filesystem::remove_all(launcher_folder());
  EXPECT_TRUE(wait_until([&] { return find_processes(mark).empty(); }));
  EXPECT_TRUE(wait_until([&] { return !runner_->poll(); }));
}

TEST_F(SurvivalTest, TwoRunnersShareOneLauncher) {
  auto other = try_attach();
  ASSERT_NE(other, nullptr);
  const auto request = make_process("exit 2");
  ASSERT_TRUE(runner_->start(request));
  ASSERT_TRUE(wait_for_end(request.key));
  EXPECT_TRUE(wait_until([&] {
    const auto events = other->poll();
    return events && !events->empty() && events->back().result;
  }));
}

TEST_F(SurvivalTest, FolderPathMayBeLongerThanASocketAddress) {
  ASSERT_TRUE(runner_->stop(true));
  const std::string short_base = base_;
  base_ += "/" + std::string(150, 'p');
  std::filesystem::create_directories(base_);
  attach();
  EXPECT_EQ(run(make_process("exit 3"))->exit_code, 3);
  ASSERT_TRUE(runner_->stop(true));
  base_ = short_base;
  runner_.reset();
}

TEST_F(SurvivalTest, ForeignFolderIsRefused) {
  ASSERT_TRUE(runner_->stop(true));
  runner_.reset();
  std::filesystem::permissions(launcher_folder(), std::filesystem::perms(0777));
  const auto attached = LocalRunner::attach(
      {launcher_folder(), {find_own_program(), "launcher", "--folder", launcher_folder()}});
  ASSERT_FALSE(attached);
  EXPECT_NE(attached.error().detail.find("denied"), std::string::npos) << attached.error().detail;
  std::filesystem::permissions(launcher_folder(), std::filesystem::perms(0700));
}

TEST_F(SurvivalTest, ManyShortTasksAllEndOnce) {
  constexpr int kTasks = 60;
  std::vector<execution::RunRequest> requests;
  for (int index = 0; index < kTasks; ++index) {
    requests.push_back(make_process("exit " + std::to_string(index)));
    ASSERT_TRUE(runner_->start(requests.back()));
  }
  for (int index = 0; index < kTasks; ++index) {
    const auto result = wait_for_end(requests[static_cast<std::size_t>(index)].key);
    ASSERT_TRUE(result);
    EXPECT_EQ(result->exit_code, index);
    ASSERT_TRUE(runner_->acknowledge(result->key));
  }
  const auto tasks = runner_->list();
  ASSERT_TRUE(tasks);
  EXPECT_TRUE(tasks->empty());
}

}  // namespace
}  // namespace intertie::execution_runners
