// What a site with Slurm offers, from its first start on.
#pragma once

#include <string>
#include <vector>

#include "intertie/core/result.h"
#include "intertie/service/site_service.h"

namespace intertie::service {

/// The offer that FOLDER/slurm-pools.json keeps, if the site has joined: the hub knows pools by
/// their position. Otherwise what Slurm has now, which is stored there. As discover_pools;
/// io_failed.
core::Result<std::vector<execution_slurm::SlurmPool>> find_slurm_offer(const std::string& folder,
                                                                       const SlurmSite& slurm,
                                                                       const topology::Pool& model,
                                                                       bool has_joined);

}  // namespace intertie::service
