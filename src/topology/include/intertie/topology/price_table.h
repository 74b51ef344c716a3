// The posted price of a pool.
#pragma once

#include <boost/describe.hpp>

#include "intertie/core/quantity.h"

namespace intertie::topology {

/// What reserved capacity costs an hour, whether used or not. Every price is 0 or more. The
/// arithmetic that turns it into a charge stands in market/charge.h.
struct PriceTable {
  core::Money per_cpu_hour;     // Of one core (1000 milli-cpus).
  core::Money per_gib_hour;     // Of 2^30 bytes of memory.
  core::Money per_device_hour;  // Of one device.
  core::Duration minimum;       // An attempt that starts is charged at least this long.

  friend bool operator==(const PriceTable&, const PriceTable&) = default;
};
BOOST_DESCRIBE_STRUCT(PriceTable, (), (per_cpu_hour, per_gib_hour, per_device_hour, minimum))

}  // namespace intertie::topology
