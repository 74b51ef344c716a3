// Cutting stock by column generation.
#include "intertie/placement/cards/card_prices.h"

#include <algorithm>
#include <cassert>
#include <limits>
#include <map>

#include "intertie/placement/cards/simplex.h"

namespace intertie::placement::cards {
namespace {

constexpr double kWorthMore = 1e-7;

/// More sizes than this are put into groups, so that the time stays in milliseconds.
constexpr std::size_t kSizesMax = 64;
constexpr std::int32_t kGroupMilli = 16;

/// The same parts by the smallest size of their group; as many groups as sizes if those are few.
/// Smaller parts need no more cards, and at their prices no pattern of the true ones is worth more
/// than a card: the count of cards stays a lower bound.
std::vector<PartCount> group_parts(std::span<const PartCount> parts,
                                   std::vector<std::size_t>& group_of) {
  std::vector<PartCount> groups;
  for (const PartCount& part : parts) {
    const bool is_same = parts.size() > kSizesMax && !groups.empty() &&
                         groups.back().milli / kGroupMilli == part.milli / kGroupMilli;
    if (is_same) {
      groups.back().count += part.count;
    } else {
      groups.push_back(part);
    }
    group_of.push_back(groups.size() - 1);
  }
  return groups;
}

/// How many of each part one card is cut into.
using Pattern = std::vector<double>;

/// The pattern that is worth most, read back from the table that was filled with its prices.
Pattern find_best_pattern(std::span<const PartCount> parts, std::span<const double> prices,
                          const KnapsackTable& best) {
  Pattern pattern(parts.size(), 0.0);
  std::size_t left = milli_per_card;
  while (left > 0) {
    bool is_cut = false;
    for (std::size_t i = parts.size(); i-- > 0;) {
      const auto size = static_cast<std::size_t>(parts[i].milli);
      if (size > left || best[left - size] + prices[i] < best[left] - 1e-12) continue;
      if (prices[i] <= 0) continue;
      pattern[i] += 1;
      left -= size;
      is_cut = true;
      break;
    }
    if (!is_cut) --left;  // This thousandth is waste.
  }
  return pattern;
}

}  // namespace

std::vector<PartCount> count_parts(const Workload& workload) {
  std::map<std::int32_t, std::int64_t> counts;
  for (const auto& [shape, count] : workload) {
    if (shape.cards > 0 && shape.card_milli < milli_per_card) {
      counts[shape.card_milli] += count * shape.cards;
    }
  }
  std::vector<PartCount> parts;
  for (const auto& [milli, count] : counts) parts.push_back({milli, count});
  return parts;
}

KnapsackTable fill_knapsack(std::span<const PartCount> parts, std::span<const double> prices) {
  assert(parts.size() == prices.size());
  KnapsackTable best{};
  for (std::size_t r = 1; r < best.size(); ++r) {
    best[r] = best[r - 1];
    for (std::size_t i = 0; i < parts.size(); ++i) {
      const auto size = static_cast<std::size_t>(parts[i].milli);
      if (size <= r) best[r] = std::max(best[r], best[r - size] + prices[i]);
    }
  }
  return best;
}

namespace {

CardPrices price_groups(const std::vector<PartCount>& parts) {
  // The dual program: the highest prices at which no pattern is worth more than a card. A pattern
  // is a row; the first ones cut a card into equal parts.
  LinearProgram program;
  double demand = 0;
  for (const PartCount& part : parts) demand += static_cast<double>(part.count);
  for (std::size_t i = 0; i < parts.size(); ++i) {
    program.gain.push_back(static_cast<double>(parts[i].count) / demand);
    Pattern pattern(parts.size(), 0.0);
    pattern[i] = static_cast<double>(milli_per_card / parts[i].milli);
    program.rows.push_back(std::move(pattern));
    program.bounds.push_back(1);
  }
  while (true) {
    const std::optional<LinearSolution> solution = solve(program);
    assert(solution);  // Every price is limited by its part's own pattern.
    const KnapsackTable best = fill_knapsack(parts, solution->x);
    if (best.back() <= 1 + kWorthMore) return {solution->value * demand, solution->x};
    program.rows.push_back(find_best_pattern(parts, solution->x, best));
    program.bounds.push_back(1);
  }
}

}  // namespace

CardPrices price_parts(std::span<const PartCount> parts) {
  if (parts.empty()) return {};
  std::vector<std::size_t> group_of;
  const CardPrices groups = price_groups(group_parts(parts, group_of));
  CardPrices result{groups.cards, {}};
  for (const std::size_t group : group_of) result.prices.push_back(groups.prices[group]);
  return result;
}

namespace {

/// Cards that the requests take that may run nowhere but on `models`, with the best cutting.
double count_cards_needed(const Workload& workload, ModelSet models) {
  Workload bound_to;
  double whole = 0;
  for (const auto& [shape, count] : workload) {
    if (shape.cards == 0 || (shape.models.bits & ~models.bits) != 0) continue;
    if (shape.card_milli == milli_per_card) {
      whole += static_cast<double>(count) * shape.cards;
    } else {
      bound_to.push_back({shape, count});
    }
  }
  return whole + price_parts(count_parts(bound_to)).cards;
}

/// All sets that requests name, and their unions in pairs; all models among them.
std::vector<ModelSet> list_model_sets(const Workload& workload) {
  std::vector<ModelSet> named = {ModelSet{}};
  for (const auto& [shape, count] : workload) named.push_back(shape.models);
  const auto drop_repeated = [](std::vector<ModelSet>& sets) {
    std::ranges::sort(sets);
    sets.erase(std::unique(sets.begin(), sets.end()), sets.end());
  };
  drop_repeated(named);
  std::vector<ModelSet> sets = named;
  for (const ModelSet one : named) {
    for (const ModelSet other : named) sets.push_back({one.bits | other.bits});
  }
  drop_repeated(sets);
  return sets;
}

}  // namespace

double compute_allocation_bound(const Workload& workload, std::span<const NodeState> fleet) {
  double asked_milli = 0;
  double asked_cpu = 0;
  double asked_memory = 0;
  for (const auto& [shape, count] : workload) {
    const auto times = static_cast<double>(count);
    asked_milli += times * static_cast<double>(compute_card_milli(shape));
    asked_cpu += times * shape.cpu_milli;
    asked_memory += times * shape.memory_mib;
  }
  double cards = 0;
  double cpu = 0;
  double memory = 0;
  for (const NodeState& node : fleet) {
    cards += node.cards;
    cpu += node.cpu_milli;
    memory += node.memory_mib;
  }
  if (asked_milli == 0 || cards == 0) return 0;
  double scale = std::numeric_limits<double>::infinity();
  const auto limit = [&scale](double has, double needs) {
    if (needs > 0) scale = std::min(scale, has / needs);
  };
  limit(cpu, asked_cpu);
  limit(memory, asked_memory);
  for (const ModelSet models : list_model_sets(workload)) {
    double has = 0;
    for (const NodeState& node : fleet) has += models.contains(node.model) ? node.cards : 0;
    limit(has, count_cards_needed(workload, models));
  }
  return std::min(100.0, 100 * scale * asked_milli / (cards * milli_per_card));
}

}  // namespace intertie::placement::cards
