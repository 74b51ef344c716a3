// Estimates of money and time for one pool.
#include "intertie/placement/cost.h"

#include <algorithm>

#include "wide.h"

namespace intertie::placement {
namespace {

using core::Duration;
using core::Money;

constexpr std::int64_t kMicrosPerHour = 3'600'000'000;
constexpr std::int64_t kBytesPerGigabyte = 1'000'000'000;

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

Movement compute_input_movement(const JobPreferences& preferences, const topology::Pool& pool,
                                const topology::Snapshot& snapshot) {
  Movement all;
  for (const DataLocation& input : preferences.inputs) {
    if (input.site == pool.site) continue;
    const topology::Line* line = input.site ? snapshot.find_line(*input.site, pool.site) : nullptr;
    const Movement one =
        line != nullptr
            ? compute_movement(input.size, line->bandwidth_bits_per_second, line->latency_ms,
                               line->price_per_gigabyte)
            : compute_movement(input.size, pool.user_line.bandwidth_bits_per_second,
                               pool.user_line.latency_ms, pool.user_line.price_per_gigabyte);
    all.price = {add_clamped(all.price.count, one.price.count)};
    all.time = {add_clamped(all.time.count, one.time.count)};
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
