// Numbers shortened for reading.
#include "output/for_people.h"

#include <algorithm>
#include <array>

namespace intertie::cli {
namespace {

struct Prefix {
  std::int64_t factor;
  std::string_view name;
};

enum class Zeros : std::uint8_t { cut, kept };

/// `value` / `factor` with at most `digits` decimals, rounded to nearest.
std::string divide(std::int64_t value, std::int64_t factor, int digits, Zeros zeros = Zeros::cut) {
  std::int64_t scale = 1;
  for (int i = 0; i < digits; ++i) scale *= 10;
  std::int64_t whole = value / factor;
  // Factors are at most 10^15 and scales at most 100, so nothing leaves the range.
  std::int64_t part = (value % factor * scale + factor / 2) / factor;
  if (part == scale) {
    ++whole;
    part = 0;
  }
  std::string text = std::to_string(whole);
  if (digits == 0 || (part == 0 && zeros == Zeros::cut)) return text;
  std::string fraction = std::to_string(part);
  fraction.insert(0, static_cast<std::size_t>(digits) - fraction.size(), '0');
  if (zeros == Zeros::cut) fraction.erase(fraction.find_last_not_of('0') + 1);
  return text + "." + fraction;
}

}  // namespace

std::string short_duration(core::Duration duration) {
  const std::int64_t micros = duration.count;
  if (micros < 0) return "-" + short_duration(-duration);
  if (micros < 1'000) return std::to_string(micros) + "us";
  // Two digits at least: a latency of "1ms" could be twice another one.
  if (micros < 9'950) return divide(micros, 1'000, 1, Zeros::kept) + "ms";
  if (micros < 999'500) return divide(micros, 1'000, 0) + "ms";
  if (micros < 1'000'000) return "1s";
  const std::int64_t seconds = micros / 1'000'000;
  if (seconds < 10) return divide(micros, 1'000'000, 1) + "s";
  if (seconds < 120) return std::to_string(seconds) + "s";
  if (seconds < 2 * 3'600) return std::to_string(seconds / 60) + "m";
  if (seconds < 2 * 86'400) return std::to_string(seconds / 3'600) + "h";
  return std::to_string(seconds / 86'400) + "d";
}

std::string relative_time(core::Time time, core::Time now) {
  if (time == core::kNever) return "never";
  const core::Duration age = now - time;
  const std::int64_t whole_seconds = age.count / 1'000'000;
  if (whole_seconds == 0) return "now";
  if (age.count > 0) return short_duration(core::seconds(whole_seconds)) + " ago";
  return "in " + short_duration(core::seconds(-whole_seconds));
}

std::string money_text(core::Money amount, std::string_view currency) {
  std::string text = core::to_text(amount);
  const std::size_t point = text.find('.');
  if (point == std::string::npos) {
    text += ".00";
  } else {
    const std::size_t last = std::max(text.find_last_not_of('0'), point + 2);
    text.resize(std::min(text.size(), last + 1));
  }
  if (!currency.empty()) text += " " + std::string(currency);
  return text;
}

std::string per_second_text(std::int64_t count, core::Duration elapsed) {
  const std::int64_t millis = std::max<std::int64_t>(elapsed.count / 1'000, 1);
  const bool is_slow = count < INT64_MAX / 1'000 && count * 1'000 / millis < 10;
  return divide(count * 1'000, millis, is_slow ? 1 : 0) + "/s";
}

std::string short_rate(std::int64_t per_second, std::string_view unit) {
  static constexpr std::array kPrefixes = {Prefix{1'000'000'000'000'000, "P"},
                                           Prefix{1'000'000'000'000, "T"},
                                           Prefix{1'000'000'000, "G"},
                                           Prefix{1'000'000, "M"},
                                           Prefix{1'000, "k"},
                                           Prefix{1, ""}};
  for (const Prefix& prefix : kPrefixes) {
    if (per_second < prefix.factor) continue;
    const int digits = per_second >= 100 * prefix.factor  ? 0
                       : per_second >= 10 * prefix.factor ? 1
                                                          : 2;
    return divide(per_second, prefix.factor, digits) + " " + std::string(prefix.name) +
           std::string(unit);
  }
  return "0 " + std::string(unit);
}

std::string short_bytes(core::Bytes bytes) {
  static constexpr std::array kPrefixes = {Prefix{1LL << 40, "TiB"}, Prefix{1LL << 30, "GiB"},
                                           Prefix{1LL << 20, "MiB"}, Prefix{1LL << 10, "KiB"}};
  for (const Prefix& prefix : kPrefixes) {
    if (bytes.count < prefix.factor) continue;
    return divide(bytes.count, prefix.factor, 1) + " " + std::string(prefix.name);
  }
  return std::to_string(bytes.count) + " B";
}

std::string render_bar(std::uint64_t done, std::uint64_t all, std::size_t columns) {
  if (columns < 3) return {};
  const std::size_t inner = columns - 2;
  const std::uint64_t share = all == 0 ? inner : std::min(done, all) * inner / all;
  std::string bar = "[" + std::string(static_cast<std::size_t>(share), '=');
  bar += std::string(inner - static_cast<std::size_t>(share), ' ');
  return bar + "]";
}

}  // namespace intertie::cli
