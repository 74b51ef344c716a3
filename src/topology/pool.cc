// The rules a pool's description must keep.
#include "intertie/topology/pool.h"

#include <algorithm>
#include <cassert>
#include <functional>
#include <set>
#include <string_view>

#include "intertie/core/limits.h"

namespace intertie::topology {
namespace {

using core::Reason;
using core::Result;
namespace limits = core::limits;

// Bounds that keep sums over a whole pool within 64 bits: nodes_per_pool_max * each < 2^63.
constexpr core::MilliCpus kCpusPerNodeMax{1'000'000'000};
constexpr core::Bytes kMemoryPerNodeMax{1LL << 46};
constexpr core::Bytes kScratchMax{1LL << 60};

template <class Q>
bool is_outside(Q value, Q max) {
  return value < Q{} || value > max;
}

Result<void> check_devices(const Pool& pool) {
  const auto& groups = pool.devices_per_node;
  if (groups.size() > limits::device_groups_per_node_max) {
    return {Reason::out_of_range, "devices_per_node: at most 8 groups"};
  }
  for (const DeviceGroup& group : groups) {
    if (group.kind.empty()) return {Reason::bad_field, "devices_per_node.kind: empty"};
    const bool is_count_good =
        group.count >= 1 && group.count <= std::int64_t{limits::devices_per_node_max};
    if (!is_count_good) return {Reason::out_of_range, "devices_per_node.count: 1 to 64"};
    if (is_outside(group.memory, kMemoryPerNodeMax)) {
      return {Reason::out_of_range, "devices_per_node.memory"};
    }
  }
  if (count_devices_per_node(pool) > std::int64_t{limits::devices_per_node_max}) {
    return {Reason::out_of_range, "devices_per_node: at most 64 devices in all"};
  }
  return {};
}

// Names are shown, compared and put into texts of others.
bool has_control_character(const std::string& name) {
  return std::ranges::any_of(
      name, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

Result<void> check_nodes(const std::vector<Node>& nodes) {
  if (nodes.empty() || nodes.size() > limits::nodes_per_pool_max) {
    return {Reason::out_of_range, "nodes: 1 to 100000"};
  }
  std::set<std::string_view> names;
  for (const Node& node : nodes) {
    if (node.name.empty()) return {Reason::bad_field, "nodes.name: empty"};
    if (has_control_character(node.name)) {
      return {Reason::bad_field, "nodes.name: a control character"};
    }
    if (!names.insert(node.name).second) {
      return {Reason::duplicate_field, "nodes.name: " + node.name};
    }
  }
  return {};
}

Result<void> check_rates(const std::vector<core::Rate>& rates, const char* field) {
  std::set<core::Precision> seen;
  for (const core::Rate& rate : rates) {
    if (rate.ops_per_second <= 0) return {Reason::out_of_range, field};
    if (!seen.insert(rate.precision).second) return {Reason::duplicate_field, field};
  }
  return {};
}

Result<void> check_capability(const Capability& capability) {
  if (auto good = check_rates(capability.rates_per_cpu, "capability.rates_per_cpu"); !good) {
    return good;
  }
  if (auto good = check_rates(capability.rates_per_device, "capability.rates_per_device"); !good) {
    return good;
  }
  if (std::min({capability.memory_bytes_per_second, capability.disk_read_bytes_per_second,
                capability.disk_write_bytes_per_second}) < 0) {
    return {Reason::out_of_range, "capability: bytes per second below 0"};
  }
  return {};
}

Result<void> check_software(const std::vector<std::string>& software) {
  if (software.size() > limits::software_per_pool_max) {
    return {Reason::out_of_range, "software: at most 1024"};
  }
  const bool is_sorted_unique =
      std::ranges::adjacent_find(software, std::greater_equal<>{}) == software.end();
  if (!is_sorted_unique) return {Reason::bad_field, "software: not sorted, or one twice"};
  if (!software.empty() && software.front().empty()) {
    return {Reason::bad_field, "software: empty name"};
  }
  if (std::ranges::any_of(software, has_control_character)) {
    return {Reason::bad_field, "software: a control character"};
  }
  return {};
}

}  // namespace

Result<void> check_pool(const Pool& pool) {
  if (pool.name.empty()) return {Reason::bad_field, "name: empty"};
  if (has_control_character(pool.name)) return {Reason::bad_field, "name: a control character"};
  if (pool.cpus_per_node <= core::MilliCpus{} || pool.cpus_per_node > kCpusPerNodeMax) {
    return {Reason::out_of_range, "cpus_per_node"};
  }
  if (is_outside(pool.memory_per_node, kMemoryPerNodeMax)) {
    return {Reason::out_of_range, "memory_per_node"};
  }
  if (is_outside(pool.scratch, kScratchMax)) return {Reason::out_of_range, "scratch"};
  if (auto good = check_devices(pool); !good) return good;
  if (auto good = check_nodes(pool.nodes); !good) return good;
  if (auto good = check_software(pool.software); !good) return good;
  const PriceTable& price = pool.price;
  const auto cheapest = std::min({price.per_cpu_hour, price.per_gib_hour, price.per_device_hour});
  if (cheapest < core::Money{} || price.minimum < core::Duration{}) {
    return {Reason::out_of_range, "price: below 0"};
  }
  const UserLine& line = pool.user_line;
  if (line.latency_ms < 0 || line.bandwidth_bits_per_second < 0 ||
      line.price_per_gigabyte < core::Money{}) {
    return {Reason::out_of_range, "user_line: below 0"};
  }
  if (pool.capability) return check_capability(*pool.capability);
  return {};
}

std::int64_t count_devices_per_node(const Pool& pool) {
  std::int64_t count = 0;
  for (const DeviceGroup& group : pool.devices_per_node) count += group.count;
  return count;
}

}  // namespace intertie::topology
