// Static feasibility of a pool.
#include "intertie/placement/feasibility.h"

#include <algorithm>

namespace intertie::placement {
namespace {

using core::Reason;
using topology::Pool;

__extension__ typedef __int128 Wide;

std::optional<Reason> find_status_problem(const Pool& pool) {
  switch (pool.status) {
    case topology::PoolStatus::active:
      return std::nullopt;
    case topology::PoolStatus::drained:
      return Reason::site_drained;
    case topology::PoolStatus::lost:
      return Reason::site_unreachable;
    case topology::PoolStatus::failing:
      return Reason::site_failing;
    case topology::PoolStatus::expired:
      return Reason::record_expired;
  }
  return Reason::internal;
}

bool is_excluded(const Pool& pool, const Requirements& requirements) {
  const auto& only = requirements.regions;
  if (!only.empty() && !std::ranges::binary_search(only, pool.region)) return true;
  return std::ranges::binary_search(requirements.regions_excluded, pool.region) ||
         std::ranges::binary_search(requirements.sites_excluded, pool.site);
}

/// True if `nodes` empty nodes of `has` each have room for `tasks` tasks of `needs` each.
bool has_room(std::int64_t has, std::int64_t needs, std::int64_t nodes, std::int64_t tasks) {
  return needs == 0 || Wide{has / needs} * nodes >= tasks;
}

std::optional<Reason> find_size_problem(const Pool& pool, const Requirements& requirements,
                                        TaskShape& shape) {
  const auto nodes = static_cast<std::int64_t>(pool.nodes.size());
  const std::int64_t tasks = requirements.tasks;
  if (!has_room(pool.cpus_per_node.count, requirements.cpus.count, nodes, tasks)) {
    return Reason::cpus_too_few;
  }
  if (!has_room(pool.memory_per_node.count, requirements.memory.count, nodes, tasks)) {
    return Reason::memory_too_small;
  }
  const auto found = find_task_shape(pool, requirements);
  if (!found) return Reason::devices_too_few;
  for (std::size_t group = 0; group < pool.devices_per_node.size(); ++group) {
    const std::int64_t has = pool.devices_per_node[group].count;
    if (!has_room(has, found->devices[group], nodes, tasks)) return Reason::devices_too_few;
  }
  const bool is_scratch_known = pool.scratch > core::Bytes{};
  if (is_scratch_known && !has_room(pool.scratch.count, requirements.scratch.count, 1, tasks)) {
    return Reason::scratch_too_small;
  }
  shape = *found;
  return std::nullopt;
}

bool is_data_forbidden(const Pool& pool, const Requirements& requirements) {
  const auto& only = requirements.data_regions;
  if (only && !std::ranges::binary_search(*only, pool.region)) return true;
  return pool.cleared < requirements.data_classification;
}

bool is_isolation_too_weak(const Pool& pool, const Requirements& requirements) {
  const bool is_own = std::ranges::binary_search(requirements.own_sites, pool.site);
  const auto least = is_own ? topology::Isolation::none : topology::Isolation::namespace_;
  return pool.isolation < std::max(requirements.isolation, least);
}

}  // namespace

std::int64_t compute_task_rate(const topology::Capability& capability,
                               const Requirements& requirements) {
  if (!requirements.rate) return 0;
  const bool has_devices = !requirements.devices.empty();
  const auto& rates = has_devices ? capability.rates_per_device : capability.rates_per_cpu;
  const Wide unit = topology::find_rate(rates, requirements.rate->precision).value_or(0);
  Wide rate = unit * requirements.cpus.count / 1'000;
  if (has_devices) {
    std::int64_t devices = 0;
    for (const DeviceRequest& request : requirements.devices) devices += request.count;
    rate = unit * devices;
  }
  return static_cast<std::int64_t>(std::min<Wide>(rate, INT64_MAX));
}

std::variant<Fit, Reason> check_feasibility(const Pool& pool, const Requirements& requirements,
                                            core::Time now) {
  if (const auto reason = find_status_problem(pool)) return *reason;
  if (is_excluded(pool, requirements)) return Reason::region_excluded;
  if (requirements.compute_class && *requirements.compute_class != pool.compute_class) {
    return Reason::class_missing;
  }
  if (!pool.capability || !topology::is_valid_at(*pool.capability, now)) return Reason::unmeasured;
  Fit fit;
  fit.ops_per_second = compute_task_rate(*pool.capability, requirements);
  if (requirements.rate && fit.ops_per_second < requirements.rate->ops_per_second) {
    return Reason::rate_too_low;
  }
  if (const auto reason = find_size_problem(pool, requirements, fit.shape)) return *reason;
  if (!std::ranges::includes(pool.software, requirements.software)) return Reason::software_missing;
  if (is_isolation_too_weak(pool, requirements)) return Reason::isolation_too_weak;
  if (pool.network < requirements.network) return Reason::network_refused;
  if (requirements.has_secrets && !pool.takes_secrets) return Reason::secrets_refused;
  if (is_data_forbidden(pool, requirements)) return Reason::data_policy;
  if (requirements.latency_max_ms && pool.user_line.latency_ms > *requirements.latency_max_ms) {
    return Reason::latency_too_high;
  }
  return fit;
}

std::optional<Reason> find_infeasibility(const Pool& pool, const Requirements& requirements,
                                         core::Time now) {
  const auto checked = check_feasibility(pool, requirements, now);
  if (const Reason* reason = std::get_if<Reason>(&checked)) return *reason;
  return std::nullopt;
}

}  // namespace intertie::placement
