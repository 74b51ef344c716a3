// What a site, or the hub it belongs to, is told about an output that it brings to its owner.
#pragma once

#include <vector>

#include <boost/describe.hpp>

#include "intertie/api/dataset_views.h"

namespace intertie::api {

/// What is still to come of it.
struct LandingView {
  bool is_complete = false;
  std::vector<ChunkRangeView> missing;  // The first ranges.
};
BOOST_DESCRIBE_STRUCT(LandingView, (), (is_complete, missing))

}  // namespace intertie::api
