// What two hubs told each other in the first version of docs/formats/hub-channel.md: the fields
// that a hub of the version before writes and knows. Frozen; as peer_messages.h but for what it
// lacks.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include <boost/describe.hpp>

#include "intertie/core/quantity.h"
#include "intertie/core/rate.h"
#include "intertie/core/reason.h"
#include "intertie/core/time.h"
#include "intertie/hub/job_document.h"
#include "intertie/placement/request.h"
#include "intertie/topology/pool.h"

namespace intertie::simulation::older {

struct Requirements {
  std::optional<core::ComputeClass> compute_class;
  std::int64_t tasks = 1;
  core::MilliCpus cpus;
  core::Bytes memory;
  std::vector<placement::DeviceRequest> devices;
  std::optional<core::Rate> rate;
  std::vector<std::string> software;
  topology::Isolation isolation = topology::Isolation::namespace_;
  topology::Network network = topology::Network::none;
  std::vector<std::string> regions;
  std::vector<std::string> regions_excluded;
  std::vector<topology::SiteHandle> sites_excluded;
  std::optional<std::int64_t> latency_max_ms;
  std::vector<topology::SiteHandle> own_sites;
};
BOOST_DESCRIBE_STRUCT(Requirements, (),
                      (compute_class, tasks, cpus, memory, devices, rate, software, isolation,
                       network, regions, regions_excluded, sites_excluded, latency_max_ms,
                       own_sites))

struct ReserveRequest {
  std::uint64_t offer = 0;
  std::string pool;
  Requirements requirements;
  core::Duration time_limit;
  hub::OnLoss on_loss = hub::OnLoss::wait;
  topology::PriceTable price;
  core::Bytes input;
  std::string user;
};
BOOST_DESCRIBE_STRUCT(ReserveRequest, (),
                      (offer, pool, requirements, time_limit, on_loss, price, input, user))

struct ReserveGranted {
  std::uint64_t offer = 0;
  core::Time expires;
};
BOOST_DESCRIBE_STRUCT(ReserveGranted, (), (offer, expires))

struct ReserveRefused {
  std::uint64_t offer = 0;
  core::Reason reason = core::Reason::busy;
  std::string detail;
};
BOOST_DESCRIBE_STRUCT(ReserveRefused, (), (offer, reason, detail))

struct Commit {
  std::uint64_t offer = 0;
  std::uint32_t attempt = 0;
};
BOOST_DESCRIBE_STRUCT(Commit, (), (offer, attempt))

struct Withdraw {
  std::uint64_t offer = 0;
  core::Reason reason = core::Reason::cancelled_by_user;
};
BOOST_DESCRIBE_STRUCT(Withdraw, (), (offer, reason))

struct OfferBegan {
  std::uint64_t offer = 0;
  core::Time at;
};
BOOST_DESCRIBE_STRUCT(OfferBegan, (), (offer, at))

struct OfferCharged {
  std::uint64_t offer = 0;
  std::uint64_t record = 0;
  core::Time from;
  core::Time to;
  bool is_last = false;
  core::Money charge;
};
BOOST_DESCRIBE_STRUCT(OfferCharged, (), (offer, record, from, to, is_last, charge))

struct OfferOver {
  std::uint64_t offer = 0;
  std::optional<core::Reason> failure;
  std::int32_t exit_code = 0;
  core::Time at;
  bool is_site_fault = false;
};
BOOST_DESCRIBE_STRUCT(OfferOver, (), (offer, failure, exit_code, at, is_site_fault))

struct ChargeDisputed {
  std::uint64_t offer = 0;
  std::uint64_t record = 0;
  core::Money charge;
  std::string detail;
};
BOOST_DESCRIBE_STRUCT(ChargeDisputed, (), (offer, record, charge, detail))

using PeerMessage = std::variant<ReserveRequest, ReserveGranted, ReserveRefused, Commit, Withdraw,
                                 OfferBegan, OfferCharged, OfferOver, ChargeDisputed>;

struct Pool {
  topology::PoolHandle handle;
  topology::SiteHandle site;
  std::string name;
  std::string identifier;
  std::string region;
  core::ComputeClass compute_class = core::ComputeClass::basic;
  topology::Authority authority = topology::Authority::intertie;
  topology::PoolStatus status = topology::PoolStatus::active;
  core::MilliCpus cpus_per_node;
  core::Bytes memory_per_node;
  std::vector<topology::DeviceGroup> devices_per_node;
  std::vector<topology::Node> nodes;
  std::vector<std::string> software;
  topology::Isolation isolation = topology::Isolation::none;
  topology::Network network = topology::Network::none;
  topology::PriceTable price;
  topology::UserLine user_line;
  std::optional<topology::Capability> capability;
};
BOOST_DESCRIBE_STRUCT(Pool, (),
                      (handle, site, name, identifier, region, compute_class, authority, status,
                       cpus_per_node, memory_per_node, devices_per_node, nodes, software, isolation,
                       network, price, user_line, capability))

struct BeaconPool {
  Pool pool;
  std::uint32_t nodes = 0;
  std::string site;
  std::string site_identifier;
  std::string site_sign_key;
  core::MilliCpus free_cpus;
  core::Bytes free_memory;
  std::vector<std::int64_t> free_devices;
};
BOOST_DESCRIBE_STRUCT(BeaconPool, (),
                      (pool, nodes, site, site_identifier, site_sign_key, free_cpus, free_memory,
                       free_devices))

struct Beacon {
  std::uint64_t number = 0;
  bool is_full = false;
  core::Duration lifetime;
  std::uint64_t received = 0;
  std::vector<BeaconPool> pools;
};
BOOST_DESCRIBE_STRUCT(Beacon, (), (number, is_full, lifetime, received, pools))

}  // namespace intertie::simulation::older
