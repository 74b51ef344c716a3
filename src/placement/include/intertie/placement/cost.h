// The cost of running a job in a pool: computing + data + line + delay, in money.
#pragma once

#include <cstdint>
#include <string>

#include <boost/describe.hpp>

#include "intertie/core/quantity.h"
#include "intertie/placement/request.h"
#include "intertie/topology/price_table.h"
#include "intertie/topology/region_lines.h"

namespace intertie::placement {

/// The parts of a cost. Estimates for ranking; every part is rounded up to a micro and clamped to
/// the range of Money. What is charged in the end, market and transfer compute.
struct CostParts {
  core::Money computing;  // What is reserved, for as long as the job is expected to run.
  core::Money data;       // Bringing the inputs.
  core::Money line;       // Sending the output over the pool's user line.
  core::Money delay;      // The time until the job has ended, at the job's price of delay.
  core::Money total;

  friend bool operator==(const CostParts&, const CostParts&) = default;
};
BOOST_DESCRIBE_STRUCT(CostParts, (), (computing, data, line, delay, total))

/// Times of one candidate. They follow each other: wait, move, run, return.
struct TimeParts {
  core::Duration wait;         // Expected queue at the site.
  core::Duration move;         // Until the last input is there.
  core::Duration run;          // Expected.
  core::Duration send_output;  // Output to the user.

  friend bool operator==(const TimeParts&, const TimeParts&) = default;
};
BOOST_DESCRIBE_STRUCT(TimeParts, (), (wait, move, run, send_output))

/// What moving bytes costs and takes.
struct Movement {
  core::Money price;
  core::Duration time;
  friend bool operator==(const Movement&, const Movement&) = default;
};

/// The price of one hour of all tasks of a job, rounded up. Clamped. O(1).
core::Money compute_hourly_price(const Requirements& requirements,
                                 const topology::PriceTable& price);

/// hourly * duration / 1 h, rounded up. Clamped. hourly, duration >= 0. O(1).
core::Money compute_price(core::Money hourly, core::Duration duration);

/// Moving `size` bytes over a line; bandwidth 0: takes the latency alone. Rounded up, clamped.
Movement compute_movement(core::Bytes size, std::int64_t bandwidth_bits_per_second,
                          std::int64_t latency_ms, core::Money price_per_gigabyte);

/// The region whose copy of an input is the cheapest to bring to `region`: by price, and time at
/// the job's price of delay; nullptr: it lies there, or in no named region. Without `lines`, none
/// are known. O(copies).
const std::string* find_source(const JobPreferences& preferences, const DataLocation& input,
                               const std::string& region, const topology::RegionLines* lines,
                               core::Time now);

/// Bringing all inputs of the job to the region: each from its cheapest copy (price, and time at
/// the job's price of delay) over the line from there; nothing for what lies there already. Without
/// `lines`, none are known. Prices and times add up: inputs may share a line. O(copies).
Movement compute_region_movement(const JobPreferences& preferences, const std::string& region,
                                 const topology::RegionLines* lines, core::Time now);

/// From users in that region (empty: where the pool is) to the pool, one way in milliseconds: the
/// line between the regions, if they differ, and the pool's user line. Clamped. O(log lines).
std::int64_t compute_user_latency(const std::string& user_region, const topology::Pool& pool,
                                  const topology::RegionLines* lines, core::Time now);

/// And from there to the pool over its user line. O(inputs).
Movement compute_input_movement(const JobPreferences& preferences, const topology::Pool& pool,
                                const Movement& to_region);

/// The expected running time: the estimate (else the time limit), shortened by
/// required rate / measured rate if a rate is named (`ops_per_second` > 0). Rounded up; at most the
/// time limit. O(1).
core::Duration compute_run_time(const Requirements& requirements, const JobPreferences& preferences,
                                std::int64_t ops_per_second);

}  // namespace intertie::placement
