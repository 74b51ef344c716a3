#include "intertie/core/rate.h"

#include <array>
#include <cassert>
#include <cstddef>

#include "decimal.h"

namespace intertie::core {
namespace {

constexpr std::array<std::string_view, kPrecisionCount> kPrecisionNames = {
    "FP64", "FP32", "TF32", "BF16", "FP16", "FP8", "INT8"};
constexpr std::array<std::string_view, 3> kClassNames = {"basic", "intelligent", "super"};

struct Prefix {
  char letter;
  std::int64_t factor;
};
constexpr std::array kPrefixes = {Prefix{'E', 1'000'000'000'000'000'000},
                                  Prefix{'P', 1'000'000'000'000'000},
                                  Prefix{'T', 1'000'000'000'000},
                                  Prefix{'G', 1'000'000'000},
                                  Prefix{'M', 1'000'000},
                                  Prefix{'k', 1'000}};

constexpr std::string_view kRateExpected =
    "expected a rate with its precision such as \"2 TFLOPS fp32\" or \"5e12 int8\"";

char to_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool equals_any_case(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (std::size_t index = 0; index < a.size(); ++index) {
    if (to_lower(a[index]) != to_lower(b[index])) return false;
  }
  return true;
}

// The factor of "TFLOPS", "GOP/s", "flops" or nothing; 0 if it is none of these.
std::int64_t find_unit_factor(std::string_view unit) {
  if (unit.empty()) return 1;
  std::int64_t factor = 1;
  for (const Prefix& prefix : kPrefixes) {
    if (unit.front() == prefix.letter || (prefix.letter == 'k' && unit.front() == 'K')) {
      factor = prefix.factor;
    }
  }
  if (factor > 1) unit.remove_prefix(1);
  for (const std::string_view name : {"FLOPS", "FLOP/s", "OPS", "OP/s"}) {
    if (equals_any_case(unit, name)) return factor;
  }
  return 0;
}

// Takes an exponent such as "e12" off the front; 1 if there is none, 0 if it is too large.
std::int64_t take_exponent(std::string_view& text) {
  if (text.size() < 2 || to_lower(text[0]) != 'e') return 1;
  std::size_t end = text[1] == '+' ? 2 : 1;
  const std::size_t start = end;
  int exponent = 0;
  for (; end < text.size() && text[end] >= '0' && text[end] <= '9'; ++end) {
    if (exponent <= 18) exponent = exponent * 10 + (text[end] - '0');
  }
  if (end == start) return 1;
  text.remove_prefix(end);
  if (exponent > 18) return 0;
  std::int64_t factor = 1;
  for (; exponent > 0; --exponent) factor *= 10;
  return factor;
}

}  // namespace

std::string_view precision_name(Precision precision) {
  const auto index = static_cast<std::size_t>(precision);
  assert(index < kPrecisionNames.size());
  return kPrecisionNames[index];
}

Result<Precision> parse_precision(std::string_view name) {
  for (std::size_t index = 0; index < kPrecisionNames.size(); ++index) {
    if (equals_any_case(name, kPrecisionNames[index])) return static_cast<Precision>(index);
  }
  return {Reason::bad_field, "expected one of FP64, FP32, TF32, BF16, FP16, FP8, INT8"};
}

Result<Rate> parse_rate(std::string_view text) {
  text = trim(text);
  const std::size_t length = find_decimal_length(text);
  if (length == 0) return {Reason::bad_field, std::string(kRateExpected)};
  const std::string_view number = text.substr(0, length);
  text.remove_prefix(length);
  const std::int64_t power = take_exponent(text);
  text = trim(text);
  const std::size_t space = text.find_last_of(" \t");
  const bool has_unit = space != std::string_view::npos;
  const std::int64_t unit = find_unit_factor(has_unit ? trim(text.substr(0, space)) : "");
  const Result<Precision> precision = parse_precision(has_unit ? text.substr(space + 1) : text);
  if (unit == 0 || !precision) return {Reason::bad_field, std::string(kRateExpected)};
  std::int64_t factor = 0;
  const bool is_huge = power == 0 || __builtin_mul_overflow(power, unit, &factor);
  if (is_huge) return {Reason::out_of_range, std::string(kRateExpected)};
  const Result<std::int64_t> count = scale_decimal(number, factor);
  if (!count) {
    return {count.error().reason, std::string(kRateExpected) + "; found " + count.error().detail};
  }
  return Rate{*precision, *count};
}

std::string to_text(Rate rate) {
  const std::uint64_t magnitude = compute_magnitude(rate.ops_per_second);
  std::string text = rate.ops_per_second < 0 ? "-" : "";
  std::size_t chosen = kPrefixes.size();
  for (std::size_t index = kPrefixes.size(); index-- > 0;) {
    if (magnitude >= static_cast<std::uint64_t>(kPrefixes[index].factor)) chosen = index;
  }
  const auto format = [magnitude](std::size_t index) {
    return format_rounded(magnitude, index == kPrefixes.size()
                                         ? 1
                                         : static_cast<std::uint64_t>(kPrefixes[index].factor));
  };
  std::string number = format(chosen);
  if (number == "1000" && chosen > 0) number = format(--chosen);
  text.append(number).append(" ");
  if (chosen < kPrefixes.size()) text += kPrefixes[chosen].letter;
  text += rate.precision == Precision::int8 ? "OP/s " : "FLOP/s ";
  return text.append(precision_name(rate.precision));
}

std::string_view compute_class_name(ComputeClass compute_class) {
  const auto index = static_cast<std::size_t>(compute_class);
  assert(index < kClassNames.size());
  return kClassNames[index];
}

Result<ComputeClass> parse_compute_class(std::string_view name) {
  for (std::size_t index = 0; index < kClassNames.size(); ++index) {
    if (name == kClassNames[index]) return static_cast<ComputeClass>(index);
  }
  return {Reason::bad_field, "expected one of basic, intelligent, super"};
}

}  // namespace intertie::core
