// Device kinds as data: how devices of one make are found, shown to a job and probed.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <boost/describe.hpp>

#include "intertie/core/quantity.h"
#include "intertie/core/result.h"

namespace intertie::measurement {

/// A fact read from a small text file. `file` is an absolute path in which `{name}` stands for the
/// device node's last path component, `{number}` for its number, and one `*` matches any one path
/// component (then `where_key` must read `where_value` in the same file). Without `key` the fact is
/// the whole trimmed content, else the value of the first line "key: value".
struct FactSource {
  std::string file;
  std::string key;
  std::string where_key;
  std::string where_value;

  friend bool operator==(const FactSource&, const FactSource&) = default;
};
BOOST_DESCRIBE_STRUCT(FactSource, (), (file, key, where_key, where_value))

/// A condition that a device must meet: the fact reads `equals`, letter case ignored.
struct FactCheck {
  FactSource fact;
  std::string equals;

  friend bool operator==(const FactCheck&, const FactCheck&) = default;
};
BOOST_DESCRIBE_STRUCT(FactCheck, (), (fact, equals))

/// What a raw model fact (a PCI device id) means to people.
struct ModelName {
  std::string raw;
  std::string name;

  friend bool operator==(const ModelName&, const ModelName&) = default;
};
BOOST_DESCRIBE_STRUCT(ModelName, (), (raw, name))

/// How a job's devices are named in its visible-devices variable: by the number in the node's name
/// ("/dev/nvidia3" is 3), or by the place among the devices of this kind (0, 1, ...).
enum class Numbering : std::uint8_t { number, ordinal };
BOOST_DESCRIBE_ENUM(Numbering, number, ordinal)

/// What a file must be to count as a device node. `any` admits plain files: for kinds that exist
/// only in tests and rehearsals.
enum class NodeType : std::uint8_t { character_device, any };
BOOST_DESCRIBE_ENUM(NodeType, character_device, any)

/// One kind of device. Adding a kind is adding such a description; no code knows a vendor.
struct DeviceKind {
  std::string name;         // "nvidia"; what jobs and pools call the kind. [a-z0-9-], 1 to 32.
  std::string vendor;       // For people.
  std::string node_prefix;  // "/dev/nvidia": device nodes are this prefix followed by digits alone.
  NodeType node_type = NodeType::character_device;
  Numbering numbering = Numbering::number;
  std::vector<FactCheck> checks;          // All must hold.
  std::vector<std::string> shared_nodes;  // Exposed to every job with a device, where they exist.
  std::vector<std::string> libraries;     // Any of them lets a job use the device ("libcuda.so.1").
  std::string visible_variable;           // "CUDA_VISIBLE_DEVICES"
  std::vector<std::string> environment;   // Further "NAME=value" that the numbers depend on.
  FactSource model;                       // `file` empty: unknown.
  std::vector<ModelName> model_names;
  FactSource memory;  // Bytes as a decimal number.
  FactSource pci_address;
  std::vector<std::string> probe;  // Program and arguments; see docs/formats. Empty: none.

  friend bool operator==(const DeviceKind&, const DeviceKind&) = default;
};
BOOST_DESCRIBE_STRUCT(DeviceKind, (),
                      (name, vendor, node_prefix, node_type, numbering, checks, shared_nodes,
                       libraries, visible_variable, environment, model, model_names, memory,
                       pci_address, probe))

/// A file of descriptions: `kinds: [...]`.
struct DeviceKinds {
  std::vector<DeviceKind> kinds;

  friend bool operator==(const DeviceKinds&, const DeviceKinds&) = default;
};
BOOST_DESCRIBE_STRUCT(DeviceKinds, (), (kinds))

/// One device found on this machine.
struct Device {
  std::string kind;
  std::int64_t number = 0;   // From the node's name.
  std::int64_t ordinal = 0;  // Place among the devices of its kind, by number.
  std::string node;          // "/dev/nvidia0", as inside the root that was searched.
  std::string model;
  core::Bytes memory;
  std::string pci_address;

  friend bool operator==(const Device&, const Device&) = default;
};
BOOST_DESCRIBE_STRUCT(Device, (), (kind, number, ordinal, node, model, memory, pci_address))

/// What a runner does to give a job some devices: nodes to expose, and variables to set. Drivers
/// count the devices they can see: a job that sees all nodes of the machine is told `value`, one
/// that sees the exposed nodes alone is told `isolated_value` ("0,1": all it sees).
struct DeviceExposure {
  std::vector<std::string> nodes;
  std::string variable;  // Empty: the kind has none.
  std::string value;     // "0,2"
  std::string isolated_value;
  std::vector<std::string> environment;

  friend bool operator==(const DeviceExposure&, const DeviceExposure&) = default;
};

/// Reads descriptions from YAML or JSON text. Refuses with the codec's reasons, and bad_field for a
/// name outside its alphabet, a path that is not absolute or has "..", a kind given twice.
core::Result<std::vector<DeviceKind>> parse_device_kinds(std::string_view text);

/// The descriptions that ship with the product: nvidia, amd, ascend, and `rehearsal`, whose devices
/// are plain files under /dev/intertie-rehearsal<N> (none on a normal machine).
const std::vector<DeviceKind>& get_builtin_device_kinds();

/// `extra` after `base`; a kind in `extra` replaces the one with the same name. Pure.
std::vector<DeviceKind> merge_device_kinds(std::vector<DeviceKind> base,
                                           const std::vector<DeviceKind>& extra);

/// What to expose so that a job sees exactly `devices`, all of kind `kind` (asserted); nodes and
/// numbers in ascending order. The shared nodes follow the device nodes. Pure.
DeviceExposure compute_exposure(const DeviceKind& kind, std::vector<Device> devices);

}  // namespace intertie::measurement
