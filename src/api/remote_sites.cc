#include "remote_sites.h"

#include <map>
#include <utility>

#include "pool_figures.h"

namespace intertie::api {
namespace {

RemotePoolView make_pool_view(const hub::AnnouncedPool& announced, core::Time now) {
  const topology::Pool& pool = *announced.terms;
  auto view = make_shown_pool<RemotePoolView>(pool, {announced.total, announced.free}, now);
  view.identifier = pool.identifier;
  if (announced.cards) view.fragmentation = make_fragmentation_view(*announced.cards);
  return view;
}

}  // namespace

std::string name_remote_site(const hub::State& state, const hub::AnnouncedPool& pool) {
  return state.peers[pool.peer].terms.region + "/" + pool.site;
}

std::vector<RemoteSiteView> list_remote_sites(const hub::HubMachine& machine, core::Time now) {
  std::vector<RemoteSiteView> sites;
  std::map<std::pair<std::uint32_t, std::string>, std::size_t> places;
  for (const hub::AnnouncedPool& pool : machine.list_announced_pools()) {
    const auto [place, is_new] =
        places.try_emplace({pool.peer, pool.site_identifier}, sites.size());
    if (is_new) {
      const hub::PeerAdded& hub = machine.state().peers[pool.peer].terms;
      sites.push_back({pool.site,
                       pool.site_identifier,
                       hub.region,
                       hub.id,
                       hub.name,
                       !pool.is_heard,
                       pool.heard,
                       {}});
    }
    sites[place->second].pools.push_back(make_pool_view(pool, now));
  }
  return sites;
}

}  // namespace intertie::api
