// Which device groups serve a task's device requests.
#include <cstddef>

#include "intertie/placement/pool_capacity.h"

namespace intertie::placement {
namespace {

bool is_match(const DeviceRequest& request, const topology::DeviceGroup& group) {
  return request.kind == group.kind && (request.model.empty() || request.model == group.model) &&
         request.memory <= group.memory;
}

/// Serves the requests from `next` on. At most groups^requests steps, 8^4 by core/limits.h.
bool assign(const topology::Pool& pool, const Requirements& requirements, std::size_t next,
            GroupCounts& taken) {
  if (next == requirements.devices.size()) return true;
  const DeviceRequest& request = requirements.devices[next];
  for (std::size_t group = 0; group < pool.devices_per_node.size(); ++group) {
    const topology::DeviceGroup& offered = pool.devices_per_node[group];
    if (!is_match(request, offered) || taken[group] + request.count > offered.count) continue;
    const auto count = static_cast<std::uint8_t>(request.count);
    taken[group] = static_cast<std::uint8_t>(taken[group] + count);
    if (assign(pool, requirements, next + 1, taken)) return true;
    taken[group] = static_cast<std::uint8_t>(taken[group] - count);
  }
  return false;
}

}  // namespace

std::optional<TaskShape> find_task_shape(const topology::Pool& pool,
                                         const Requirements& requirements) {
  TaskShape shape{requirements.cpus, requirements.memory, {}, requirements.scratch};
  if (!assign(pool, requirements, 0, shape.devices)) return std::nullopt;
  return shape;
}

}  // namespace intertie::placement
