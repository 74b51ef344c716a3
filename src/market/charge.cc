// Charges in exact integers.
#include "intertie/market/charge.h"

#include <algorithm>

namespace intertie::market {
namespace {

using core::Duration;
using core::Money;
using core::Reason;
using core::Result;

__extension__ typedef unsigned __int128 Wide;

constexpr Wide kWideMax = ~Wide{0};
constexpr std::int64_t kMicrosPerHour = 3'600'000'000;
// Thousandths of a core and 2^-30 of a GiB in one denominator: lcm(1000, 2^30) = 125 * 2^30.
constexpr std::uint64_t kDenominator = 125ull << 30;

/// A price of one hour: whole + part / kDenominator micros, part < kDenominator.
struct HourlyPrice {
  Wide whole = 0;
  std::uint64_t part = 0;
};

Wide widen(std::int64_t value) { return static_cast<Wide>(value); }

/// No product passes 2^126 and their sum stays below 2^128, so nothing wraps.
HourlyPrice compute_exact_price(const ReservedAmounts& amounts, const PriceTable& price) {
  const Wide cpus = widen(amounts.cpus.count) * widen(price.per_cpu_hour.count);
  const Wide memory = widen(amounts.memory.count) * widen(price.per_gib_hour.count);
  const Wide devices = widen(amounts.devices) * widen(price.per_device_hour.count);
  const std::uint64_t cpus_part = static_cast<std::uint64_t>(cpus % 1'000) << 27;
  const std::uint64_t memory_part = static_cast<std::uint64_t>(memory % (1u << 30)) * 125;
  const std::uint64_t part = cpus_part + memory_part;
  return {cpus / 1'000 + (memory >> 30) + devices + part / kDenominator, part % kDenominator};
}

Result<void> check_amounts(const ReservedAmounts& amounts, const PriceTable& price) {
  if (amounts.cpus.count < 0 || amounts.memory.count < 0 || amounts.devices < 0) {
    return {Reason::out_of_range, "reserved amount: below 0"};
  }
  const std::int64_t lowest = std::min({price.per_cpu_hour.count, price.per_gib_hour.count,
                                        price.per_device_hour.count, price.minimum.count});
  if (lowest < 0) return {Reason::out_of_range, "price: below 0"};
  return {};
}

/// C(t) of charge.h.
Result<Money> compute_cumulative(const HourlyPrice& price, Duration minimum, Duration time) {
  if (time.count == 0) return Money{};
  const Wide micros = widen(std::max(time, minimum).count);
  if (price.whole > kWideMax / micros) return {Reason::amount_overflow, "charge"};
  const Wide whole = price.whole * micros;
  // floor((whole + part) / 1 h) is not changed by rounding the part down first.
  const Wide part = widen(static_cast<std::int64_t>(price.part)) * micros / kDenominator;
  if (part > kWideMax - whole) return {Reason::amount_overflow, "charge"};
  const Wide charge = (whole + part) / kMicrosPerHour;
  if (charge > widen(INT64_MAX)) return {Reason::amount_overflow, "charge"};
  return Money{static_cast<std::int64_t>(charge)};
}

}  // namespace

Result<Money> compute_charge(const ReservedAmounts& amounts, const PriceTable& price, Duration from,
                             Duration to) {
  if (from < Duration{} || to < from) return {Reason::out_of_range, "interval: 0 <= from <= to"};
  if (const auto good = check_amounts(amounts, price); !good) return good.error();
  const HourlyPrice hourly = compute_exact_price(amounts, price);
  const auto end = compute_cumulative(hourly, price.minimum, to);
  if (!end) return end;
  // C never falls, so what precedes a countable charge is countable.
  return *end - *compute_cumulative(hourly, price.minimum, from);
}

Result<Money> compute_maximum_charge(const ReservedAmounts& amounts, const PriceTable& price,
                                     Duration time_limit) {
  return compute_charge(amounts, price, Duration{}, time_limit);
}

Result<Money> compute_hourly_price(const ReservedAmounts& amounts, const PriceTable& price) {
  if (const auto good = check_amounts(amounts, price); !good) return good.error();
  const HourlyPrice hourly = compute_exact_price(amounts, price);
  const Wide rounded_up = hourly.whole + (hourly.part > 0 ? 1 : 0);
  if (rounded_up > widen(INT64_MAX)) return {Reason::amount_overflow, "price of one hour"};
  return Money{static_cast<std::int64_t>(rounded_up)};
}

}  // namespace intertie::market
