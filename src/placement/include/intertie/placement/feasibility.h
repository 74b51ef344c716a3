// Whether a pool can ever run a job, and if not, the first reason why.
#pragma once

#include <cstdint>
#include <optional>
#include <variant>

#include "intertie/core/reason.h"
#include "intertie/core/time.h"
#include "intertie/placement/pool_capacity.h"
#include "intertie/placement/request.h"
#include "intertie/topology/pool.h"

namespace intertie::placement {

/// What a feasible pool offers to one task of the job.
struct Fit {
  TaskShape shape;
  std::int64_t ops_per_second = 0;  // Measured, at the precision that is asked; 0: none was asked.
};

/// Checks everything that does not depend on what is in use now, against an empty pool, in this
/// order: site_drained, site_unreachable, site_failing, region_excluded (also a site that the job
/// excludes), class_missing, unmeasured (no capability, or not valid now), rate_too_low (also: not
/// measured at that precision), cpus_too_few, memory_too_small, devices_too_few, scratch_too_small,
/// software_missing, isolation_too_weak, network_refused, secrets_refused, data_policy (the region,
/// or the pool's clearance), latency_too_high (to the users of its own region). Each of cpus,
/// memory and devices is first about one task on one node, then about the whole gang on all nodes,
/// up or not; scratch is about the gang in the pool, if the pool's is known. O(size of pool and
/// requirements).
std::variant<Fit, core::Reason> check_feasibility(const topology::Pool& pool,
                                                  const Requirements& requirements, core::Time now);

/// The first reason why the pool can never run the job; nothing if it can. As check_feasibility.
std::optional<core::Reason> find_infeasibility(const topology::Pool& pool,
                                               const Requirements& requirements, core::Time now);

/// The measured operations per second of one task of the job in this pool at its precision: of its
/// devices if it asks for any, else of its cpus. 0 if that precision was not measured or the job
/// names no rate. Clamped to the range. O(rates).
std::int64_t compute_task_rate(const topology::Capability& capability,
                               const Requirements& requirements);

}  // namespace intertie::placement
