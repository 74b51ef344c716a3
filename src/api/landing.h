// Outputs of jobs on their way to the datasets that their job files name (data.out[].to).
//
// A site brings an output to its own hub, step by step: the manifest, the chunks that are missing,
// and, when all outputs of the attempt are there, the name. For a guest the hub hands each step on
// to the job's home, and home hands it on to the region that the job file names. Nobody but the hub
// in whose store it lies keeps anything, and the name comes last, so there is never half a dataset
// under it.
#pragma once

#include "route.h"

namespace intertie::api {

/// PUT /site/v1/outputs/{dataset}..., for a job whose present attempt is the asking site's.
void add_site_output_routes(std::vector<Route>& routes);

/// PUT /peer/v1/outputs/{dataset}..., for an offer that runs at the asking hub.
void add_peer_output_routes(std::vector<Route>& routes);

}  // namespace intertie::api
