#include "decimal.h"

#include <algorithm>
#include <cassert>

namespace intertie::core {
namespace {

__extension__ using Wide = unsigned __int128;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

std::size_t find_decimal_length(std::string_view text) {
  const auto digits_from = [text](std::size_t start) {
    std::size_t end = start;
    while (end < text.size() && is_digit(text[end])) ++end;
    return end - start;
  };
  const std::size_t whole = digits_from(0);
  if (whole == 0 || whole == text.size() || text[whole] != '.') return whole;
  const std::size_t fraction = digits_from(whole + 1);
  return fraction == 0 ? 0 : whole + 1 + fraction;
}

Result<std::int64_t> scale_decimal(std::string_view decimal, std::int64_t factor) {
  assert(factor > 0);
  const std::size_t point = decimal.find('.');
  if (point != std::string_view::npos) {
    while (decimal.back() == '0') decimal.remove_suffix(1);
  }
  Wide mantissa = 0;
  Wide divisor = 1;
  for (std::size_t index = 0; index < decimal.size(); ++index) {
    if (index == point) continue;
    assert(is_digit(decimal[index]));
    mantissa = mantissa * 10 + static_cast<unsigned>(decimal[index] - '0');
    if (point != std::string_view::npos && index > point) divisor *= 10;
    // Both stay below 2^64, so the product with a factor below 2^63 fits.
    if (mantissa > UINT64_MAX || divisor > UINT64_MAX) {
      return Result<std::int64_t>(Reason::out_of_range, "too many digits");
    }
  }
  const Wide product = mantissa * static_cast<Wide>(factor);
  if (product % divisor != 0) {
    return Result<std::int64_t>(Reason::out_of_range, "a fraction below the smallest unit");
  }
  if (product / divisor > INT64_MAX) {
    return Result<std::int64_t>(Reason::out_of_range, "above the largest possible value");
  }
  return static_cast<std::int64_t>(product / divisor);
}

std::string format_rounded(std::uint64_t count, std::uint64_t unit) {
  assert(unit > 0);
  const Wide hundredths = (Wide{count} * 100 + unit / 2) / unit;
  std::string text = format_exact(static_cast<std::uint64_t>(hundredths), 2);
  while (text.back() == '0') text.pop_back();
  if (text.back() == '.') text.pop_back();
  return text;
}

std::string format_exact(std::uint64_t count, int digits) {
  std::string text = std::to_string(count);
  const auto decimals = static_cast<std::size_t>(digits);
  if (text.size() <= decimals) text.insert(0, decimals + 1 - text.size(), '0');
  if (decimals > 0) text.insert(text.size() - decimals, 1, '.');
  return text;
}

std::string_view trim(std::string_view text) {
  const auto is_blank = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

}  // namespace intertie::core
