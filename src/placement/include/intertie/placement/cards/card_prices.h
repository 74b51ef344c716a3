// What parts of a card are worth, and how much of all cards a mix of requests can use at best.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "intertie/placement/cards/node_state.h"
#include "intertie/placement/cards/workload.h"

namespace intertie::placement::cards {

/// How often a part of a card is asked for. `milli` in 1..999, each once; `count` > 0.
struct PartCount {
  std::int32_t milli = 0;
  std::int64_t count = 0;
};

/// The parts in a mix, by ascending size, as the functions below want them. Several parts in one
/// request count each.
std::vector<PartCount> count_parts(const Workload& workload);

/// The result of the linear program of cutting stock: cards are stock of length 1000, parts are cut
/// from it by patterns, any number of cards per pattern, also fractions of a card.
struct CardPrices {
  /// The least cards that hold all parts.
  double cards = 0;
  /// By part, in the order of the input: its share of the cards it causes, 0..1 (the dual prices).
  std::vector<double> prices;
};

/// Solves it by generating patterns: a knapsack finds the pattern worth most at the present prices,
/// until none is worth more than a card. O(rounds x (simplex + parts x 1000)): a millisecond for 17
/// sizes. More than 64 sizes are put into groups of 16 thousandths, each priced as its smallest
/// size; `cards` is then a lower bound. Source: Gilmore and Gomory, "A linear programming approach
/// to the cutting-stock problem", 1961.
CardPrices price_parts(std::span<const PartCount> parts);

/// best[r]: the highest sum of prices of parts that fit into r thousandths, each any number of
/// times; r = 0..1000. Never decreasing. O(parts x 1000).
using KnapsackTable = std::array<double, milli_per_card + 1>;
KnapsackTable fill_knapsack(std::span<const PartCount> parts, std::span<const double> prices);

/// The allocation, in percent of the cards' capacity, above which no policy can get before a
/// request of this mix fits nowhere, if requests come exactly in the mix's proportions. The mix is
/// scaled up until something is full: all cards, with the best cutting of parts (whole cards take
/// themselves); processors; memory; or the cards of a set of models that requests name, or of a
/// union of two such sets, for the requests that may go nowhere else. Each is necessary, so the
/// least of them is a bound; which node a request runs on is left out. 0 if the mix asks for no
/// cards. A bound of the fluid mix: after the first rejection small requests can still fill gaps.
double compute_allocation_bound(const Workload& workload, std::span<const NodeState> fleet);

}  // namespace intertie::placement::cards
