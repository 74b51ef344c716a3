// Drawing one run of the inflation protocol.
#include "intertie/placement/cards/inflation.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "intertie/core/random.h"

namespace intertie::placement::cards {

Arrivals make_arrivals(std::span<const TraceRequest> requests, std::span<const NodeState> nodes,
                       std::int64_t percent, std::uint64_t seed) {
  core::Random random(seed);
  std::int64_t capacity = 0;
  for (const NodeState& node : nodes) capacity += std::int64_t{node.cards} * milli_per_card;
  const std::int64_t target = capacity * percent / 100;
  Arrivals arrivals;
  arrivals.requests.resize(requests.size());
  std::iota(arrivals.requests.begin(), arrivals.requests.end(), 0U);
  std::ranges::sort(arrivals.requests, {},
                    [&](std::uint32_t i) -> const std::string& { return requests[i].name; });
  const std::vector<std::uint32_t> sorted = arrivals.requests;
  random.shuffle(arrivals.requests);
  std::int64_t demand = 0;
  for (const TraceRequest& request : requests) demand += compute_card_milli(request.shape);
  if (demand > target) {
    // The list is in random order, so its end is as random as any part.
    while (demand > target) {
      demand -= compute_card_milli(requests[arrivals.requests.back()].shape);
      arrivals.requests.pop_back();
    }
  } else if (demand > 0) {
    while (true) {
      const std::uint32_t next = sorted[random.below(sorted.size())];
      if (demand + requests[next].shape.card_milli > target) break;
      arrivals.requests.push_back(next);
      demand += compute_card_milli(requests[next].shape);
    }
  }
  arrivals.nodes.resize(nodes.size());
  std::iota(arrivals.nodes.begin(), arrivals.nodes.end(), 0U);
  random.shuffle(arrivals.nodes);
  return arrivals;
}

}  // namespace intertie::placement::cards
