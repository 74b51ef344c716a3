// Prices, measurements and capacities of pools as they are shown, of this region and of others.
#pragma once

#include <algorithm>

#include "intertie/api/pool_views.h"
#include "intertie/core/time.h"
#include "intertie/placement/card_choice.h"
#include "intertie/placement/pool_capacity.h"
#include "intertie/topology/pool.h"

namespace intertie::api {

PriceView make_price_view(const topology::PriceTable& price);
MeasuredView make_measured_view(const topology::Capability& measured, core::Time now);
CapacityView make_capacity_view(const placement::FreeCounts& counts);
FragmentationView make_fragmentation_view(const placement::CardSummary& summary);

struct PoolCounts {
  const placement::FreeCounts& total;
  const placement::FreeCounts& free;
};

/// A PoolView or RemotePoolView with all that the two share.
template <class View>
View make_shown_pool(const topology::Pool& pool, PoolCounts counts, core::Time now) {
  View view;
  view.name = pool.name;
  view.class_ = pool.compute_class;
  view.status = pool.status;
  view.nodes_up = std::ranges::count(pool.nodes, true, &topology::Node::is_up);
  view.devices_per_node = pool.devices_per_node;
  view.software = pool.software;
  view.isolation = pool.isolation;
  view.network = pool.network;
  view.price = make_price_view(pool.price);
  if (pool.capability) view.measured = make_measured_view(*pool.capability, now);
  view.total = make_capacity_view(counts.total);
  view.free = make_capacity_view(counts.free);
  return view;
}

}  // namespace intertie::api
