// Which control files are written and read, on machines with v2, with v1 and v2 side by side, and
// with neither: against folders that look like the kernel's, since no machine has all three.
#include "cgroups.h"

#include <fcntl.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>

#include <gtest/gtest.h>

namespace intertie::execution_runners {
namespace {

using execution::MeterSource;

constexpr pid_t kZygote = 4711;

class FakeTree : public testing::Test {
 protected:
  FakeTree() {
    std::string name = testing::TempDir() + "/cgroups_XXXXXX";
    top_ = ::mkdtemp(name.data());
  }
  ~FakeTree() override { std::filesystem::remove_all(top_); }

  // A hierarchy in which the group "task" has these files.
  std::string make(const std::string& hierarchy, const std::map<std::string, std::string>& files) {
    const std::string root = top_ + "/" + hierarchy;
    std::filesystem::create_directories(root + "/task");
    for (const auto& [file, text] : files) write(hierarchy, file, text);
    return root;
  }
  void write(const std::string& hierarchy, const std::string& file, const std::string& text) {
    std::ofstream(top_ + "/" + hierarchy + "/task/" + file) << text;
  }
  // Up to the end of what was written last: a plain file keeps what a longer text left behind.
  std::string read(const std::string& hierarchy, const std::string& file) {
    std::ifstream in(top_ + "/" + hierarchy + "/task/" + file);
    std::stringstream text;
    text << in.rdbuf();
    return text.str();
  }

  GroupRoots make_unified() {
    GroupRoots roots;
    roots.unified = make("v2", {{"cgroup.procs", ""},
                                {"cgroup.kill", ""},
                                {"cpu.stat", "usage_usec 50\nuser_usec 30\nsystem_usec 20\n"},
                                {"cpu.max", ""},
                                {"memory.max", ""},
                                {"memory.swap.max", ""},
                                {"memory.oom.group", ""},
                                {"memory.peak", "123456\n"},
                                {"memory.events", "low 0\noom 0\noom_kill 0\n"},
                                {"pids.max", ""},
                                {"pids.current", "0\n"}});
    roots.unified_has_memory = roots.unified_has_cpu = roots.unified_has_pids = true;
    return roots;
  }

  // As Debian 10 or a container mounts them: v2 without controllers beside v1.
  GroupRoots make_hybrid() {
    GroupRoots roots;
    roots.unified = make("v2", {{"cgroup.procs", std::to_string(kZygote) + "\n"},
                                {"cgroup.kill", ""},
                                {"cpu.stat", "usage_usec 50\nuser_usec 30\nsystem_usec 20\n"}});
    roots.memory = make("memory", {{"cgroup.procs", ""},
                                   {"memory.limit_in_bytes", ""},
                                   {"memory.memsw.limit_in_bytes", ""},
                                   {"memory.max_usage_in_bytes", "9000\n"},
                                   {"memory.usage_in_bytes", "5000\n"},
                                   {"memory.oom_control", "under_oom 0\noom_kill 3\n"}});
    roots.cpu = make("cpu", {{"cgroup.procs", ""}, {"cpu.cfs_quota_us", ""}});
    roots.pids = make("pids", {{"cgroup.procs", ""}, {"pids.max", ""}, {"pids.current", "2\n"}});
    return roots;
  }

  std::string top_;
};

GroupLimits make_limits() { return {core::MilliCpus{1'500}, core::Bytes{256 << 20}, 100}; }

TEST_F(FakeTree, UnifiedLimitsAreWrittenInItsWords) {
  auto group = TaskGroup::create(make_unified(), "task");
  ASSERT_TRUE(group.has_value()) << core::to_text(group.error());
  ASSERT_TRUE(group->prepare(make_limits()).has_value());
  EXPECT_EQ(read("v2", "memory.max"), "268435456");
  EXPECT_EQ(read("v2", "memory.swap.max"), "0");
  EXPECT_EQ(read("v2", "memory.oom.group"), "1");
  EXPECT_EQ(read("v2", "cpu.max"), "150000 100000");  // One and a half cores of each period.
  EXPECT_EQ(read("v2", "pids.max"), "100");           // Nobody else lives in it.
  EXPECT_GE(group->unified(), 0);
  EXPECT_TRUE(group->joins().empty());
}

TEST_F(FakeTree, UnifiedFiguresAreTheGroupsOwn) {
  auto group = TaskGroup::create(make_unified(), "task");
  ASSERT_TRUE(group->prepare(make_limits()).has_value());
  execution::Measured otherwise;
  otherwise.bytes_written.count = 7;
  const auto measured = group->read_measured(otherwise);
  EXPECT_EQ(measured.cpu_user.count, 30);
  EXPECT_EQ(measured.cpu_system.count, 20);
  EXPECT_EQ(measured.memory_peak.count, 123'456);
  EXPECT_EQ(measured.bytes_written.count, 7);
  EXPECT_EQ(measured.cpu_source, MeterSource::cgroup_v2);
  EXPECT_EQ(measured.memory_source, MeterSource::cgroup_v2);
  EXPECT_FALSE(group->was_out_of_memory());
  write("v2", "memory.events", "low 0\noom 1\noom_kill 1\n");
  EXPECT_TRUE(group->was_out_of_memory());
  EXPECT_FALSE(group->is_reusable());  // Its high-water mark stays.
  EXPECT_TRUE(group->kill_all());
  EXPECT_EQ(read("v2", "cgroup.kill"), "1");
}

TEST_F(FakeTree, FirstVersionsLimitsAreWrittenInTheirs) {
  auto group = TaskGroup::create(make_hybrid(), "task");
  ASSERT_TRUE(group.has_value()) << core::to_text(group.error());
  EXPECT_EQ(group->joins().size(), 3u);
  ASSERT_TRUE(group->prepare(make_limits()).has_value());
  EXPECT_EQ(read("memory", "memory.limit_in_bytes"), "268435456");
  EXPECT_EQ(read("memory", "memory.memsw.limit_in_bytes"), "268435456");
  EXPECT_EQ(read("cpu", "cpu.cfs_quota_us"), "150000");
  EXPECT_EQ(read("pids", "pids.max"), "103");  // The two that are there, and one on its way.
}

TEST_F(FakeTree, FirstVersionsFiguresStartAnewWithEachTask) {
  auto group = TaskGroup::create(make_hybrid(), "task");
  group->note_empty();
  ASSERT_TRUE(group->prepare(make_limits()).has_value());
  EXPECT_EQ(read("memory", "memory.max_usage_in_bytes"), "0000\n");  // Told to forget it.
  write("v2", "cpu.stat", "usage_usec 90\nuser_usec 65\nsystem_usec 25\n");
  write("memory", "memory.max_usage_in_bytes", "7000\n");
  const auto measured = group->read_measured({});
  EXPECT_EQ(measured.cpu_user.count, 35);
  EXPECT_EQ(measured.cpu_system.count, 5);
  EXPECT_EQ(measured.memory_peak.count, 7'000);
  EXPECT_EQ(measured.memory_source, MeterSource::cgroup_v1);
  EXPECT_FALSE(group->was_out_of_memory());  // The three were others'.
  write("memory", "memory.oom_control", "under_oom 0\noom_kill 4\n");
  EXPECT_TRUE(group->was_out_of_memory());
}

TEST_F(FakeTree, AGroupIsUsedAgainOnlyIfNothingIsLeftInIt) {
  auto group = TaskGroup::create(make_hybrid(), "task");
  group->note_empty();
  EXPECT_TRUE(group->is_empty(kZygote));
  EXPECT_TRUE(group->is_reusable());
  write("memory", "memory.usage_in_bytes", std::to_string(5'000 + (4 << 20)) + "\n");
  EXPECT_TRUE(group->is_reusable());
  write("memory", "memory.usage_in_bytes", std::to_string(5'001 + (4 << 20)) + "\n");
  EXPECT_FALSE(group->is_reusable());
  write("v2", "cgroup.procs", std::to_string(kZygote) + "\n4712\n");
  EXPECT_FALSE(group->is_empty(kZygote));
}

TEST_F(FakeTree, ALimitThatTheMachineRefusesIsAnError) {
  GroupRoots roots = make_unified();
  std::filesystem::remove(top_ + "/v2/task/memory.max");
  std::filesystem::create_directory(top_ + "/v2/task/memory.max");
  auto group = TaskGroup::create(roots, "task");
  ASSERT_TRUE(group.has_value());
  const auto prepared = group->prepare(make_limits());
  ASSERT_FALSE(prepared.has_value());
  EXPECT_EQ(prepared.error().reason, core::Reason::io_failed);
  EXPECT_NE(prepared.error().detail.find("memory.max"), std::string::npos);
}

TEST(NoControlGroups, EverythingIsLeftAsItWas) {
  auto group = TaskGroup::create({}, "task");
  ASSERT_TRUE(group.has_value());
  EXPECT_TRUE(group->prepare(make_limits()).has_value());
  execution::Measured otherwise;
  otherwise.cpu_user.count = 11;
  otherwise.cpu_source = MeterSource::none;
  EXPECT_EQ(group->read_measured(otherwise), otherwise);
  EXPECT_EQ(group->unified(), -1);
  EXPECT_FALSE(group->was_out_of_memory());
  EXPECT_FALSE(group->is_reusable());
  EXPECT_FALSE(group->kill_all());
}

}  // namespace
}  // namespace intertie::execution_runners
