// Points in time. The domain never reads a clock: every time is an argument.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "intertie/core/quantity.h"
#include "intertie/core/result.h"

namespace intertie::core {

/// Microseconds since 1970-01-01T00:00:00Z, without leap seconds (POSIX time).
struct Time {
  std::int64_t micros = 0;

  friend constexpr auto operator<=>(Time, Time) = default;
  friend constexpr Time operator+(Time t, Duration d) { return {(Duration{t.micros} + d).count}; }
  friend constexpr Time operator-(Time t, Duration d) { return {(Duration{t.micros} - d).count}; }
  friend constexpr Duration operator-(Time a, Time b) {
    return Duration{a.micros} - Duration{b.micros};
  }
};

/// Later than every time that occurs; "never".
inline constexpr Time kNever{INT64_MAX};

/// RFC 3339 in UTC with microseconds trimmed to what is needed: "2026-11-21T20:44:24Z". Times
/// outside the years 0000 to 9999, which the format cannot name, become its first or last
/// microsecond; the last one stands for kNever.
std::string to_rfc3339(Time time);

/// Reads RFC 3339 with any offset. What is finer than a microsecond is cut off; the leap second
/// 23:59:60Z is the first second of the next day, as in POSIX; the last microsecond of the year
/// 9999 is kNever. Refuses with bad_field.
Result<Time> parse_rfc3339(std::string_view text);

}  // namespace intertie::core
