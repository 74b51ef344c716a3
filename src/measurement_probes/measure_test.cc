// The whole measurement, its disk part and the probe programs of devices.
#include "intertie/measurement_probes/measure.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include <gtest/gtest.h>

#include "intertie/measurement/class_rule.h"

#include "device_probe.h"
#include "disk.h"
#include "kernels/dispatch.h"
#include "temp_folder.h"

namespace intertie::measurement_probes {
namespace {

using core::Reason;
using measurement::Measure;

constexpr char kGoodProbe[] = R"(#!/bin/sh
echo "{\"figures\":[{\"what\":\"fp16\",\"unit\":\"operations_per_second\",\"kernel\":\"toy\","
echo "\"repeats\":5,\"wall_clock\":{\"median\":${SPEED:-5}00,\"low\":500,\"high\":500}}]}"
)";

measurement::DeviceKind make_kind(const TempFolder& folder, const std::string& script) {
  folder.write("probe", script);
  ::chmod((folder.path() / "probe").c_str(), 0700);
  measurement::DeviceKind kind;
  kind.name = "toy";
  kind.node_prefix = "/dev/toy";
  kind.node_type = measurement::NodeType::any;
  kind.visible_variable = "SPEED";
  kind.probe = {(folder.path() / "probe").string()};
  return kind;
}

measurement::Device make_device(std::int64_t number) {
  measurement::Device device;
  device.kind = "toy";
  device.number = number;
  device.ordinal = number;
  device.node = "/dev/toy" + std::to_string(number);
  return device;
}

TEST(Measure, QuickGivesAConsistentStatement) {
  const TempFolder folder;
  folder.write("root/dev/toy5", "");
  Options options;
  options.subject = "44S7-K3QF-00M2-T9QP";
  options.record_hash = "sha256:00";
  options.is_quick = true;
  options.disk_folder = folder.path();
  options.root = folder.path() / "root";
  options.device_kinds = {make_kind(folder, kGoodProbe)};
  options.device_kinds[0].numbering = measurement::Numbering::number;
  std::vector<Progress> told;
  options.progress = [&told](const Progress& progress) { told.push_back(progress); };
  const auto statement = measure(options);
  ASSERT_TRUE(statement) << core::to_text(statement.error());

  const auto checked = measurement::check_statement(*statement);
  EXPECT_TRUE(checked) << core::to_text(checked.error());
  EXPECT_EQ(statement->subject, options.subject);
  EXPECT_EQ(statement->expires, statement->ended + options.validity);
  for (const Kernel* kernel : choose_kernels()) {
    const auto* figure = measurement::find_figure(*statement, get_measure(kernel->element));
    ASSERT_NE(figure, nullptr);
    EXPECT_GT(figure->per_cpu_second.low, 0);
    EXPECT_LE(figure->per_cpu_second.high, figure->peak);
    EXPECT_NE(figure->kernel.find(kernel->name), std::string::npos);
    EXPECT_EQ(figure->repeats, 5);
  }
  for (const Measure what : {Measure::memory_triad, Measure::disk_write, Measure::disk_read}) {
    ASSERT_NE(measurement::find_figure(*statement, what), nullptr);
  }
  ASSERT_EQ(statement->devices.size(), 1u);
  EXPECT_EQ(statement->devices[0].count, 1);
  ASSERT_EQ(statement->devices[0].figures.size(), 1u);
  EXPECT_EQ(statement->devices[0].figures[0].wall_clock.median, 500);
  EXPECT_TRUE(measurement::judge_classes(*statement, {})[0].qualifies);

  ASSERT_FALSE(told.empty());
  for (std::size_t i = 0; i < told.size(); ++i) {
    EXPECT_EQ(told[i].step, static_cast<std::int64_t>(i));
    EXPECT_EQ(told[i].steps, static_cast<std::int64_t>(told.size()));
  }
  std::vector<std::string> left;
  for (const auto& entry : std::filesystem::directory_iterator(folder.path())) {
    left.push_back(entry.path().filename().string());
  }
  std::sort(left.begin(), left.end());
  EXPECT_EQ(left, (std::vector<std::string>{"probe", "root"}));
}

TEST(Measure, OptionsOutOfRangeAreRefused) {
  Options options;
  options.validity = {};
  EXPECT_EQ(measure(options).error().reason, Reason::out_of_range);
  options.validity = core::hours(1);
  options.threads = -1;
  EXPECT_EQ(measure(options).error().reason, Reason::out_of_range);
}

TEST(Disk, FiguresNameTheirWayAndTheFileIsGone) {
  const TempFolder folder;
  const auto figures =
      measure_disk({folder.path(), 5, core::milliseconds(2), core::Bytes{4 << 20}});
  ASSERT_TRUE(figures) << core::to_text(figures.error());
  ASSERT_EQ(figures->size(), 2u);
  EXPECT_EQ(figures->at(0).what, Measure::disk_write);
  EXPECT_EQ(figures->at(1).what, Measure::disk_read);
  for (const auto& figure : *figures) EXPECT_GT(figure.wall_clock.low, 0);
  EXPECT_TRUE(measurement::check_figures(*figures, "disk"));
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

TEST(Disk, AFolderThatIsNotThereIsNamed) {
  const auto figures =
      measure_disk({"/nonexistent/folder", 5, core::milliseconds(2), core::Bytes{4 << 20}});
  ASSERT_FALSE(figures);
  EXPECT_EQ(figures.error().reason, Reason::io_failed);
  EXPECT_NE(figures.error().detail.find("/nonexistent/folder"), std::string::npos);
}

TEST(DeviceProbe, SeesItsDeviceAndIsRead) {
  const TempFolder folder;
  const auto kind = make_kind(folder, R"(#!/bin/sh
[ "$SPEED" = 3 ] && [ "$INTERTIE_DEVICE_NODE" = /dev/toy3 ] || exit 1
echo '{"figures":[{"what":"fp16","kernel":"toy","repeats":5,'
echo '"wall_clock":{"median":5,"low":4,"high":6}}]}'
)");
  const auto figures = probe_device(kind, make_device(3), core::seconds(30));
  ASSERT_TRUE(figures) << core::to_text(figures.error());
  EXPECT_EQ(figures->at(0).wall_clock, (measurement::Spread{5, 4, 6}));
  EXPECT_EQ(probe_device(kind, make_device(4), core::seconds(30)).error().reason,
            Reason::exited_nonzero);
}

TEST(DeviceProbe, BadOutputIsRefused) {
  const TempFolder folder;
  const std::vector<std::pair<const char*, Reason>> cases = {
      {"#!/bin/sh\necho nonsense\n", Reason::bad_syntax},
      {"#!/bin/sh\necho '{\"figures\":[{\"colour\":1}]}'\n", Reason::unknown_field},
      {"#!/bin/sh\necho '{\"figures\":[{\"what\":\"fp16\"}]}'\n", Reason::bad_field},
      {"#!/bin/sh\nhead -c 200000 /dev/zero\n", Reason::too_large},
      {"not a program", Reason::start_failed},
  };
  for (const auto& [script, reason] : cases) {
    const auto figures = probe_device(make_kind(folder, script), make_device(0), core::seconds(30));
    ASSERT_FALSE(figures) << script;
    EXPECT_EQ(figures.error().reason, reason) << script << core::to_text(figures.error());
  }
  auto missing = make_kind(folder, "");
  missing.probe = {"/nonexistent/probe"};
  EXPECT_EQ(probe_device(missing, make_device(0), core::seconds(30)).error().reason,
            Reason::start_failed);
}

TEST(DeviceProbe, OneThatHangsIsKilledWithItsChildren) {
  const TempFolder folder;
  const std::string pid_file = (folder.path() / "pid").string();
  const auto kind = make_kind(folder, "#!/bin/sh\nsleep 600 & echo $! > " + pid_file + "\nwait\n");
  const auto figures = probe_device(kind, make_device(0), core::seconds(3));
  ASSERT_FALSE(figures);
  EXPECT_EQ(figures.error().reason, Reason::timed_out);
  std::ifstream file(pid_file);
  pid_t child = 0;
  ASSERT_TRUE(file >> child);
  // The kill is on its way or done; a dead process, reaped or not, has no command line.
  const auto is_gone = [child] {
    std::ifstream command("/proc/" + std::to_string(child) + "/cmdline");
    std::string line;
    std::getline(command, line);
    return line.empty();
  };
  for (int i = 0; i < 2000 && !is_gone(); ++i) ::usleep(5000);
  EXPECT_TRUE(is_gone());
}

}  // namespace
}  // namespace intertie::measurement_probes
