// What a job needs, and what its owner prefers.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <boost/describe.hpp>

#include "intertie/core/classification.h"
#include "intertie/core/quantity.h"
#include "intertie/core/rate.h"
#include "intertie/core/result.h"
#include "intertie/core/time.h"
#include "intertie/topology/handle.h"
#include "intertie/topology/pool.h"

namespace intertie::placement {

/// Devices of one task, all of one device group of its node.
struct DeviceRequest {
  std::string kind;        // Must be equal.
  std::string model;       // Must be equal, unless empty: any model.
  std::int64_t count = 0;  // 1 or more.
  core::Bytes memory;      // Each device has at least this; 0: no matter.

  friend bool operator==(const DeviceRequest&, const DeviceRequest&) = default;
};
BOOST_DESCRIBE_STRUCT(DeviceRequest, (), (kind, model, count, memory))

/// The hard needs of a job: a pool that lacks one can never run it. Jobs with equal canonical
/// requirements form one requirement set.
struct Requirements {
  std::optional<core::ComputeClass> compute_class;  // Empty: any.
  std::int64_t tasks = 1;                           // All start together, or none.
  core::MilliCpus cpus;                             // Of one task, as all down to `rate`.
  core::Bytes memory;
  std::vector<DeviceRequest> devices;
  std::optional<core::Rate> rate;  // At least this fast: its devices if it has any, else its cpus.
  std::vector<std::string> software;
  topology::Isolation isolation = topology::Isolation::namespace_;
  topology::Network network = topology::Network::none;
  std::vector<std::string> regions;           // Only these; empty: all.
  std::vector<std::string> regions_excluded;  // None of these.
  std::vector<topology::SiteHandle> sites_excluded;
  std::optional<std::int64_t> latency_max_ms;  // From the job's users to the pool, one way.
  /// Sites that belong to the job's owner: only there may `isolation` be weaker than namespace_.
  std::vector<topology::SiteHandle> own_sites;
  bool has_secrets = false;  // The site must have a key that they can be sealed to.
  /// Names of sites, as "name" (in any region) or "region/name". Whoever knows sites by name turns
  /// them into sites_excluded first: feasibility reads handles alone.
  std::vector<std::string> site_names_excluded;
  /// Where all inputs may lie by their policies. Absent: anywhere; empty: nowhere.
  std::optional<std::vector<std::string>> data_regions = std::nullopt;
  /// The most sensitive of the inputs; the pool must be cleared for it.
  core::Classification data_classification = core::Classification::open;
  core::Bytes scratch{};  // Disk space of one task.

  friend bool operator==(const Requirements&, const Requirements&) = default;
};
BOOST_DESCRIBE_STRUCT(Requirements, (),
                      (compute_class, tasks, cpus, memory, devices, rate, software, isolation,
                       network, regions, regions_excluded, sites_excluded, latency_max_ms,
                       own_sites, has_secrets, site_names_excluded, data_regions,
                       data_classification, scratch))

/// The number that the hub gave to a requirement set. Keys PlacementCache.
struct RequirementSetHandle {
  std::uint32_t index = 0;
  friend constexpr auto operator<=>(RequirementSetHandle, RequirementSetHandle) = default;
};
BOOST_DESCRIBE_STRUCT(RequirementSetHandle, (), (index))

inline std::size_t hash_value(RequirementSetHandle handle) { return handle.index; }

/// The same requirements with every list sorted and without repeats, so that equal needs are equal
/// values. Device requests that differ only in count stay apart. O(n log n).
Requirements make_canonical(Requirements requirements);

/// For hash maps; of canonical requirements. The value is the same on every platform.
std::size_t hash_value(const Requirements& requirements);

/// Refuses with out_of_range or bad_field and the field's name what no job may ask: tasks outside
/// 1..job_tasks_max, no processor, negative figures, more than device_requests_max device
/// requests, lists that are too long, empty names.
core::Result<void> check_requirements(const Requirements& requirements);

/// Input data that must be brought to where the job runs. One copy does.
struct DataLocation {
  core::Bytes size;
  std::vector<std::string> regions;  // Whose hubs hold a copy. Empty: where the pool is.
  friend bool operator==(const DataLocation&, const DataLocation&) = default;
};
BOOST_DESCRIBE_STRUCT(DataLocation, (), (size, regions))

/// What a job's owner pays and how long it may take. Ranks the pools that fit.
struct JobPreferences {
  std::optional<core::Money> price_max;    // For computing at the time limit, data and line.
  core::Money price_per_hour_of_delay;     // What an hour later is worth; 0 or more.
  core::Duration time_limit;               // Above 0.
  std::optional<core::Duration> estimate;  // At the named rate, if one is named. <= time_limit.
  std::optional<core::Time> deadline;      // The job has ended by then.
  std::vector<DataLocation> inputs;
  core::Bytes output;       // Expected; goes back over the pool's user line.
  std::string user_region;  // Where the job's users are. Empty: where the pool is.

  friend bool operator==(const JobPreferences&, const JobPreferences&) = default;
};
BOOST_DESCRIBE_STRUCT(JobPreferences, (),
                      (price_max, price_per_hour_of_delay, time_limit, estimate, deadline, inputs,
                       output, user_region))

/// Refuses with out_of_range and the field's name: a time limit outside (0, job_timeout_max], an
/// estimate outside (0, time_limit], anything negative, more than 1024 inputs.
core::Result<void> check_preferences(const JobPreferences& preferences);

}  // namespace intertie::placement
