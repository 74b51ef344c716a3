// Figures of pools, and the sites of other regions as their hubs announce them (see views.h).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <boost/describe.hpp>

#include "intertie/core/quantity.h"
#include "intertie/core/rate.h"
#include "intertie/core/time.h"
#include "intertie/topology/pool.h"

namespace intertie::api {

struct MeasuredView {
  std::vector<core::Rate> rates_per_cpu;
  std::vector<core::Rate> rates_per_device;
  std::int64_t memory_bytes_per_second = 0;
  std::int64_t disk_read_bytes_per_second = 0;
  std::int64_t disk_write_bytes_per_second = 0;
  core::Time measured_at;
  core::Time expires;
  bool is_valid = false;
};
BOOST_DESCRIBE_STRUCT(MeasuredView, (),
                      (rates_per_cpu, rates_per_device, memory_bytes_per_second,
                       disk_read_bytes_per_second, disk_write_bytes_per_second, measured_at,
                       expires, is_valid))

struct PriceView {
  core::Money per_cpu_hour_micros;
  core::Money per_gib_hour_micros;
  core::Money per_device_hour_micros;
  core::Duration minimum_microseconds;
};
BOOST_DESCRIBE_STRUCT(PriceView, (),
                      (per_cpu_hour_micros, per_gib_hour_micros, per_device_hour_micros,
                       minimum_microseconds))

struct CapacityView {
  core::MilliCpus milli_cpus;
  core::Bytes memory_bytes;
  std::int64_t devices = 0;
  core::Bytes scratch_bytes;  // Disk space for jobs. 0 in total: unknown, and not counted.
};
BOOST_DESCRIBE_STRUCT(CapacityView, (), (milli_cpus, memory_bytes, devices, scratch_bytes))

/// The free cards of a pool, on nodes that are up, and how many of them are of use.
struct FragmentationView {
  std::int64_t free_devices = 0;
  /// Thousandths of devices that their node has too few free cores for, at what a device brings in
  /// this pool.
  std::int64_t stranded_devices_milli = 0;
  std::int64_t whole_nodes = 0;      // With all their devices free.
  std::int64_t largest_devices = 0;  // The most free on one node.
  core::MilliCpus milli_cpus_per_device;
};
BOOST_DESCRIBE_STRUCT(FragmentationView, (),
                      (free_devices, stranded_devices_milli, whole_nodes, largest_devices,
                       milli_cpus_per_device))

/// A pool of another region, as its hub announced it last.
struct RemotePoolView {
  std::string name;
  std::string identifier;  // "SITE-ID/name"
  core::ComputeClass class_ = core::ComputeClass::basic;
  topology::PoolStatus status = topology::PoolStatus::active;
  std::int64_t nodes_up = 0;
  std::vector<topology::DeviceGroup> devices_per_node;
  std::vector<std::string> software;
  topology::Isolation isolation = topology::Isolation::none;
  topology::Network network = topology::Network::none;
  PriceView price;
  std::optional<MeasuredView> measured;
  CapacityView total;
  CapacityView free;
  std::optional<FragmentationView> fragmentation;  // Absent: no devices, or its hub does not tell.
};
BOOST_DESCRIBE_STRUCT(RemotePoolView, (),
                      (name, identifier, class_, status, nodes_up, devices_per_node, software,
                       isolation, network, price, measured, total, free, fragmentation))

/// A site of another region, known by its hub's beacons alone.
struct RemoteSiteView {
  std::string name;
  std::string identifier;
  std::string region;  // Of its hub.
  std::string hub;     // Identifier.
  std::string hub_name;
  bool is_lost = false;  // The hub's beacons no longer count.
  core::Time heard;      // When the last one came: the age of all here.
  std::vector<RemotePoolView> pools;
};
BOOST_DESCRIBE_STRUCT(RemoteSiteView, (),
                      (name, identifier, region, hub, hub_name, is_lost, heard, pools))

}  // namespace intertie::api
