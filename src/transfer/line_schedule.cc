// Reservations of a line over time.
#include "intertie/transfer/line_schedule.h"

#include <algorithm>
#include <cassert>
#include <utility>
#include <vector>

#include "intertie/core/limits.h"

#include "line_units.h"

namespace intertie::transfer {
namespace {

namespace limits = core::limits;

// Far beyond any transfer; keeps times within 64 bits.
constexpr core::Duration kLongest = core::hours(24 * 366);

std::int64_t divide_up(Wide dividend, std::int64_t divisor) {
  const Wide quotient = (dividend + divisor - 1) / divisor;
  return static_cast<std::int64_t>(std::min<Wide>(quotient, INT64_MAX));
}

core::Duration compute_stay(core::Bytes size, std::int64_t bits_per_second) {
  const std::int64_t needed =
      divide_up(Wide{size.count} * kBitsPerByte * kMicrosPerSecond, bits_per_second);
  const core::Duration sending{std::min(needed, kLongest.count)};
  return sending * limits::line_leg_time_factor + limits::line_leg_slack;
}

}  // namespace

std::int64_t compute_peak(std::span<const LineShare> shares, core::Time from, core::Time to) {
  assert(from < to);
  // Changes of the sum within the interval; at one instant, ends come before beginnings.
  std::vector<std::pair<core::Time, std::int64_t>> changes;
  for (const LineShare& share : shares) {
    if (share.to <= from || to <= share.from) continue;
    changes.emplace_back(std::max(share.from, from), share.bits_per_second);
    changes.emplace_back(share.to, -share.bits_per_second);
  }
  std::ranges::sort(changes);
  std::int64_t sum = 0;
  std::int64_t peak = 0;
  for (const auto& [at, change] : changes) {
    sum += change;
    peak = std::max(peak, sum);
  }
  return peak;
}

std::int64_t compute_reservable(std::int64_t bandwidth_bits_per_second) {
  const Wide part = Wide{bandwidth_bits_per_second} * limits::line_reservable_percent / 100;
  return std::max<std::int64_t>(static_cast<std::int64_t>(part), 1);
}

std::optional<LineShare> plan_share(std::span<const LineShare> shares,
                                    std::int64_t bandwidth_bits_per_second, core::Bytes size,
                                    core::Time now) {
  assert(bandwidth_bits_per_second > 0 && size.count > 0);
  const std::int64_t reservable = compute_reservable(bandwidth_bits_per_second);
  const std::int64_t most = std::max<std::int64_t>(reservable / limits::line_leg_divisor, 1);
  const std::int64_t wish = std::min(
      most,
      divide_up(Wide{size.count} * kBitsPerByte * kMicrosPerSecond, limits::line_leg_aim.count));
  const std::int64_t least = divide_up(wish, limits::line_leg_least_divisor);
  // A lower rate takes longer, so it must be free for longer.
  const core::Time longest = now + compute_stay(size, least);
  const std::int64_t left = reservable - compute_peak(shares, now, longest);
  // Whoever comes later, with less to send, finds something, too.
  const std::int64_t rate = std::min(wish, left - left / limits::line_leg_divisor);
  if (rate < least) return std::nullopt;
  return LineShare{rate, now, now + compute_stay(size, rate)};
}

}  // namespace intertie::transfer
