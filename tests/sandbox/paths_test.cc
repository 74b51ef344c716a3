// Paths that a job names: each leads to one place beneath its rank's folder, or is refused.
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include <gtest/gtest.h>

#include "intertie/hub/job_document.h"

#include "runner_fixture.h"
#include "site_file_plan.h"
#include "site_tasks.h"

namespace intertie::attack {
namespace {

hub::JobDocument make_document(const std::string& input, const std::string& output) {
  hub::JobDocument document;
  document.run = {"true"};
  if (!input.empty()) {
    document.data.in.push_back({});
    document.data.in.back().content = "text";
    document.data.in.back().to = input;
  }
  if (!output.empty()) document.data.out.push_back({output, {}});
  return document;
}

TEST(Paths, A39_WaysOutAreRefusedByTheHub) {
  const std::string long_part(300, 'x');
  std::string too_long;
  while (too_long.size() <= core::limits::path_bytes_max) too_long += "part/";
  for (const std::string& path :
       {std::string(".."), std::string("../x"), std::string("a/../../x"), std::string("/.."),
        std::string("/work/../etc/x"), std::string("./x"), std::string("a//b"), std::string("a/"),
        std::string("/"), std::string("//etc/passwd"), std::string("a\nb"), std::string("a\0b", 3),
        std::string("\x1b[2J"), too_long + "x"}) {
    EXPECT_FALSE(hub::check_document(make_document(path, ""))) << path;
    EXPECT_FALSE(hub::check_document(make_document("", path))) << path;
  }
  EXPECT_TRUE(hub::check_document(make_document("good/path", "good/other")));
}

TEST(Paths, A39_EveryPlaceLiesBeneathTheRanksFolder) {
  const auto level = topology::Isolation::namespace_;
  for (const std::string path : {"a", "a/b", "/work/a", "/in/a", "/data/a/b", "/home/x", "/root/x",
                                 "/proc2/x", "...", "..x/y", "A", "/tmp/x", "/var/x"}) {
    const auto document = make_document(path, path.starts_with("/in/") ? "" : path);
    ASSERT_TRUE(hub::check_document(document)) << path;
    const auto plan = service::plan_files(document, level);
    ASSERT_TRUE(plan) << path;
    for (const std::string& folder : plan->folders) {
      EXPECT_TRUE(folder == "in" || folder == "work" || folder == "private" ||
                  folder.starts_with("in/") || folder.starts_with("work/") ||
                  folder.starts_with("private/"))
          << folder;
    }
    for (const auto& input : plan->inputs) EXPECT_NE(input.place.front(), '/') << input.place;
    for (const auto& output : plan->outputs) EXPECT_NE(output.place.front(), '/') << output.place;
    for (const auto& bind : plan->binds) EXPECT_TRUE(bind.source.starts_with("private/"));
  }
  // Outputs in the system's folders, devices among them, and absolute paths where a task would see
  // the host's own.
  for (const std::string path : {"/dev/sda", "/etc/x", "/usr/bin/x", "/proc/x", "/sys/x", "/x"}) {
    EXPECT_FALSE(service::plan_files(make_document("", path), level)) << path;
  }
  for (const std::string path : {"/data/a", "/etc/passwd", "/dev/null"}) {
    EXPECT_FALSE(service::plan_files(make_document(path, ""), topology::Isolation::process));
    EXPECT_FALSE(service::plan_files(make_document("", path), topology::Isolation::process));
  }
}

class PlacedInputs : public execution_runners::RunnerTest {};

// A name too long for a folder, two names that differ in case, a place that is taken by a link.
TEST_F(PlacedInputs, A39_InputsAreMadeAnewAndNeverThroughALink) {
  service::FailPoints fail_points;
  transfer_wire::StoreOptions options;
  options.folder = base_ + "/content";
  options.rules.bytes_max = core::Bytes{1 << 20};
  const auto content = service::SiteContent::open(options);
  ASSERT_TRUE(content);
  const auto tasks = service::SiteTasks::open(base_ + "/tasks", **content, fail_points);
  ASSERT_TRUE(tasks);
  const agent::AttemptId attempt = {3, 1};
  service::FilePlan plan;
  plan.folders = {"in", "work", "work/deep"};
  ASSERT_TRUE((*tasks)->make_rank(attempt, 0, plan));
  const std::string work = (*tasks)->get_rank_folder(attempt, 0) + "/work";
  const auto put = [&](const std::string& place, const std::string& text) {
    return (*tasks)->put_input(attempt, 0, {place, {}, "", text, false}).has_value();
  };
  const std::string victim = base_ + "/victim";
  std::ofstream(victim) << "kept";
  ASSERT_EQ(::symlink(victim.c_str(), (work + "/link").c_str()), 0);
  EXPECT_FALSE(put("work/link", "over"));
  EXPECT_FALSE(put("work/" + std::string(300, 'x'), "long"));
  EXPECT_FALSE(put("work/none/x", "no folder"));
  EXPECT_TRUE(put("work/deep/x", "one"));
  EXPECT_FALSE(put("work/deep/x", "two"));
  EXPECT_TRUE(put("work/Case", "upper"));
  // On a file system that does not tell them apart the second is refused.
  if (put("work/case", "lower")) {
    EXPECT_EQ(execution_runners::read_text(work + "/case"), "lower");
  }
  EXPECT_EQ(execution_runners::read_text(work + "/Case"), "upper");
  EXPECT_EQ(execution_runners::read_text(victim), "kept");
}

}  // namespace
}  // namespace intertie::attack
