// What a pool can do, as it was measured.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include <boost/describe.hpp>

#include "intertie/core/rate.h"
#include "intertie/core/time.h"

namespace intertie::topology {

/// The figures of one verified measurement of a pool. A pool without one, or with one that has
/// expired, is `unmeasured`. Rates hold at most one value a precision, all above 0.
struct Capability {
  std::vector<core::Rate> rates_per_cpu;     // Of one core (1000 milli-cpus).
  std::vector<core::Rate> rates_per_device;  // Of one device of the pool.
  std::int64_t memory_bytes_per_second = 0;  // Of one node. 0: not measured.
  std::int64_t disk_read_bytes_per_second = 0;
  std::int64_t disk_write_bytes_per_second = 0;
  core::Time measured_at;
  core::Time expires;  // The first instant at which the figures no longer count.

  friend bool operator==(const Capability&, const Capability&) = default;
};
BOOST_DESCRIBE_STRUCT(Capability, (),
                      (rates_per_cpu, rates_per_device, memory_bytes_per_second,
                       disk_read_bytes_per_second, disk_write_bytes_per_second, measured_at,
                       expires))

/// The operations per second of this precision, or nothing if it was not measured. Rates of other
/// precisions never stand in. O(number of rates).
std::optional<std::int64_t> find_rate(const std::vector<core::Rate>& rates,
                                      core::Precision precision);

/// True from `measured_at` on and before `expires`. O(1).
bool is_valid_at(const Capability& capability, core::Time now);

}  // namespace intertie::topology
