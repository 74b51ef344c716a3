// Who belongs to which hub: the simulated regions, their hubs and the numbers of their sites.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "intertie/core/quantity.h"
#include "intertie/crypto/signature.h"
#include "intertie/simulation/scenario.h"

namespace intertie::simulation {

/// A site, by its number in the run.
struct SitePlace {
  const SiteSpec* spec = nullptr;
  std::size_t hub = 0;
  std::uint32_t handle = 0;  // At its hub.
};

/// All sites: those of hub 0 first, then those of hub 1, ...
std::vector<SitePlace> list_sites(const Scenario& scenario);

/// Code of the hub's region (GB/T 2260, two digits), and the hub's identifier.
std::string make_region(std::size_t hub);
std::string make_hub_id(std::size_t hub);

/// What the hub signs with.
crypto::KeyPair make_hub_key(std::size_t hub);

/// Under which handle `at` knows `other`: hubs join each other in the order of their numbers.
inline std::uint32_t get_peer_handle(std::size_t at, std::size_t other) {
  return static_cast<std::uint32_t>(other < at ? other : other - 1);
}
inline std::size_t get_peer_hub(std::size_t at, std::uint32_t handle) {
  return handle < at ? handle : handle + 1;
}

/// The hub's load at this moment, in thousandths of its peak.
std::int64_t compute_load(const Scenario& scenario, std::size_t hub, core::Duration now);

/// Memory of one node of every simulated pool.
inline constexpr core::Bytes kNodeMemory{64LL << 30};

}  // namespace intertie::simulation
