// Estimates of money and time for one pool.
#include "intertie/placement/cost.h"

#include <algorithm>
#include <utility>

#include "wide.h"

namespace intertie::placement {
namespace {

using core::Duration;
using core::Money;

constexpr std::int64_t kMicrosPerHour = 3'600'000'000;
constexpr std::int64_t kBytesPerGigabyte = 1'000'000'000;

Movement add(const Movement& a, const Movement& b) {
  return {{add_clamped(a.price.count, b.price.count)}, {add_clamped(a.time.count, b.time.count)}};
}

// Money first, delay included; then time.
std::pair<std::int64_t, std::int64_t> compute_weight(const JobPreferences& preferences,
                                                     const Movement& movement) {
  const Money delay = compute_price(preferences.price_per_hour_of_delay, movement.time);
  return {add_clamped(movement.price.count, delay.count), movement.time.count};
}

topology::LineTerms get_terms(const topology::RegionLines* lines,
                              const topology::RegionLines::Ends& ends, core::Time now) {
  static const topology::RegionLines kNone;
  return (lines == nullptr ? kNone : *lines).get_terms(ends, now);
}

Movement move_over(const topology::RegionLines* lines, core::Bytes size,
                   const topology::RegionLines::Ends& ends, core::Time now) {
  const topology::LineTerms line = get_terms(lines, ends, now);
  return compute_movement(size, line.bits_per_second, line.latency_ms, line.price_per_gigabyte);
}

}  // namespace

Money compute_hourly_price(const Requirements& requirements, const topology::PriceTable& price) {
  std::int64_t devices = 0;
  for (const DeviceRequest& request : requirements.devices) devices += request.count;
  const auto times_tasks = [&](std::int64_t per_task) {
    return multiply_divide(per_task, requirements.tasks, 1);
  };
  const std::int64_t cpus =
      multiply_divide(times_tasks(requirements.cpus.count), price.per_cpu_hour.count, 1'000);
  const std::int64_t memory =
      multiply_divide(times_tasks(requirements.memory.count), price.per_gib_hour.count, 1LL << 30);
  const std::int64_t cards = multiply_divide(times_tasks(devices), price.per_device_hour.count, 1);
  return {add_clamped(add_clamped(cpus, memory), cards)};
}

Money compute_price(Money hourly, Duration duration) {
  return {multiply_divide(hourly.count, duration.count, kMicrosPerHour)};
}

Movement compute_movement(core::Bytes size, std::int64_t bandwidth_bits_per_second,
                          std::int64_t latency_ms, Money price_per_gigabyte) {
  if (size.count == 0) return {};
  Movement movement;
  movement.price = {multiply_divide(size.count, price_per_gigabyte.count, kBytesPerGigabyte)};
  movement.time = {multiply_divide(latency_ms, 1'000, 1)};
  if (bandwidth_bits_per_second > 0) {
    const std::int64_t sending = multiply_divide(size.count, 8'000'000, bandwidth_bits_per_second);
    movement.time = {add_clamped(movement.time.count, sending)};
  }
  return movement;
}

const std::string* find_source(const JobPreferences& preferences, const DataLocation& input,
                               const std::string& region, const topology::RegionLines* lines,
                               core::Time now) {
  const bool is_there = std::ranges::find(input.regions, region) != input.regions.end();
  if (input.regions.empty() || is_there) return nullptr;
  const std::string* best = nullptr;
  std::pair<std::int64_t, std::int64_t> least;
  for (const std::string& from : input.regions) {
    const auto weight =
        compute_weight(preferences, move_over(lines, input.size, {from, region}, now));
    if (best != nullptr && least <= weight) continue;
    best = &from;
    least = weight;
  }
  return best;
}

Movement compute_region_movement(const JobPreferences& preferences, const std::string& region,
                                 const topology::RegionLines* lines, core::Time now) {
  Movement all;
  for (const DataLocation& input : preferences.inputs) {
    const std::string* from = find_source(preferences, input, region, lines, now);
    if (from != nullptr) all = add(all, move_over(lines, input.size, {*from, region}, now));
  }
  return all;
}

std::int64_t compute_user_latency(const std::string& user_region, const topology::Pool& pool,
                                  const topology::RegionLines* lines, core::Time now) {
  const std::int64_t here = pool.user_line.latency_ms;
  if (user_region.empty() || user_region == pool.region) return here;
  return add_clamped(here, get_terms(lines, {user_region, pool.region}, now).latency_ms);
}

Movement compute_input_movement(const JobPreferences& preferences, const topology::Pool& pool,
                                const Movement& to_region) {
  Movement all = to_region;
  for (const DataLocation& input : preferences.inputs) {
    all = add(all, compute_movement(input.size, pool.user_line.bandwidth_bits_per_second,
                                    pool.user_line.latency_ms, pool.user_line.price_per_gigabyte));
  }
  return all;
}

Duration compute_run_time(const Requirements& requirements, const JobPreferences& preferences,
                          std::int64_t ops_per_second) {
  const Duration expected = preferences.estimate.value_or(preferences.time_limit);
  if (!requirements.rate || ops_per_second <= 0) return std::min(expected, preferences.time_limit);
  const Duration scaled{
      multiply_divide(expected.count, requirements.rate->ops_per_second, ops_per_second)};
  return std::min(scaled, preferences.time_limit);
}

}  // namespace intertie::placement
