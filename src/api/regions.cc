#include "regions.h"

#include <algorithm>

namespace intertie::api {

const RegionPeer* Regions::find(std::string_view name) const {
  const auto found = std::ranges::find(peers, name, &RegionPeer::region);
  return found == peers.end() ? nullptr : &*found;
}

Regions list_regions(const hub::HubMachine& machine) {
  const hub::State& state = machine.state();
  Regions regions{state.facts.id, state.facts.region, state.facts.sign_key, {}};
  for (std::uint32_t peer = 0; peer < state.peers.size(); ++peer) {
    const hub::PeerAdded& terms = state.peers[peer].terms;
    regions.peers.push_back(
        {peer, terms.id, terms.region, terms.sign_key, machine.is_peer_heard(peer)});
  }
  return regions;
}

core::Error make_no_peer(const std::string& region) {
  return {core::Reason::not_found, "region " + region + ": no hub of it is a peer of this one"};
}

}  // namespace intertie::api
