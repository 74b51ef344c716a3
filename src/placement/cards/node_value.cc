// Tables of the best patterns by price of a core.
#include "intertie/placement/cards/node_value.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "intertie/placement/cards/card_prices.h"

namespace intertie::placement::cards {
namespace {

std::int64_t to_micros(double cards) {
  return std::llround(cards * static_cast<double>(micros_per_card));
}

// Sizes that ask for less than this count as asking for no cores; so a core costs at most a
// thousand cards, and no product below overflows.
constexpr double kCoresLeast = 0.001;

/// The n-th root of x >= 1 from square roots and products alone, by the binary digits of 1 / n:
/// both are exact to the bit on every machine, which powers and logarithms are not.
double compute_root(double x, std::size_t n) {
  double result = 1;
  double rest = 1.0 / static_cast<double>(n);
  for (int digit = 0; digit < 40; ++digit) {
    x = std::sqrt(x);
    rest *= 2;
    if (rest < 1) continue;
    result *= x;
    rest -= 1;
  }
  return result;
}

/// Cores that requests of each size bring on average for one card of that size, by milli.
std::vector<double> compute_mean_cores(const Workload& workload) {
  std::vector<double> cores(milli_per_card + 1, 0.0);
  std::vector<double> cards(milli_per_card + 1, 0.0);
  for (const auto& [shape, count] : workload) {
    if (shape.cards == 0) continue;
    const auto milli = static_cast<std::size_t>(shape.card_milli);
    cores[milli] += static_cast<double>(shape.cpu_milli) * static_cast<double>(count) / 1'000;
    cards[milli] += static_cast<double>(shape.cards) * static_cast<double>(count);
  }
  for (std::size_t i = 0; i < cores.size(); ++i) cores[i] = cards[i] > 0 ? cores[i] / cards[i] : 0;
  return cores;
}

/// A size of requests: a part of a card or a whole one.
struct Size {
  PartCount part;
  double price = 0;
  double cores = 0;
};

std::vector<double> make_ladder(const std::vector<Size>& sizes, std::size_t steps) {
  double lowest = std::numeric_limits<double>::infinity();
  double highest = 0;
  for (const Size& size : sizes) {
    if (size.price <= 1e-6 || size.cores < kCoresLeast) continue;
    lowest = std::min(lowest, size.price / size.cores);
    highest = std::max(highest, size.price / size.cores);
  }
  std::vector<double> ladder(steps, 0.0);
  if (highest == 0) return ladder;  // Cores are free for all.
  const std::size_t last = steps - 1;
  ladder[1] = lowest;
  ladder[last] = highest;
  const double step = compute_root(highest / lowest, last - 1);
  for (std::size_t i = 2; i < last; ++i) ladder[i] = ladder[i - 1] * step;
  return ladder;
}

}  // namespace

NodeValue::NodeValue(const Workload& workload) : best_(milli_per_card + 1) {
  const std::vector<PartCount> parts = count_parts(workload);
  const CardPrices priced = price_parts(parts);
  const std::vector<double> cores = compute_mean_cores(workload);
  std::vector<Size> sizes;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const auto milli = static_cast<std::size_t>(parts[i].milli);
    prices_[milli] = static_cast<std::int32_t>(to_micros(priced.prices[i]));
    sizes.push_back({parts[i], priced.prices[i], kCaution * cores[milli]});
  }
  prices_.back() = static_cast<std::int32_t>(micros_per_card);
  const bool has_whole = std::ranges::any_of(
      workload, [](const ShapeCount& item) { return item.shape.card_milli == milli_per_card; });
  if (has_whole) sizes.push_back({{milli_per_card, 1}, 1.0, kCaution * cores.back()});

  const std::vector<double> ladder = make_ladder(sizes, kLadder);
  std::vector<PartCount> all;
  for (const Size& size : sizes) all.push_back(size.part);
  for (std::size_t step = 0; step < kLadder; ++step) {
    core_micros_[step] = to_micros(ladder[step]);
    std::vector<double> worth;
    for (const Size& size : sizes) {
      worth.push_back(std::max(size.price - ladder[step] * size.cores, 0.0));
    }
    const KnapsackTable table = fill_knapsack(all, worth);
    for (std::size_t milli = 0; milli < table.size(); ++milli) {
      best_[milli][step] = static_cast<std::int32_t>(to_micros(table[milli]));
    }
  }
}

std::int64_t NodeValue::measure(const NodeState& node) const {
  std::array<std::int32_t, kLadder> sums{};
  for (std::size_t i = 0; i < node.cards; ++i) {
    const auto& row = best_[node.card_milli[i]];
    for (std::size_t step = 0; step < kLadder; ++step) sums[step] += row[step];
  }
  std::int64_t least = std::numeric_limits<std::int64_t>::max();
  for (std::size_t step = 0; step < kLadder; ++step) {
    least = std::min(least, sums[step] + core_micros_[step] * node.cpu_milli / 1'000);
  }
  return least;
}

std::int64_t NodeValue::price(const Shape& shape) const {
  if (shape.cards == 0) return 0;
  return std::int64_t{prices_[static_cast<std::size_t>(shape.card_milli)]} * shape.cards;
}

}  // namespace intertie::placement::cards
