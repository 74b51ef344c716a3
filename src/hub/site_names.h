// Sites by name in what a job excludes: "name", in any region, or "region/name".
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "intertie/core/result.h"
#include "intertie/hub/commands.h"
#include "intertie/hub/state.h"
#include "intertie/placement/request.h"

namespace intertie::hub {

class Grid;

/// Whether `written` means the site called `name` in the region of its hub.
bool means_site(std::string_view written, std::string_view region, std::string_view name);

/// Adds a job's where.not names to its requirements; those of this hub's sites as handles, too.
/// Refuses with bad_field what nobody is called: neither a site here, nor one that another region
/// has announced. Of "region/name" the region must be a peer's: its sites are known by beacons,
/// which pass.
core::Result<void> exclude_sites(const State& state, const Grid& grid,
                                 const std::vector<std::string>& names,
                                 placement::Requirements& requirements);

/// The submission's shape with exclude_sites done, canonical.
core::Result<JobShape> resolve_shape(const State& state, const Grid& grid,
                                     const Submission& submission);

/// What another hub excludes, as handles of this hub's sites instead. O(sites * names).
void resolve_site_names(const State& state, placement::Requirements& requirements);

}  // namespace intertie::hub
