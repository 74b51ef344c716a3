// Device descriptions: what parses, what is refused, what a job is shown.
#include "intertie/measurement/device_kind.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "intertie/codec/json.h"

namespace intertie::measurement {
namespace {

using core::Reason;

const DeviceKind& get_kind(std::string_view name) {
  const auto& kinds = get_builtin_device_kinds();
  const auto found = std::find_if(kinds.begin(), kinds.end(),
                                  [name](const DeviceKind& kind) { return kind.name == name; });
  EXPECT_NE(found, kinds.end());
  return *found;
}

Device make_device(const std::string& kind, std::int64_t number, std::int64_t ordinal,
                   const std::string& node) {
  Device device;
  device.kind = kind;
  device.number = number;
  device.ordinal = ordinal;
  device.node = node;
  return device;
}

TEST(DeviceKind, BuiltinsAreThere) {
  std::vector<std::string> names;
  for (const DeviceKind& kind : get_builtin_device_kinds()) names.push_back(kind.name);
  EXPECT_EQ(names, (std::vector<std::string>{"amd", "ascend", "nvidia", "rehearsal"}));
  EXPECT_EQ(get_kind("nvidia").visible_variable, "CUDA_VISIBLE_DEVICES");
  EXPECT_EQ(get_kind("ascend").visible_variable, "ASCEND_RT_VISIBLE_DEVICES");
  EXPECT_EQ(get_kind("nvidia").node_type, NodeType::character_device);
}

TEST(DeviceKind, YamlAndJsonMeanTheSame) {
  const auto yaml = parse_device_kinds(
      "kinds:\n  - name: tpu\n    node_prefix: /dev/accel\n    visible_variable: TPU_CHIPS\n");
  ASSERT_TRUE(yaml) << core::to_text(yaml.error());
  ASSERT_EQ(yaml->size(), 1u);
  const auto json = parse_device_kinds(codec::to_json(DeviceKinds{*yaml}));
  ASSERT_TRUE(json) << core::to_text(json.error());
  EXPECT_EQ(*json, *yaml);
}

TEST(DeviceKind, BadDescriptionsAreRefused) {
  const std::vector<std::pair<const char*, Reason>> cases = {
      {"kinds: [{name: Tpu, node_prefix: /dev/x}]", Reason::bad_field},
      {"kinds: [{name: '', node_prefix: /dev/x}]", Reason::bad_field},
      {"kinds: [{name: a, node_prefix: dev/x}]", Reason::bad_field},
      {"kinds: [{name: a, node_prefix: /dev/../etc/x}]", Reason::bad_field},
      {"kinds: [{name: a, node_prefix: /dev/}]", Reason::bad_field},
      {"kinds: [{name: a}]", Reason::bad_field},
      {"kinds: [{name: a, node_prefix: /dev/x, shared_nodes: [y]}]", Reason::bad_field},
      {"kinds: [{name: a, node_prefix: /dev/x, visible_variable: 'A=B'}]", Reason::bad_field},
      {"kinds: [{name: a, node_prefix: /dev/x, environment: [AB]}]", Reason::bad_field},
      {"kinds: [{name: a, node_prefix: /dev/x, model: {file: '/sys/*/y'}}]", Reason::bad_field},
      {"kinds: [{name: a, node_prefix: /dev/x, model: {file: '/s*/y', where_key: k}}]",
       Reason::bad_field},
      {"kinds: [{name: a, node_prefix: /dev/x, model: {key: k}}]", Reason::bad_field},
      {"kinds: [{name: a, node_prefix: /dev/x, checks: [{equals: b}]}]", Reason::bad_field},
      {"kinds: [{name: a, node_prefix: /dev/x}, {name: a, node_prefix: /dev/y}]",
       Reason::bad_field},
      {"kinds: [{name: a, node_prefix: /dev/x, colour: b}]", Reason::unknown_field},
      {"kinds: [", Reason::bad_syntax},
  };
  for (const auto& [text, reason] : cases) {
    const auto kinds = parse_device_kinds(text);
    ASSERT_FALSE(kinds) << text;
    EXPECT_EQ(kinds.error().reason, reason) << text << ": " << kinds.error().detail;
  }
}

TEST(DeviceKind, ASitesOwnDescriptionReplacesTheBuiltin) {
  const auto own = parse_device_kinds(
      "kinds: [{name: nvidia, node_prefix: /dev/mine}, {name: new, node_prefix: /dev/new}]");
  ASSERT_TRUE(own);
  const auto merged = merge_device_kinds(get_builtin_device_kinds(), *own);
  ASSERT_EQ(merged.size(), get_builtin_device_kinds().size() + 1);
  EXPECT_EQ(merged[2].node_prefix, "/dev/mine");
  EXPECT_EQ(merged.back().name, "new");
}

TEST(DeviceExposure, NamesNodesAndNumbersInOrder) {
  const DeviceExposure exposure = compute_exposure(
      get_kind("nvidia"),
      {make_device("nvidia", 6, 3, "/dev/nvidia6"), make_device("nvidia", 2, 1, "/dev/nvidia2")});
  EXPECT_EQ(exposure.variable, "CUDA_VISIBLE_DEVICES");
  EXPECT_EQ(exposure.value, "1,3");
  EXPECT_EQ(exposure.isolated_value, "0,1");
  EXPECT_EQ(exposure.nodes,
            (std::vector<std::string>{"/dev/nvidia2", "/dev/nvidia6", "/dev/nvidiactl",
                                      "/dev/nvidia-uvm", "/dev/nvidia-uvm-tools"}));
  EXPECT_EQ(exposure.environment, std::vector<std::string>{"CUDA_DEVICE_ORDER=PCI_BUS_ID"});
}

TEST(DeviceExposure, KindsThatCountByNumberKeepIt) {
  const DeviceExposure exposure =
      compute_exposure(get_kind("rehearsal"), {make_device("rehearsal", 4, 0, "/dev/r4")});
  EXPECT_EQ(exposure.value, "4");
  EXPECT_EQ(exposure.isolated_value, "4");
}

TEST(DeviceExposure, OfNothingHidesAllDevices) {
  const DeviceExposure exposure = compute_exposure(get_kind("ascend"), {});
  EXPECT_EQ(exposure.value, "");
  EXPECT_TRUE(std::none_of(exposure.nodes.begin(), exposure.nodes.end(),
                           [](const std::string& node) { return node == "/dev/davinci0"; }));
}

}  // namespace
}  // namespace intertie::measurement
