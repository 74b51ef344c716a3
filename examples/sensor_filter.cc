// A stream filter as it runs beside a machine: smooths a vibration sensor and reports alarms.
//
// Readings are integers in thousandths of a millimetre per second, one a line on standard input
// (--in -), from a file, or made from a seed (--seed). A median of five removes spikes, an
// exponential mean (1/16) smooths, and an alarm begins above `high` and ends below `low`
// (hysteresis, so noise around one threshold does not ring the bell all the time).
// Memory does not grow with the stream. The result has one `begin|end sample mean` a line.
#include <algorithm>
#include <array>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <optional>
#include <string>

#include "arguments.h"
#include "seeded_random.h"

namespace {

constexpr std::int64_t kReadingMax = 1'000'000'000;
constexpr std::int64_t kSmoothing = 16;  // The new reading's share of the mean is one part in 16.

/// A machine that hums at 2.5 mm/s, has a bearing that warms up in a part of each cycle, and a
/// sensor that sends a wild value now and then.
class SimulatedSensor {
 public:
  explicit SimulatedSensor(std::uint64_t seed) : random_(seed) {}

  std::int64_t read() {
    const std::int64_t phase = sample_++ % 20'000;
    std::int64_t level = 2500;
    if (phase > 12'000) level += std::min<std::int64_t>(phase - 12'000, 20'000 - phase) * 3 / 2;
    level += static_cast<std::int64_t>(random_.draw_below(801)) - 400;
    if (random_.draw_below(1000) == 0) level += 80'000;
    return level;
  }

 private:
  examples::SeededRandom random_;
  std::int64_t sample_ = 0;
};

class Filter {
 public:
  /// Returns the smoothed level, or nothing while fewer than five readings are in.
  std::optional<std::int64_t> smooth(std::int64_t reading) {
    window_[readings_++ % window_.size()] = reading;
    if (readings_ < window_.size()) return std::nullopt;
    auto sorted = window_;
    std::ranges::sort(sorted);
    const std::int64_t median = sorted[sorted.size() / 2];
    // Kept sixteen times as large, so the integer mean loses nothing.
    if (readings_ == window_.size()) scaled_mean_ = median * kSmoothing;
    scaled_mean_ += median - scaled_mean_ / kSmoothing;
    return scaled_mean_ / kSmoothing;
  }

 private:
  std::array<std::int64_t, 5> window_{};
  std::size_t readings_ = 0;
  std::int64_t scaled_mean_ = 0;
};

class Alarm {
 public:
  Alarm(std::int64_t high, std::int64_t low) : high_(high), low_(low) {}

  /// Returns "begin" or "end" when the alarm changes, else nothing.
  const char* update(std::int64_t level) {
    const bool was_on = is_on_;
    is_on_ = was_on ? level >= low_ : level > high_;
    if (is_on_ != was_on) return is_on_ ? "begin" : "end";
    return nullptr;
  }

 private:
  std::int64_t high_;
  std::int64_t low_;
  bool is_on_ = false;
};

std::int64_t parse_reading(const std::string& line, std::int64_t sample) {
  char* end = nullptr;
  const std::int64_t value = std::strtoll(line.c_str(), &end, 10);
  if (line.empty() || *end != '\0' || value < -kReadingMax || value > kReadingMax) {
    examples::stop_with(examples::kExitUsage,
                        "reading " + std::to_string(sample + 1) + " is no number: '" + line + "'");
  }
  return value;
}

}  // namespace

int main(int count, char** values) {
  const examples::Arguments arguments(count, values,
                                      {{"in", ""},
                                       {"seed", "1"},
                                       {"samples", "2000000"},
                                       {"high", "7000"},
                                       {"low", "4000"},
                                       {"out", "alarms.txt"}});
  const std::int64_t samples_max = arguments.get_integer("samples", 1, INT64_C(1) << 50);
  const std::string& in = arguments.get_text("in");
  std::ifstream file;
  if (!in.empty() && in != "-") file.open(in);
  if (!in.empty() && in != "-" && !file) {
    examples::stop_with(examples::kExitUsage, "cannot read " + in);
  }
  std::istream& stream = in == "-" ? std::cin : file;
  SimulatedSensor sensor(static_cast<std::uint64_t>(arguments.get_integer("seed", 0, INT64_MAX)));
  Filter filter;
  Alarm alarm(arguments.get_integer("high", -kReadingMax, kReadingMax),
              arguments.get_integer("low", -kReadingMax, kReadingMax));
  std::ofstream out(arguments.get_text("out"), std::ios::trunc);

  std::int64_t samples = 0;
  std::int64_t changes = 0;
  std::string line;
  for (; samples < samples_max; ++samples) {
    if (!in.empty() && !std::getline(stream, line)) break;
    const std::int64_t reading = in.empty() ? sensor.read() : parse_reading(line, samples);
    const std::optional<std::int64_t> level = filter.smooth(reading);
    const char* const change = level ? alarm.update(*level) : nullptr;
    if (change == nullptr) continue;
    out << change << ' ' << samples << ' ' << *level << std::endl;  // Seen at once downstream.
    ++changes;
  }
  out.close();
  if (!out) {
    examples::stop_with(examples::kExitFailed, "cannot write " + arguments.get_text("out"));
  }
  std::printf("samples %lld changes %lld\n", static_cast<long long>(samples),
              static_cast<long long>(changes));
  return 0;
}
