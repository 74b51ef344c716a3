#include "site_machine.h"

#include <unistd.h>

#include <algorithm>
#include <utility>

#include "intertie/core/limits.h"
#include "intertie/measurement_probes/discover.h"

namespace intertie::service {
namespace {

/// The devices in the order of their groups: a position is the device index of the whole product.
std::vector<const measurement::Device*> number_devices(const SiteMachine& machine) {
  std::vector<const measurement::Device*> numbered;
  for (const measurement::MeasuredDevices& group : machine.groups) {
    for (const measurement::Device& device : machine.devices) {
      if (device.kind == group.kind && device.model == group.model &&
          device.memory == group.memory) {
        numbered.push_back(&device);
      }
    }
  }
  return numbered;
}

void add_exposure(const SiteMachine& machine, const measurement::DeviceExposure& exposure,
                  topology::Isolation isolation, DeviceGift& gift) {
  if (machine.has_real_nodes) {
    for (const std::string& node : exposure.nodes) {
      if (::access(node.c_str(), F_OK) == 0) gift.nodes.push_back(node);
    }
  }
  if (!exposure.variable.empty()) {
    const bool sees_all = isolation == topology::Isolation::process;
    gift.environment[exposure.variable] = sees_all ? exposure.value : exposure.isolated_value;
  }
  for (const std::string& entry : exposure.environment) {
    const std::size_t equals = entry.find('=');
    if (equals != std::string::npos) {
      gift.environment[entry.substr(0, equals)] = entry.substr(equals + 1);
    }
  }
}

}  // namespace

core::Result<SiteMachine> discover_site_machine(const SiteOptions& options) {
  auto machine = measurement_probes::discover_machine(options.folder);
  if (!machine) return machine.error();
  SiteMachine found;
  found.machine = std::move(*machine);
  found.kinds = measurement::get_builtin_device_kinds();
  found.devices = measurement_probes::discover_devices(found.kinds, options.device_root);
  found.groups = measurement_probes::group_devices(found.devices);
  found.has_real_nodes = options.device_root == "/";
  return found;
}

topology::Pool make_default_pool(const SiteOptions& options, const SiteMachine& machine,
                                 topology::Isolation isolation) {
  topology::Pool pool;
  pool.name = "default";
  pool.region = options.region;
  const core::MilliCpus cpus = machine.machine.usable_cpus - options.cpus_kept;
  pool.cpus_per_node = std::max(cpus, core::MilliCpus{100});
  // A machine too small to keep the share keeps half.
  const core::Bytes memory = machine.machine.usable_memory;
  pool.memory_per_node = std::max(memory - options.memory_kept, core::Bytes{memory.count / 2});
  pool.scratch = options.scratch;
  if (pool.scratch.count == 0 && machine.machine.disk) {
    pool.scratch.count = machine.machine.disk->free.count / core::limits::scratch_free_divisor;
  }
  for (const measurement::MeasuredDevices& group : machine.groups) {
    pool.devices_per_node.push_back({group.kind, group.model, group.count, group.memory});
  }
  pool.nodes = {{"node-0", true}};
  for (const execution::Software& software : options.software) {
    pool.software.push_back(software.name);
  }
  std::ranges::sort(pool.software);
  pool.isolation = isolation;
  pool.network =
      isolation == topology::Isolation::process ? topology::Network::none : options.network;
  pool.cleared = options.cleared;
  pool.price = options.price;
  pool.user_line = options.user_line;
  pool.compute_class = options.compute_class.value_or(core::ComputeClass::basic);
  return pool;
}

core::Result<DeviceGift> grant_devices(const SiteMachine& machine,
                                       const std::vector<std::uint32_t>& indices,
                                       topology::Isolation isolation) {
  DeviceGift gift;
  if (indices.empty()) return gift;
  const auto numbered = number_devices(machine);
  std::map<std::string, std::vector<measurement::Device>> by_kind;
  for (const std::uint32_t index : indices) {
    if (index >= numbered.size()) {
      return {core::Reason::devices_too_few, "device " + std::to_string(index) + " is not there"};
    }
    by_kind[numbered[index]->kind].push_back(*numbered[index]);
  }
  for (const measurement::DeviceKind& kind : machine.kinds) {
    const auto chosen = by_kind.find(kind.name);
    if (chosen == by_kind.end()) continue;
    add_exposure(machine, measurement::compute_exposure(kind, chosen->second), isolation, gift);
  }
  return gift;
}

}  // namespace intertie::service
