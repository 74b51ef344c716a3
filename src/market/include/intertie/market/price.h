// Posted prices: which price tables are accepted.
#pragma once

#include "intertie/core/quantity.h"
#include "intertie/core/result.h"
#include "intertie/topology/price_table.h"

namespace intertie::market {

/// The price table belongs to the pool's description; the rules about it stand here.
using topology::PriceTable;

/// The highest price per hour of anything: a million currency units.
inline constexpr core::Money price_per_hour_max{1'000'000'000'000};

/// Refuses with out_of_range and the field's name: a price below 0 or above price_per_hour_max, a
/// minimum below 0 or above an hour.
core::Result<void> check_price_table(const PriceTable& price);

}  // namespace intertie::market
