// How much of a line is reserved when, and what a new transfer may reserve of it.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "intertie/core/quantity.h"
#include "intertie/core/time.h"

namespace intertie::transfer {

/// A rate on a line, set aside for [from, to).
struct LineShare {
  std::int64_t bits_per_second = 0;  // Above 0.
  core::Time from;
  core::Time to;

  friend bool operator==(const LineShare&, const LineShare&) = default;
};

/// The most that is reserved at any one time of [from, to), from < to. Pure; O(n log n).
std::int64_t compute_peak(std::span<const LineShare> shares, core::Time from, core::Time to);

/// The part of a line that may be reserved: line_reservable_percent of it, at least 1 bit/s.
std::int64_t compute_reservable(std::int64_t bandwidth_bits_per_second);

/// What a transfer of `size` bytes (above 0) that begins at `now` may reserve of a line: the rate
/// at which it has crossed in line_leg_aim, at most 1/line_leg_divisor of what may be reserved, and
/// no more than that part of what is left; for line_leg_time_factor times as long as the data then
/// needs, and line_leg_slack. Nothing if that is less than 1/line_leg_least_divisor of the rate it
/// would have of an empty line. With what `shares` hold the line is never reserved beyond
/// compute_reservable(), if it was not before. Pure; O(n log n).
std::optional<LineShare> plan_share(std::span<const LineShare> shares,
                                    std::int64_t bandwidth_bits_per_second, core::Bytes size,
                                    core::Time now);

}  // namespace intertie::transfer
