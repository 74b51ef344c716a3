// A decimal number and a unit.
#include "command_line/bandwidth.h"

#include <array>
#include <string>

#include "intertie/core/quantity.h"

namespace intertie::cli {
namespace {

constexpr std::int64_t kMicros = 1'000'000;

struct Unit {
  std::string_view name;
  std::int64_t bits;
};
constexpr std::array kUnits = {Unit{"bit", 1}, Unit{"kbit", 1'000}, Unit{"mbit", 1'000'000},
                               Unit{"gbit", 1'000'000'000}, Unit{"tbit", 1'000'000'000'000}};

std::string lower(std::string_view text) {
  std::string low(text);
  for (char& c : low) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return low;
}

}  // namespace

core::Result<std::int64_t> parse_bandwidth(std::string_view text) {
  const core::Error refusal{core::Reason::bad_field,
                            "expected a bandwidth such as 100mbit or 2.5gbit"};
  const std::string low = lower(text);
  const std::size_t end = low.find_first_not_of("0123456789.");
  if (end == 0 || end == std::string::npos) return refusal;
  std::string name = low.substr(end);
  if (name.size() > 2 && name.ends_with("/s")) name.resize(name.size() - 2);
  // Money is a decimal number in millionths, too.
  const auto number = core::parse_money(low.substr(0, end));
  if (!number) return refusal;
  for (const Unit& unit : kUnits) {
    if (unit.name != name) continue;
    std::int64_t bits = 0;
    if (__builtin_mul_overflow(number->count, unit.bits, &bits)) {
      return {core::Reason::out_of_range, refusal.detail};
    }
    bits /= kMicros;
    if (bits <= 0) return {core::Reason::out_of_range, "a bandwidth is above 0"};
    return bits;
  }
  return refusal;
}

}  // namespace intertie::cli
