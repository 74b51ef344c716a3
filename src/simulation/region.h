// One region of a run: its hub, the hub's log as others read it, its users and its sites.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "facts.h"
#include "hub_node.h"
#include "peer_port.h"
#include "site_node.h"
#include "users.h"
#include "world.h"

namespace intertie::simulation {

struct Region {
  Region(World& world, Network& network, ProcessTable& processes, std::size_t number)
      : hub(world, network, number),
        facts(world, processes, number, hub.first_site()),
        users(world, network, hub, facts) {}

  HubNode hub;
  Facts facts;
  Users users;
  std::vector<std::unique_ptr<SiteNode>> sites;  // By handle.
};

/// By the hubs' numbers.
using Regions = std::vector<std::unique_ptr<Region>>;

/// What the hub and a peer of it owe each other. O(log accounts).
inline const ledger::Account& get_clearing(const hub::State& state, std::uint32_t peer) {
  return *state.ledger.find_account({state.peers[peer].terms.account});
}

}  // namespace intertie::simulation
