#include "intertie/core/time.h"

#include <array>
#include <cstddef>
#include <optional>

namespace intertie::core {
namespace {

constexpr std::int64_t kMicrosPerSecond = 1'000'000;
constexpr std::int64_t kMicrosPerDay = 86'400 * kMicrosPerSecond;
constexpr std::int64_t kFirst = -62'167'219'200 * kMicrosPerSecond;     // 0000-01-01T00:00:00Z
constexpr std::int64_t kLast = 253'402'300'800 * kMicrosPerSecond - 1;  // end of year 9999

struct Date {
  std::int64_t year;
  int month;
  int day;
};

// Days since 1970-01-01 in the proleptic Gregorian calendar, and back: years are counted from March
// so that the leap day is the last (Howard Hinnant, "chrono-compatible low-level date algorithms").
constexpr std::int64_t days_from_date(Date date) {
  const std::int64_t year = date.month <= 2 ? date.year - 1 : date.year;
  const std::int64_t era = (year >= 0 ? year : year - 399) / 400;
  const std::int64_t year_of_era = year - era * 400;
  const std::int64_t month_from_march = (date.month + 9) % 12;
  const std::int64_t day_of_year = (153 * month_from_march + 2) / 5 + date.day - 1;
  const std::int64_t day_of_era =
      year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146'097 + day_of_era - 719'468;
}

constexpr Date date_from_days(std::int64_t days) {
  days += 719'468;
  const std::int64_t era = (days >= 0 ? days : days - 146'096) / 146'097;
  const std::int64_t day_of_era = days - era * 146'097;
  const std::int64_t year_of_era =
      (day_of_era - day_of_era / 1'460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  const std::int64_t day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const std::int64_t month_from_march = (5 * day_of_year + 2) / 153;
  const int day = static_cast<int>(day_of_year - (153 * month_from_march + 2) / 5 + 1);
  const int month =
      static_cast<int>(month_from_march < 10 ? month_from_march + 3 : month_from_march - 9);
  return {year_of_era + era * 400 + (month <= 2 ? 1 : 0), month, day};
}

constexpr bool is_leap(std::int64_t year) {
  return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

constexpr int days_in_month(std::int64_t year, int month) {
  constexpr std::array kDays = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return month == 2 && is_leap(year) ? 29 : kDays[static_cast<std::size_t>(month - 1)];
}

void append_padded(std::string& text, std::int64_t value, std::size_t width) {
  const std::string digits = std::to_string(value);
  if (digits.size() < width) text.append(width - digits.size(), '0');
  text += digits;
}

// Takes fixed-width fields off the front of a text; after the first mismatch it stays failed.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}

  std::int64_t take_digits(std::size_t width) {
    std::int64_t value = 0;
    for (std::size_t index = 0; index < width; ++index) {
      if (index >= rest_.size() || rest_[index] < '0' || rest_[index] > '9') return fail();
      value = value * 10 + (rest_[index] - '0');
    }
    rest_.remove_prefix(width);
    return value;
  }

  // Returns the character if it is one of `allowed`.
  char take_one_of(std::string_view allowed) {
    if (rest_.empty() || allowed.find(rest_.front()) == std::string_view::npos) {
      fail();
      return 0;
    }
    const char c = rest_.front();
    rest_.remove_prefix(1);
    return c;
  }

  bool next_is(char c) const { return !rest_.empty() && rest_.front() == c; }

  // Digits after the point as microseconds; what is finer is cut off.
  std::int64_t take_fraction() {
    std::int64_t micros = 0;
    std::int64_t unit = kMicrosPerSecond / 10;
    std::size_t width = 0;
    for (; width < rest_.size() && rest_[width] >= '0' && rest_[width] <= '9'; ++width) {
      micros += (rest_[width] - '0') * unit;
      unit /= 10;
    }
    if (width == 0) return fail();
    rest_.remove_prefix(width);
    return micros;
  }

  bool is_done() const { return !is_failed_ && rest_.empty(); }

 private:
  std::int64_t fail() {
    is_failed_ = true;
    rest_ = {};
    return 0;
  }

  std::string_view rest_;
  bool is_failed_ = false;
};

std::optional<Time> read_time(std::string_view text) {
  Scanner scanner(text);
  const std::int64_t year = scanner.take_digits(4);
  scanner.take_one_of("-");
  const int month = static_cast<int>(scanner.take_digits(2));
  scanner.take_one_of("-");
  const int day = static_cast<int>(scanner.take_digits(2));
  scanner.take_one_of("Tt ");
  const std::int64_t hour = scanner.take_digits(2);
  scanner.take_one_of(":");
  const std::int64_t minute = scanner.take_digits(2);
  scanner.take_one_of(":");
  const std::int64_t second = scanner.take_digits(2);
  std::int64_t fraction = 0;
  if (scanner.next_is('.')) {
    scanner.take_one_of(".");
    fraction = scanner.take_fraction();
  }
  const char zone = scanner.take_one_of("Zz+-");
  std::int64_t offset_minutes = 0;
  if (zone == '+' || zone == '-') {
    const std::int64_t offset_hour = scanner.take_digits(2);
    scanner.take_one_of(":");
    const std::int64_t offset_minute = scanner.take_digits(2);
    if (offset_hour > 23 || offset_minute > 59) return std::nullopt;
    offset_minutes = (offset_hour * 60 + offset_minute) * (zone == '+' ? 1 : -1);
  }
  if (!scanner.is_done() || month < 1 || month > 12 || day < 1) return std::nullopt;
  if (day > days_in_month(year, month) || hour > 23 || minute > 59) return std::nullopt;
  // POSIX time has no leap seconds: 23:59:60Z is the first second of the next day.
  const std::int64_t minute_utc = ((hour * 60 + minute - offset_minutes) % 1'440 + 1'440) % 1'440;
  if (second > (minute_utc == 1'439 ? 60 : 59)) return std::nullopt;
  const std::int64_t seconds = days_from_date({year, month, day}) * 86'400 +
                               (hour * 60 + minute - offset_minutes) * 60 + second;
  return Time{seconds * kMicrosPerSecond + fraction};
}

}  // namespace

std::string to_rfc3339(Time time) {
  const std::int64_t micros = time.micros < kFirst  ? kFirst
                              : time.micros > kLast ? kLast
                                                    : time.micros;
  std::int64_t days = micros / kMicrosPerDay;
  std::int64_t rest = micros % kMicrosPerDay;
  if (rest < 0) {
    rest += kMicrosPerDay;
    --days;
  }
  const Date date = date_from_days(days);
  const std::int64_t seconds = rest / kMicrosPerSecond;
  std::string text;
  text.reserve(27);
  append_padded(text, date.year, 4);
  text += '-';
  append_padded(text, date.month, 2);
  text += '-';
  append_padded(text, date.day, 2);
  text += 'T';
  append_padded(text, seconds / 3'600, 2);
  text += ':';
  append_padded(text, seconds / 60 % 60, 2);
  text += ':';
  append_padded(text, seconds % 60, 2);
  if (const std::int64_t fraction = rest % kMicrosPerSecond; fraction != 0) {
    text += '.';
    append_padded(text, fraction, 6);
    while (text.back() == '0') text.pop_back();
  }
  return text += 'Z';
}

Result<Time> parse_rfc3339(std::string_view text) {
  const std::optional<Time> time = read_time(text);
  if (!time) return {Reason::bad_field, "expected a time such as 2026-11-21T20:44:24Z"};
  return time->micros >= kLast ? kNever : *time;
}

}  // namespace intertie::core
