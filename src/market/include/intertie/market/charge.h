// What reserved capacity costs: the one formula of the product.
#pragma once

#include <cstdint>

#include <boost/describe.hpp>

#include "intertie/core/quantity.h"
#include "intertie/core/result.h"
#include "intertie/market/price.h"

namespace intertie::market {

/// What is set aside for an attempt, all its tasks together. Nothing is negative.
struct ReservedAmounts {
  core::MilliCpus cpus;
  core::Bytes memory;
  std::int64_t devices = 0;
  friend bool operator==(const ReservedAmounts&, const ReservedAmounts&) = default;
};
BOOST_DESCRIBE_STRUCT(ReservedAmounts, (), (cpus, memory, devices))

/// The charge for having the amounts reserved from `from` to `to`, both counted from the start of
/// the attempt, 0 <= from <= to.
///
/// Formula: let P be the exact price of one hour, cpus * per_cpu_hour / 1000 +
/// memory * per_gib_hour / 2^30 + devices * per_device_hour, and C(0) = 0,
/// C(t) = floor(P * max(t, minimum) / 1 h) in micros. The charge is C(to) - C(from). So however an
/// attempt is cut into intervals, the charges add up to C(end) exactly, and the total is less than
/// one micro below the exact price. All in integers: two hubs always agree.
///
/// Refuses: out_of_range (a negative amount or price, from > to, from < 0), amount_overflow (the
/// charge is beyond Money). O(1).
core::Result<core::Money> compute_charge(const ReservedAmounts& amounts, const PriceTable& price,
                                         core::Duration from, core::Duration to);

/// The most that an attempt can cost which ends at its time limit: C(time_limit). What is held.
core::Result<core::Money> compute_maximum_charge(const ReservedAmounts& amounts,
                                                 const PriceTable& price,
                                                 core::Duration time_limit);

/// The price of one hour, rounded up to a micro: for people and for ranking, never for charging.
core::Result<core::Money> compute_hourly_price(const ReservedAmounts& amounts,
                                               const PriceTable& price);

}  // namespace intertie::market
