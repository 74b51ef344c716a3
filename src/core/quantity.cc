#include "intertie/core/quantity.h"

#include <array>
#include <cstddef>

#include "decimal.h"

namespace intertie::core {
namespace {

struct NamedUnit {
  std::string_view name;
  std::int64_t factor;
};

constexpr std::array kByteUnits = {
    NamedUnit{"B", 1},
    NamedUnit{"kB", 1'000},
    NamedUnit{"MB", 1'000'000},
    NamedUnit{"GB", 1'000'000'000},
    NamedUnit{"TB", 1'000'000'000'000},
    NamedUnit{"PB", 1'000'000'000'000'000},
    NamedUnit{"KiB", 1LL << 10},
    NamedUnit{"MiB", 1LL << 20},
    NamedUnit{"GiB", 1LL << 30},
    NamedUnit{"TiB", 1LL << 40},
    NamedUnit{"PiB", 1LL << 50},
};

// From the largest to the smallest: the order in which a text must name them.
constexpr std::array kDurationUnits = {
    NamedUnit{"d", 86'400'000'000}, NamedUnit{"h", 3'600'000'000}, NamedUnit{"m", 60'000'000},
    NamedUnit{"s", 1'000'000},      NamedUnit{"ms", 1'000},        NamedUnit{"us", 1},
};

constexpr std::string_view kSizeExpected = "expected a size such as 32GB, 512MiB or 1024";
constexpr std::string_view kCpusExpected = "expected a number of processors such as 2 or 0.5";
constexpr std::string_view kDurationExpected =
    "expected a duration such as 90, 10m, 1h30m or 250ms";
constexpr std::string_view kMoneyExpected = "expected an amount such as 0.25";

Error make_error(Reason reason, std::string_view expected, std::string_view why = {}) {
  Error error{reason, std::string(expected)};
  if (!why.empty()) error.detail.append("; found ").append(why);
  return error;
}

Result<std::int64_t> scale(std::string_view decimal, std::int64_t factor,
                           std::string_view expected) {
  Result<std::int64_t> count = scale_decimal(decimal, factor);
  if (!count) return make_error(count.error().reason, expected, count.error().detail);
  return count;
}

// A text that is one decimal number and nothing else, times `factor`.
Result<std::int64_t> read_plain(std::string_view text, std::int64_t factor,
                                std::string_view expected) {
  text = trim(text);
  if (text.empty() || find_decimal_length(text) != text.size()) {
    return make_error(Reason::bad_field, expected);
  }
  return scale(text, factor, expected);
}

std::string with_sign(std::int64_t count, std::string magnitude) {
  return count < 0 ? "-" + magnitude : magnitude;
}

}  // namespace

Result<Bytes> parse_bytes(std::string_view text) {
  text = trim(text);
  const std::size_t length = find_decimal_length(text);
  if (length == 0) return make_error(Reason::bad_field, kSizeExpected);
  const std::string_view name = trim(text.substr(length));
  std::int64_t factor = name.empty() ? 1 : 0;
  for (const NamedUnit& unit : kByteUnits) {
    if (unit.name == name) factor = unit.factor;
  }
  if (factor == 0) return make_error(Reason::bad_field, kSizeExpected, "another unit");
  const Result<std::int64_t> count = scale(text.substr(0, length), factor, kSizeExpected);
  if (!count) return count.error();
  return Bytes{*count};
}

Result<MilliCpus> parse_milli_cpus(std::string_view text) {
  const Result<std::int64_t> count = read_plain(text, 1'000, kCpusExpected);
  if (!count) return count.error();
  return MilliCpus{*count};
}

Result<Money> parse_money(std::string_view text) {
  const Result<std::int64_t> count = read_plain(text, 1'000'000, kMoneyExpected);
  if (!count) return count.error();
  return Money{*count};
}

Result<Duration> parse_duration(std::string_view text) {
  text = trim(text);
  if (!text.empty() && find_decimal_length(text) == text.size()) {
    const Result<std::int64_t> count = scale(text, 1'000'000, kDurationExpected);
    if (!count) return count.error();
    return Duration{*count};
  }
  if (text.empty()) return make_error(Reason::bad_field, kDurationExpected);
  Duration total;
  std::size_t next_unit = 0;  // Units only get smaller, so the loop ends.
  while (!text.empty()) {
    const std::size_t length = find_decimal_length(text);
    if (length == 0) return make_error(Reason::bad_field, kDurationExpected);
    std::size_t name_end = length;
    while (name_end < text.size() && text[name_end] >= 'a' && text[name_end] <= 'z') ++name_end;
    const std::string_view name = text.substr(length, name_end - length);
    while (next_unit < kDurationUnits.size() && kDurationUnits[next_unit].name != name) ++next_unit;
    if (next_unit == kDurationUnits.size()) {
      return make_error(Reason::bad_field, kDurationExpected, "an unknown or misplaced unit");
    }
    const Result<std::int64_t> count =
        scale(text.substr(0, length), kDurationUnits[next_unit++].factor, kDurationExpected);
    if (!count) return count.error();
    if (__builtin_add_overflow(total.count, *count, &total.count)) {
      return make_error(Reason::out_of_range, kDurationExpected, "too long a time");
    }
    text = trim(text.substr(name_end));
  }
  return total;
}

template <>
Result<Bytes> parse_quantity<Bytes>(std::string_view text) {
  return parse_bytes(text);
}
template <>
Result<MilliCpus> parse_quantity<MilliCpus>(std::string_view text) {
  return parse_milli_cpus(text);
}
template <>
Result<Duration> parse_quantity<Duration>(std::string_view text) {
  return parse_duration(text);
}
template <>
Result<Money> parse_quantity<Money>(std::string_view text) {
  return parse_money(text);
}

std::string to_text(Bytes bytes) {
  constexpr std::array<std::string_view, 7> kNames = {"B",   "KiB", "MiB", "GiB",
                                                      "TiB", "PiB", "EiB"};
  const std::uint64_t magnitude = compute_magnitude(bytes.count);
  std::size_t power = 0;
  while (power + 1 < kNames.size() && magnitude >> (10 * (power + 1)) != 0) ++power;
  std::string number = format_rounded(magnitude, std::uint64_t{1} << (10 * power));
  if (number == "1024" && power + 1 < kNames.size()) {
    number = "1";
    ++power;
  }
  return with_sign(bytes.count, number.append(" ").append(kNames[power]));
}

std::string to_text(MilliCpus cpus) {
  std::string number = format_exact(compute_magnitude(cpus.count), 3);
  while (number.back() == '0') number.pop_back();
  if (number.back() == '.') number.pop_back();
  return with_sign(cpus.count, std::move(number));
}

std::string to_text(Duration duration) {
  std::uint64_t left = compute_magnitude(duration.count);
  std::string text;
  for (const NamedUnit& unit : kDurationUnits) {
    const auto factor = static_cast<std::uint64_t>(unit.factor);
    if (left < factor) continue;
    if (!text.empty()) text += ' ';
    text.append(std::to_string(left / factor)).append(unit.name);
    left %= factor;
  }
  return text.empty() ? "0s" : with_sign(duration.count, std::move(text));
}

std::string to_text(Money money) {
  return with_sign(money.count, format_exact(compute_magnitude(money.count), 6));
}

}  // namespace intertie::core
