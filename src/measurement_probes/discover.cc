#include "intertie/measurement_probes/discover.h"

#include <hwloc.h>
#include <sys/statvfs.h>
#include <sys/utsname.h>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <sstream>
#include <string>

#include "cpu_limits.h"
#include "kernels/dispatch.h"
#include "small_file.h"

namespace intertie::measurement_probes {

using measurement::Machine;

namespace {

struct TopologyDelete {
  void operator()(hwloc_topology_t topology) const { hwloc_topology_destroy(topology); }
};
using Topology = std::unique_ptr<hwloc_topology, TopologyDelete>;

Topology load_topology() {
  hwloc_topology_t raw = nullptr;
  if (hwloc_topology_init(&raw) != 0) return nullptr;
  Topology topology(raw);
  // Processors of the whole machine, not only those of our affinity: usable_cpus says the rest.
  hwloc_topology_set_flags(raw, HWLOC_TOPOLOGY_FLAG_INCLUDE_DISALLOWED);
  return hwloc_topology_load(raw) == 0 ? std::move(topology) : nullptr;
}

std::int64_t count_objects(const Topology& topology, hwloc_obj_type_t type) {
  return std::max(hwloc_get_nbobjs_by_type(topology.get(), type), 0);
}

void add_caches(const Topology& topology, Machine& machine) {
  std::map<std::pair<std::int64_t, std::int64_t>, std::int64_t> counts;  // By level and size.
  for (const hwloc_obj_type_t type :
       {HWLOC_OBJ_L1CACHE, HWLOC_OBJ_L2CACHE, HWLOC_OBJ_L3CACHE, HWLOC_OBJ_L4CACHE}) {
    hwloc_obj_t cache = nullptr;
    while ((cache = hwloc_get_next_obj_by_type(topology.get(), type, cache)) != nullptr) {
      const auto size = static_cast<std::int64_t>(cache->attr->cache.size);
      ++counts[{static_cast<std::int64_t>(cache->attr->cache.depth), size}];
    }
  }
  for (const auto& [key, count] : counts)
    machine.caches.push_back({key.first, {key.second}, count});
}

/// "Node 0 MemTotal:       24641580 kB"; hwloc's own figure was found wrong on virtual machines.
std::optional<core::Bytes> read_node_memory(unsigned number) {
  const auto text =
      read_small_file("/sys/devices/system/node/node" + std::to_string(number) + "/meminfo");
  if (!text) return std::nullopt;
  const auto value = find_value(*text, "Node " + std::to_string(number) + " MemTotal");
  const auto kibibytes = value ? find_number(*value) : std::nullopt;
  return kibibytes ? std::optional(core::Bytes{*kibibytes * 1024}) : std::nullopt;
}

void add_numa(const Topology& topology, Machine& machine) {
  hwloc_obj_t node = nullptr;
  while ((node = hwloc_get_next_obj_by_type(topology.get(), HWLOC_OBJ_NUMANODE, node)) != nullptr) {
    const int threads = node->cpuset != nullptr ? hwloc_bitmap_weight(node->cpuset) : 0;
    machine.numa.push_back({node->os_index,
                            read_node_memory(node->os_index).value_or(core::Bytes{}),
                            std::max(threads, 0)});
  }
  // On virtual machines the node's file may not know of memory that was added while running.
  if (machine.numa.size() == 1) machine.numa.front().memory = machine.memory;
}

void add_processor(const Topology& topology, Machine& machine) {
  machine.packages = count_objects(topology, HWLOC_OBJ_PACKAGE);
  machine.cores = count_objects(topology, HWLOC_OBJ_CORE);
  machine.hardware_threads = count_objects(topology, HWLOC_OBJ_PU);
  const hwloc_obj_t package =
      hwloc_get_next_obj_by_type(topology.get(), HWLOC_OBJ_PACKAGE, nullptr);
  if (package == nullptr) return;
  const char* model = hwloc_obj_get_info_by_name(package, "CPUModel");
  const char* vendor = hwloc_obj_get_info_by_name(package, "CPUVendor");
  if (model != nullptr) machine.processor_model = model;
  if (vendor != nullptr) machine.processor_vendor = vendor;
}

/// The file system type of the mount that holds `folder`, from the longest fitting mount point in
/// /proc/self/mounts.
std::string find_filesystem(const std::filesystem::path& folder) {
  std::error_code error;
  const std::string absolute = std::filesystem::weakly_canonical(folder, error).string();
  const auto mounts = read_small_file("/proc/self/mounts");
  if (error || !mounts) return {};
  std::string best;
  std::size_t best_length = 0;
  std::istringstream lines(*mounts);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string device;
    std::string point;
    std::string type;
    if (!(words >> device >> point >> type)) continue;
    const bool fits =
        absolute.starts_with(point) &&
        (point == "/" || absolute.size() == point.size() || absolute[point.size()] == '/');
    if (!fits || point.size() < best_length) continue;
    best = type;
    best_length = point.size();
  }
  return best;
}

std::optional<measurement::Disk> describe_disk(const std::filesystem::path& folder) {
  struct statvfs facts {};
  if (::statvfs(folder.c_str(), &facts) != 0) return std::nullopt;
  const auto block = static_cast<std::int64_t>(facts.f_frsize);
  return measurement::Disk{find_filesystem(folder),
                           {static_cast<std::int64_t>(facts.f_blocks) * block},
                           {static_cast<std::int64_t>(facts.f_bavail) * block}};
}

void add_limits(Machine& machine) {
  const GroupLimits limits =
      read_group_limits(read_small_file("/proc/self/cgroup").value_or(""), "/");
  machine.usable_cpus = core::MilliCpus{std::int64_t{count_usable_processors()} * 1000};
  if (limits.cpus) machine.usable_cpus = std::min(machine.usable_cpus, *limits.cpus);
  machine.usable_memory = machine.memory;
  if (limits.memory) machine.usable_memory = std::min(machine.usable_memory, *limits.memory);
}

}  // namespace

core::Result<Machine> discover_machine(const std::filesystem::path& disk_folder) {
  Machine machine;
  const auto memory = read_small_file("/proc/meminfo");
  const auto total = memory ? find_value(*memory, "MemTotal") : std::nullopt;
  const auto kibibytes = total ? find_number(*total) : std::nullopt;
  if (!kibibytes) return {core::Reason::io_failed, "/proc/meminfo: no MemTotal"};
  machine.memory = core::Bytes{*kibibytes * 1024};

  utsname system{};
  if (::uname(&system) == 0) {
    machine.architecture = system.machine;
    machine.kernel_release = system.release;
  }
  if (const Topology topology = load_topology()) {
    add_processor(topology, machine);
    add_caches(topology, machine);
    add_numa(topology, machine);
  }
  if (const auto processor = read_small_file("/proc/cpuinfo")) {
    if (machine.processor_model.empty()) {
      machine.processor_model = find_value(*processor, "model name").value_or("");
    }
    const std::string flags = find_value(*processor, "flags").value_or("") + ' ';
    machine.is_virtual = flags.find(" hypervisor ") != std::string::npos;
  }
  add_limits(machine);
  machine.hardware_threads = std::max<std::int64_t>(machine.hardware_threads, 1);
  machine.cores = std::max<std::int64_t>(machine.cores, 1);
  machine.packages = std::max<std::int64_t>(machine.packages, 1);
  machine.instruction_sets = find_instruction_sets();
  if (!disk_folder.empty()) machine.disk = describe_disk(disk_folder);
  return machine;
}

}  // namespace intertie::measurement_probes
