// The sites of other regions as their hubs' beacons describe them.
#pragma once

#include <string>
#include <vector>

#include "intertie/api/views.h"
#include "intertie/core/time.h"
#include "intertie/hub/machine.h"

namespace intertie::api {

/// "42/name": how a site of another region is called here.
std::string name_remote_site(const hub::State& state, const hub::AnnouncedPool& pool);

/// Those of all peers, in the order in which they were first announced.
std::vector<RemoteSiteView> list_remote_sites(const hub::HubMachine& machine, core::Time now);

}  // namespace intertie::api
