// Content as an answer, to users and to sites.
#pragma once

#include <vector>

#include "route.h"

namespace intertie::api {

/// Datasets and content of users; add_content_routes() includes them.
void add_dataset_routes(std::vector<Route>& routes);

/// What a site reads to stage a job.
void add_site_content_routes(std::vector<Route>& routes);

}  // namespace intertie::api
