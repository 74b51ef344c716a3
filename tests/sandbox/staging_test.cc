// What tasks leave for the agent to collect: races, links, and files that are none.
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include <gtest/gtest.h>

#include "fail_points.h"
#include "runner_fixture.h"
#include "site_tasks.h"

namespace intertie::attack {
namespace {

using execution::Isolation;
using execution::TaskEnd;
using execution_runners::Descriptor;
using service::CollectedOutputs;
using service::FilePlan;
using service::PlannedOutput;
using service::SiteContent;
using service::SiteTasks;

const agent::AttemptId kAttempt = {7, 1};

/// A runner, and the agent's own half: folders of attempts and the content store.
class StagingTest : public execution_runners::RunnerTest {
 protected:
  void SetUp() override {
    RunnerTest::SetUp();
    transfer_wire::StoreOptions options;
    options.folder = base_ + "/content";
    options.rules.bytes_max = core::Bytes{64 << 20};
    auto content = SiteContent::open(options);
    ASSERT_TRUE(content) << core::to_text(content.error());
    content_ = std::move(*content);
    auto tasks = SiteTasks::open(base_ + "/tasks", *content_, fail_points_);
    ASSERT_TRUE(tasks);
    tasks_ = std::move(*tasks);
    victim_ = base_ + "/victim";
    std::ofstream(victim_) << "another's";
  }

  /// A task in the attempt's folder that runs `program` of attacks/ or a script.
  execution::RunRequest make_task(const std::vector<std::string>& argv, const FilePlan& plan,
                                  Isolation level) {
    const auto made = tasks_->make_rank(kAttempt, 0, plan);
    EXPECT_TRUE(made);
    execution::RunRequest request;
    request.key = {kAttempt.first, kAttempt.second, static_cast<std::uint32_t>(0)};
    request.folder = tasks_->get_rank_folder(kAttempt, 0);
    request.argv = argv;
    request.isolation = level;
    request.time_limit = core::seconds(60);
    request.grace = core::milliseconds(100);
    request.environment["ATTACK_VICTIM"] = victim_;
    return request;
  }

  static FilePlan make_plan(const std::vector<std::string>& names) {
    FilePlan plan;
    plan.folders = {"in", "work"};
    for (const std::string& name : names) plan.outputs.push_back({name, "work/" + name});
    return plan;
  }

  std::string read_output_named(const std::string& name) {
    const auto piece = tasks_->read(kAttempt, 0, "output:" + name, 0, 1'000);
    return piece ? piece->bytes : "";
  }

  service::FailPoints fail_points_;
  std::unique_ptr<SiteContent> content_;
  std::unique_ptr<SiteTasks> tasks_;
  std::string victim_;
};

class StagingAtLevel : public StagingTest, public testing::WithParamInterface<Isolation> {
 protected:
  void SetUp() override {
    StagingTest::SetUp();
    if (GetParam() == Isolation::namespace_ && !execution_runners::has_namespaces()) {
      GTEST_SKIP() << "the kernel gives this user no namespaces";
    }
  }
};

// The agent collects only when nothing of the task runs; here it collects all the while.
TEST_P(StagingAtLevel, A20_ASwappedOutputIsItsOwnOrNone) {
  const FilePlan plan = make_plan({"out/result", "folder/victim"});
  auto request = make_task({"./attack"}, plan, GetParam());
  std::filesystem::copy_file(std::string(ATTACK_FOLDER) + "/attack_swap_output",
                             request.folder + "/work/attack");
  ASSERT_TRUE(runner_->start(request));
  int taken = 0;
  int rounds = 0;
  for (; !ended_.contains(request.key) || rounds < 10; ++rounds) {
    const auto collected = tasks_->collect(kAttempt, {0}, plan);
    ASSERT_TRUE(collected);
    for (const execution::OutputFile& output : collected->outputs) {
      const std::string content = read_output_named(output.name);
      EXPECT_TRUE(content == "own" || content.empty()) << output.name << ": " << content;
      ++taken;
    }
    const auto events = runner_->poll();
    ASSERT_TRUE(events);
    for (const auto& event : *events) {
      if (event.result) ended_[event.key] = *event.result;
    }
  }
  EXPECT_EQ(ended_.at(request.key).exit_code, 0) << ended_.at(request.key).detail;
  EXPECT_EQ(execution_runners::read_text(victim_), "another's");
  std::printf("collected %d times, %d outputs taken\n", rounds, taken);
}

TEST_P(StagingAtLevel, A21_OutputsThatAreNoFilesAreRefusedWithAReason) {
  const FilePlan plan =
      make_plan({"fifo", "socket", "folder", "device", "link", "up", "absent", "huge", "good"});
  // The sparse file says 2^43 bytes; what no file system here would take is cut down by truncate.
  const auto request = make_task(
      {"/bin/sh", "-c",
       "mkfifo fifo; mkdir folder; ln -s /dev/zero device; ln -s \"$ATTACK_VICTIM\" link; "
       "ln -s ../../../../victim up; truncate -s 8T huge || truncate -s 1T huge; echo fine > good; "
       "mkdir 'new\nline' && touch \"$(printf 'a\\nb\\033[2J')\""},
      plan, GetParam());
  const auto result = run(request);
  ASSERT_TRUE(result);
  ASSERT_EQ(result->end, TaskEnd::exited) << failures_;
  // A socket's file, as a task leaves it.
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const Descriptor work(::open((request.folder + "/work").c_str(), O_PATH | O_CLOEXEC));
  ("/proc/self/fd/" + std::to_string(work.get()) + "/socket")
      .copy(address.sun_path, sizeof(address.sun_path) - 1);
  const Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  ASSERT_EQ(::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);

  const auto collected = tasks_->collect(kAttempt, {0}, plan);
  ASSERT_TRUE(collected) << core::to_text(collected.error());
  ASSERT_EQ(collected->outputs.size(), 1u) << collected->missing;
  EXPECT_EQ(read_output_named("good"), "fine\n");
  const std::string& missing = collected->missing;
  for (const char* part :
       {"fifo (not a file)", "socket (not a file)", "folder (not a file)",
        "device (a link out of the task's folder)", "link (a link out of the task's folder)",
        "up (a link out of the task's folder)", ", absent, huge (",
        "more than may ever lie here)"}) {
    EXPECT_NE(missing.find(part), std::string::npos) << part << " in " << missing;
  }
  // All of it goes again.
  ASSERT_TRUE(tasks_->make_rank(kAttempt, 0, plan));
  EXPECT_FALSE(std::filesystem::exists(request.folder + "/work/fifo"));
}

// Where fs.protected_hardlinks is off a task could give the agent's own files a second name.
TEST_F(StagingTest, A21_AHardLinkToAnothersFileIsRefused) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can make files of two users";
  const FilePlan plan = make_plan({"stolen", "twice"});
  ASSERT_TRUE(tasks_->make_rank(kAttempt, 0, plan));
  const std::string work = tasks_->get_rank_folder(kAttempt, 0) + "/work";
  ASSERT_EQ(::chown(work.c_str(), 1'234'567, 1'234'567), 0);
  ASSERT_EQ(::link(victim_.c_str(), (work + "/stolen").c_str()), 0);
  std::ofstream(work + "/twice") << "own";
  ASSERT_EQ(::chown((work + "/twice").c_str(), 1'234'567, 1'234'567), 0);
  ASSERT_EQ(::link((work + "/twice").c_str(), (work + "/again").c_str()), 0);
  const auto collected = tasks_->collect(kAttempt, {0}, plan);
  ASSERT_TRUE(collected);
  EXPECT_EQ(collected->missing, "stolen (a hard link to somebody else's file)");
  EXPECT_EQ(read_output_named("twice"), "own");
}

// A deep or closed tree must not stay on the disk for ever, nor cost the agent its descriptors.
TEST_P(StagingAtLevel, A21_TreesOfAnyShapeAreMeasuredAndSwept) {
  const FilePlan plan = make_plan({});
  auto request = make_task({"./attack"}, plan, GetParam());
  std::filesystem::copy_file(std::string(ATTACK_FOLDER) + "/attack_deep_tree",
                             request.folder + "/work/attack");
  const auto result = run(request);
  ASSERT_TRUE(result);
  ASSERT_EQ(result->exit_code, 0) << failures_;
  // 1,100 folders, each a block; closed ones count for nothing if the agent is not root.
  EXPECT_GT(execution_runners::measure_tree(request.folder + "/work"), 1'000'000);
  const auto none_needed = [](const agent::AttemptId&) { return false; };
  EXPECT_EQ(tasks_->sweep(none_needed, core::hours(1), core::Bytes{1 << 30}), 0u);
  EXPECT_EQ(tasks_->sweep(none_needed, core::hours(1), core::Bytes{1'000}), 1u);
  EXPECT_FALSE(std::filesystem::exists(request.folder));
}

std::string name_staging_level(const testing::TestParamInfo<Isolation>& info) {
  return info.param == Isolation::process ? "process" : "namespace";
}

INSTANTIATE_TEST_SUITE_P(Levels, StagingAtLevel,
                         testing::Values(Isolation::process, Isolation::namespace_),
                         name_staging_level);

}  // namespace
}  // namespace intertie::attack
