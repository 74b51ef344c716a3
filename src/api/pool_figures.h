// Prices, measurements and capacities of pools as they are shown, of this region and of others.
#pragma once

#include "intertie/api/pool_views.h"
#include "intertie/core/time.h"
#include "intertie/placement/pool_capacity.h"
#include "intertie/topology/pool.h"

namespace intertie::api {

PriceView make_price_view(const topology::PriceTable& price);
MeasuredView make_measured_view(const topology::Capability& measured, core::Time now);
CapacityView make_capacity_view(const placement::FreeCounts& counts);

}  // namespace intertie::api
