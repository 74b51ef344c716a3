// Descriptions of sites, pools, nodes and devices.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <boost/describe.hpp>

#include "intertie/core/classification.h"
#include "intertie/core/quantity.h"
#include "intertie/core/rate.h"
#include "intertie/core/result.h"
#include "intertie/topology/capability.h"
#include "intertie/topology/handle.h"
#include "intertie/topology/price_table.h"

namespace intertie::topology {

/// How strongly a site separates a job from its other jobs, weakest first. (`namespace` is a word
/// of C++, hence the underscore; texts for people leave it out.)
enum class Isolation : std::uint8_t { none, process, namespace_, container, machine };
BOOST_DESCRIBE_ENUM(Isolation, none, process, namespace_, container, machine)

/// What a job may reach: nothing, the other tasks of its gang, or the outside as well.
enum class Network : std::uint8_t { none, gang, outside };
BOOST_DESCRIBE_ENUM(Network, none, gang, outside)

/// Who chooses the cards: Intertie, or the site's own engine (Slurm, Kubernetes).
enum class Authority : std::uint8_t { intertie, engine };
BOOST_DESCRIBE_ENUM(Authority, intertie, engine)

/// Whether a pool takes jobs. drained: its operator stopped it. lost: the site does not answer.
/// failing: the breaker is open because jobs failed there. expired: its site's record was not
/// renewed; other regions are told "drained".
enum class PoolStatus : std::uint8_t { active, drained, lost, failing, expired };
BOOST_DESCRIBE_ENUM(PoolStatus, active, drained, lost, failing, expired)

/// Equal devices of one node. A node numbers its devices from 0, group after group in the order
/// listed; that number is the device index everywhere.
struct DeviceGroup {
  std::string kind;        // "gpu", "npu", ...
  std::string model;       // As measured, for example "h100". May be empty.
  std::int64_t count = 0;  // In each node; 1 or more.
  core::Bytes memory;      // Of one device. 0: unknown.

  friend bool operator==(const DeviceGroup&, const DeviceGroup&) = default;
};
BOOST_DESCRIBE_STRUCT(DeviceGroup, (), (kind, model, count, memory))

/// One machine of a pool. Its index in Pool::nodes is its number everywhere.
struct Node {
  std::string name;
  bool is_up = true;  // A node that is down takes no tasks.

  friend bool operator==(const Node&, const Node&) = default;
};
BOOST_DESCRIBE_STRUCT(Node, (), (name, is_up))

/// The line between a pool and the users of its region.
struct UserLine {
  std::int64_t latency_ms = 0;
  std::int64_t bandwidth_bits_per_second = 0;  // 0: unknown; data then takes no time.
  core::Money price_per_gigabyte;              // Of 10^9 bytes, either direction; 0 or more.

  friend bool operator==(const UserLine&, const UserLine&) = default;
};
BOOST_DESCRIBE_STRUCT(UserLine, (), (latency_ms, bandwidth_bits_per_second, price_per_gigabyte))

/// Interchangeable nodes of one site under one price.
struct Pool {
  PoolHandle handle;
  SiteHandle site;
  std::string name;        // Unique at its site.
  std::string identifier;  // Registered identifier as text; empty before registration.
  std::string region;      // Region code; compared byte by byte.
  core::ComputeClass compute_class = core::ComputeClass::basic;
  Authority authority = Authority::intertie;
  PoolStatus status = PoolStatus::active;

  core::MilliCpus cpus_per_node;  // What jobs may use; the site keeps its own share out of it.
  core::Bytes memory_per_node;
  std::vector<DeviceGroup> devices_per_node;
  std::vector<Node> nodes;

  std::vector<std::string> software;      // Sorted, unique.
  Isolation isolation = Isolation::none;  // The strongest it offers.
  Network network = Network::none;        // The most it allows.
  PriceTable price;
  UserLine user_line;
  std::optional<Capability> capability;  // Empty: unmeasured.
  bool takes_secrets = false;            // Its site has a key that secrets are sealed to.
  /// Up to which classification its operator has it cleared; by default for open data alone.
  core::Classification cleared = core::Classification::open;
  /// Disk space that jobs may fill, of the whole pool together. 0: unknown, and not counted.
  core::Bytes scratch{};

  friend bool operator==(const Pool&, const Pool&) = default;
};
BOOST_DESCRIBE_STRUCT(Pool, (),
                      (handle, site, name, identifier, region, compute_class, authority, status,
                       cpus_per_node, memory_per_node, devices_per_node, nodes, software, isolation,
                       network, price, user_line, capability, takes_secrets, cleared, scratch))

/// One place under one operator.
struct Site {
  SiteHandle handle;
  std::string name;
  std::string identifier;  // As in Pool.
  std::string region;
  std::string operator_account;  // The ledger account that is paid.

  friend bool operator==(const Site&, const Site&) = default;
};
BOOST_DESCRIBE_STRUCT(Site, (), (handle, name, identifier, region, operator_account))

/// Checks a description that came from outside: counts within core/limits.h (nodes, devices,
/// groups, software), nothing negative, node names unique and not empty, software sorted and
/// unique, rates above 0. Refuses with out_of_range, bad_field or duplicate_field and the field's
/// name. Linear in the size of the pool, times log for the names.
core::Result<void> check_pool(const Pool& pool);

/// Devices of one node over all groups. O(groups).
std::int64_t count_devices_per_node(const Pool& pool);

}  // namespace intertie::topology
