// Discovery of devices below a made-up root, of limits from made-up groups, and of this machine.
#include "intertie/measurement_probes/discover.h"

#include <sched.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <thread>

#include <gtest/gtest.h>

#include "cpu_limits.h"
#include "small_file.h"
#include "temp_folder.h"

namespace intertie::measurement_probes {
namespace {

using measurement::Device;
using measurement::DeviceKind;

DeviceKind get_kind(std::string_view name) {
  for (const DeviceKind& kind : measurement::get_builtin_device_kinds()) {
    if (kind.name == name) return kind;
  }
  ADD_FAILURE() << "no kind " << name;
  return {};
}

/// A character device where the system lets us (root), else a plain file; says which.
bool make_node(const TempFolder& root, const std::string& relative) {
  root.write(relative, "");
  const std::filesystem::path path = root.path() / relative;
  std::filesystem::remove(path);
  if (::mknod(path.c_str(), S_IFCHR | 0600, makedev(1, 3)) == 0) return true;
  root.write(relative, "");
  return false;
}

TEST(Devices, RehearsalDevicesArePlainFiles) {
  const TempFolder root;
  root.write("dev/intertie-rehearsal10", "model: toy\nmemory: 8000000000\n");
  root.write("dev/intertie-rehearsal2", "model: toy\nmemory: 8000000000\n");
  root.write("dev/intertie-rehearsal3", "model: other\n");
  root.write("dev/intertie-rehearsal", "");
  root.write("dev/intertie-rehearsal2b", "");
  root.write("dev/intertie-rehearsal-1", "");
  std::filesystem::create_directories(root.path() / "dev/intertie-rehearsal5");
  const auto devices = discover_devices(measurement::get_builtin_device_kinds(), root.path());
  const std::vector<Device> expected = {
      {"rehearsal", 2, 0, "/dev/intertie-rehearsal2", "toy", {8'000'000'000}, ""},
      {"rehearsal", 3, 1, "/dev/intertie-rehearsal3", "other", {}, ""},
      {"rehearsal", 10, 2, "/dev/intertie-rehearsal10", "toy", {8'000'000'000}, ""}};
  EXPECT_EQ(devices, expected);

  const auto exposure =
      measurement::compute_exposure(get_kind("rehearsal"), {devices[2], devices[0]});
  EXPECT_EQ(exposure.variable, "REHEARSAL_VISIBLE_DEVICES");
  EXPECT_EQ(exposure.value, "2,10");
  EXPECT_EQ(exposure.nodes,
            (std::vector<std::string>{"/dev/intertie-rehearsal2", "/dev/intertie-rehearsal10"}));

  const auto groups = group_devices(devices);
  ASSERT_EQ(groups.size(), 2u);
  EXPECT_EQ(groups[0].model, "toy");
  EXPECT_EQ(groups[0].count, 2);
  EXPECT_EQ(groups[0].memory, core::Bytes{8'000'000'000});
  EXPECT_EQ(groups[1].count, 1);
}

TEST(Devices, NvidiaNodesTakeTheirModelFromTheDriver) {
  const TempFolder root;
  const bool is_real = make_node(root, "dev/nvidia0");
  make_node(root, "dev/nvidia1");
  make_node(root, "dev/nvidiactl");
  root.write("dev/nvidia7", "a plain file is no device");
  root.write(
      "proc/driver/nvidia/gpus/0000:17:00.0/information",
      "Model: \t\t NVIDIA B200\nIRQ: 5\nBus Location: \t 0000:17:00.0\nDevice Minor: \t 1\n");
  root.write("proc/driver/nvidia/gpus/0000:18:00.0/information",
             "Model: \t\t NVIDIA A100\nBus Location: \t 0000:18:00.0\nDevice Minor: \t 0\n");
  DeviceKind kind = get_kind("nvidia");
  if (!is_real) {
    std::filesystem::remove(root.path() / "dev/nvidia7");
    kind.node_type = measurement::NodeType::any;
  }
  const auto devices = discover_devices({kind}, root.path());
  const std::vector<Device> expected = {
      {"nvidia", 0, 0, "/dev/nvidia0", "NVIDIA A100", {}, "0000:18:00.0"},
      {"nvidia", 1, 1, "/dev/nvidia1", "NVIDIA B200", {}, "0000:17:00.0"}};
  EXPECT_EQ(devices, expected);
  EXPECT_EQ(measurement::compute_exposure(kind, {devices[1]}).value, "1");
}

TEST(Devices, ChecksTellVendorsApart) {
  const TempFolder root;
  DeviceKind kind = get_kind("amd");
  kind.node_type = measurement::NodeType::any;
  for (const char* node : {"renderD128", "renderD129", "renderD130"}) {
    root.write(std::string("dev/dri/") + node, "");
  }
  root.write("sys/class/drm/renderD128/device/vendor", "0x8086\n");
  root.write("sys/class/drm/renderD130/device/vendor", "0X1002\n");
  root.write("sys/class/drm/renderD130/device/product_name", "Instinct\n");
  root.write("sys/class/drm/renderD130/device/mem_info_vram_total", "137438953472\n");
  root.write("sys/class/drm/renderD130/device/uevent",
             "DRIVER=amdgpu\nPCI_SLOT_NAME=0000:03:00.0\n");
  const auto devices = discover_devices({kind}, root.path());
  const std::vector<Device> expected = {
      {"amd", 130, 0, "/dev/dri/renderD130", "Instinct", {137'438'953'472}, "0000:03:00.0"}};
  EXPECT_EQ(devices, expected);
  EXPECT_EQ(measurement::compute_exposure(kind, devices).value, "0");
}

TEST(Devices, ModelNamesTranslateRawFacts) {
  const TempFolder root;
  root.write("dev/npu0", "0XD802");
  const auto kinds = measurement::parse_device_kinds(
      "kinds: [{name: npu, node_prefix: /dev/npu, node_type: any, model: {file: '/dev/{name}'},"
      " model_names: [{raw: '0xd802', name: Big}]}]");
  ASSERT_TRUE(kinds);
  EXPECT_EQ(discover_devices(*kinds, root.path()).at(0).model, "Big");
}

TEST(Devices, AnEmptyRootHasNone) {
  const TempFolder root;
  EXPECT_TRUE(discover_devices(measurement::get_builtin_device_kinds(), root.path()).empty());
}

TEST(SmallFile, ValuesAreFoundByWholeKey) {
  const std::string text = "Model Name: x\nModel:\t y \nEMPTY=\nKEY=a:b\n";
  EXPECT_EQ(find_value(text, "Model"), "y");
  EXPECT_EQ(find_value(text, "Model Name"), "x");
  EXPECT_EQ(find_value(text, "KEY"), "a:b");
  EXPECT_EQ(find_value(text, "EMPTY"), "");
  EXPECT_EQ(find_value(text, "Mode"), std::nullopt);
  EXPECT_EQ(find_number("  42 kB"), 42);
  EXPECT_EQ(find_number("max"), std::nullopt);
}

TEST(GroupLimits, TheTightestAncestorCounts) {
  const TempFolder root;
  root.write("sys/fs/cgroup/a/cpu.max", "150000 100000\n");
  root.write("sys/fs/cgroup/a/memory.max", "max\n");
  root.write("sys/fs/cgroup/a/b/cpu.max", "400000 100000\n");
  root.write("sys/fs/cgroup/a/b/memory.max", "1000000\n");
  const GroupLimits limits = read_group_limits("0::/a/b\n", root.path());
  EXPECT_EQ(limits.cpus, core::MilliCpus{1500});
  EXPECT_EQ(limits.memory, core::Bytes{1'000'000});
}

TEST(GroupLimits, VersionOneIsReadPerController) {
  const TempFolder root;
  root.write("sys/fs/cgroup/cpu,cpuacct/x/cpu.cfs_quota_us", "50000\n");
  root.write("sys/fs/cgroup/cpu,cpuacct/x/cpu.cfs_period_us", "100000\n");
  root.write("sys/fs/cgroup/memory/y/memory.limit_in_bytes", "2000000\n");
  root.write("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
  const GroupLimits limits =
      read_group_limits("4:memory:/y\n2:cpu,cpuacct:/x\n1:name=systemd:/\n", root.path());
  EXPECT_EQ(limits.cpus, core::MilliCpus{500});
  EXPECT_EQ(limits.memory, core::Bytes{2'000'000});
}

TEST(GroupLimits, NoLimitAndNonsenseAreNone) {
  const TempFolder root;
  root.write("sys/fs/cgroup/cpu.max", "max 100000\n");
  root.write("sys/fs/cgroup/cpu/cpu.cfs_quota_us", "-1\n");
  root.write("sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n");
  for (const char* text : {"0::/\n1:cpu:/\n", "", "nonsense", "0::/../../etc"}) {
    const GroupLimits limits = read_group_limits(text, root.path());
    EXPECT_EQ(limits.cpus, std::nullopt);
    EXPECT_EQ(limits.memory, std::nullopt);
  }
}

TEST(Machine, FactsOfThisMachineAgreeWithTheSystem) {
  const auto machine = discover_machine(std::filesystem::temp_directory_path());
  ASSERT_TRUE(machine) << core::to_text(machine.error());
  // sysconf counts pages of the same memory that /proc/meminfo reports.
  const std::int64_t bytes = std::int64_t{::sysconf(_SC_PHYS_PAGES)} * ::sysconf(_SC_PAGESIZE);
  EXPECT_NEAR(static_cast<double>(machine->memory.count), static_cast<double>(bytes),
              static_cast<double>(bytes) / 100);
  EXPECT_EQ(machine->hardware_threads, ::sysconf(_SC_NPROCESSORS_ONLN));
  EXPECT_LE(machine->cores, machine->hardware_threads);
  EXPECT_GE(machine->packages, 1);
  EXPECT_GT(machine->usable_cpus.count, 0);
  EXPECT_LE(machine->usable_cpus.count, machine->hardware_threads * 1000);
  EXPECT_LE(machine->usable_memory, machine->memory);
  EXPECT_FALSE(machine->architecture.empty());
  EXPECT_FALSE(machine->kernel_release.empty());
  ASSERT_TRUE(machine->disk);
  EXPECT_FALSE(machine->disk->filesystem.empty());
  EXPECT_GT(machine->disk->size.count, 0);
  EXPECT_LE(machine->disk->free, machine->disk->size);
}

TEST(Machine, AffinityNarrowsWhatIsUsable) {
  // On a thread of its own: affinity is inherited, and other tests need theirs.
  std::thread narrow([] {
    cpu_set_t set;
    CPU_ZERO(&set);
    ASSERT_EQ(::sched_getaffinity(0, sizeof set, &set), 0);
    int first = 0;
    while (!CPU_ISSET(first, &set)) ++first;
    CPU_ZERO(&set);
    CPU_SET(first, &set);
    ASSERT_EQ(::sched_setaffinity(0, sizeof set, &set), 0);
    EXPECT_EQ(count_usable_processors(), 1);
    const auto machine = discover_machine({});
    ASSERT_TRUE(machine);
    EXPECT_LE(machine->usable_cpus, core::MilliCpus{1000});
    EXPECT_EQ(machine->hardware_threads, ::sysconf(_SC_NPROCESSORS_ONLN));
    EXPECT_FALSE(machine->disk);
  });
  narrow.join();
}

}  // namespace
}  // namespace intertie::measurement_probes
