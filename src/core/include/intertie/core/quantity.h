// Integer quantities with their unit in the type.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "intertie/core/result.h"

namespace intertie::core {

/// A signed count of one unit. Addition of different units does not compile. Arithmetic that could
/// leave the range goes through checked_* (quantity_arithmetic.h); plain + and - assert.
template <class Unit>
struct Quantity {
  using unit = Unit;

  std::int64_t count = 0;

  friend constexpr auto operator<=>(Quantity, Quantity) = default;
  constexpr Quantity& operator+=(Quantity other) { return *this = *this + other; }
  constexpr Quantity& operator-=(Quantity other) { return *this = *this - other; }
  friend constexpr Quantity operator+(Quantity a, Quantity b) {
    Quantity sum;
    const bool overflow = __builtin_add_overflow(a.count, b.count, &sum.count);
    if (overflow) __builtin_trap();
    return sum;
  }
  friend constexpr Quantity operator-(Quantity a, Quantity b) {
    Quantity difference;
    const bool overflow = __builtin_sub_overflow(a.count, b.count, &difference.count);
    if (overflow) __builtin_trap();
    return difference;
  }
  friend constexpr Quantity operator-(Quantity a) { return Quantity{} - a; }
  friend constexpr Quantity operator*(Quantity a, std::int64_t factor) {
    Quantity product;
    const bool overflow = __builtin_mul_overflow(a.count, factor, &product.count);
    if (overflow) __builtin_trap();
    return product;
  }
};

struct MoneyUnit {
  static constexpr std::string_view name = "micros";
};
struct ByteUnit {
  static constexpr std::string_view name = "bytes";
};
struct MilliCpuUnit {
  static constexpr std::string_view name = "milli_cpus";
};
struct DurationUnit {
  static constexpr std::string_view name = "microseconds";
};

/// Millionths of the ledger's currency. May be negative.
using Money = Quantity<MoneyUnit>;
using Bytes = Quantity<ByteUnit>;
/// Thousandths of a processor core (hardware thread as the kernel counts it).
using MilliCpus = Quantity<MilliCpuUnit>;
/// A length of time in microseconds.
using Duration = Quantity<DurationUnit>;

constexpr Duration microseconds(std::int64_t n) { return {n}; }
constexpr Duration milliseconds(std::int64_t n) { return {n * 1'000}; }
constexpr Duration seconds(std::int64_t n) { return {n * 1'000'000}; }
constexpr Duration minutes(std::int64_t n) { return seconds(n * 60); }
constexpr Duration hours(std::int64_t n) { return minutes(n * 60); }

/// Reads a quantity as people write it. A bare integer counts the base unit for Bytes
/// ("1024"), whole cores for MilliCpus ("0.5", "2"), seconds for Duration ("90", "10m", "1h30m",
/// "250ms"), and currency units for Money ("0.25"). Bytes take kB, MB, GB, TB (powers of 1000) and
/// KiB, MiB, GiB, TiB (powers of 1024). Negative values, fractions below one base unit and values
/// beyond the range are refused: bad_field or out_of_range; nothing is ever rounded.
Result<Bytes> parse_bytes(std::string_view text);
Result<MilliCpus> parse_milli_cpus(std::string_view text);
Result<Duration> parse_duration(std::string_view text);
Result<Money> parse_money(std::string_view text);

/// The same, chosen by type; the codec reads job files through it.
template <class Q>
Result<Q> parse_quantity(std::string_view text);
template <>
Result<Bytes> parse_quantity<Bytes>(std::string_view text);
template <>
Result<MilliCpus> parse_quantity<MilliCpus>(std::string_view text);
template <>
Result<Duration> parse_quantity<Duration>(std::string_view text);
template <>
Result<Money> parse_quantity<Money>(std::string_view text);

/// Texts for people: "1.5 GiB", "0.5", "1h 30m", "0.250000". Deterministic, locale-free.
std::string to_text(Bytes bytes);
std::string to_text(MilliCpus cpus);
std::string to_text(Duration duration);
std::string to_text(Money money);

}  // namespace intertie::core
