// What this machine offers: the default pool, and its devices as a task is given them.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "intertie/core/result.h"
#include "intertie/measurement/device_kind.h"
#include "intertie/measurement/statement.h"
#include "intertie/service/site_service.h"
#include "intertie/topology/pool.h"

namespace intertie::service {

/// Found once at the start. Devices are numbered as topology::DeviceGroup says: group after group.
struct SiteMachine {
  measurement::Machine machine;
  std::vector<measurement::DeviceKind> kinds;
  std::vector<measurement::Device> devices;
  std::vector<measurement::MeasuredDevices> groups;
  bool has_real_nodes = true;  // False in rehearsals with another device root.
};

core::Result<SiteMachine> discover_site_machine(const SiteOptions& options);

/// One pool "default" with this machine as its only node: what a job may use after the site has
/// kept its share. `isolation` is the strongest level that the runner has proved.
topology::Pool make_default_pool(const SiteOptions& options, const SiteMachine& machine,
                                 topology::Isolation isolation);

/// What a task is given for the devices of its slot: nodes, and the variables that tell it which
/// devices are its own. Refuses with devices_too_few when an index is not there any more.
struct DeviceGift {
  std::vector<std::string> nodes;
  std::map<std::string, std::string> environment;
};
core::Result<DeviceGift> grant_devices(const SiteMachine& machine,
                                       const std::vector<std::uint32_t>& indices,
                                       topology::Isolation isolation);

}  // namespace intertie::service
