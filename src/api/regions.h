// The regions that a hub speaks with, as the routes see them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "intertie/core/result.h"
#include "intertie/hub/machine.h"

namespace intertie::api {

struct RegionPeer {
  std::uint32_t handle = 0;
  std::string id;
  std::string region;
  std::string sign_key;
  bool is_heard = false;  // Its beacons count now.
};

struct Regions {
  std::string id;  // Of this hub.
  std::string region;
  std::string sign_key;
  std::vector<RegionPeer> peers;  // By handle.

  /// nullptr: no peer has it.
  const RegionPeer* find(std::string_view name) const;
};

/// On the engine's thread. O(peers).
Regions list_regions(const hub::HubMachine& machine);

/// Names the region that has no hub among the peers.
core::Error make_no_peer(const std::string& region);

}  // namespace intertie::api
