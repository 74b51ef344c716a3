// How much of a node's free cards the requests to come could not use: FGD's measure.
#pragma once

#include <cstdint>
#include <vector>

#include "intertie/placement/cards/node_state.h"
#include "intertie/placement/cards/workload.h"

namespace intertie::placement::cards {

/// The expected amount of free card capacity that a request drawn from the mix cannot use.
/// For one request p and node n it is all that is free on n if p cannot run there (processors,
/// cards, model), or if p asks for no card; else what is free on cards with less left than p needs
/// of a card. Memory does not count. The mix is cut to the most frequent tuples (processors, part
/// of a card, cards, models) that together make 95 % of the requests. Paper: Weng et al., "Beware
/// of Fragmentation", USENIX ATC 2023, section 3.
class Fragmentation {
 public:
  explicit Fragmentation(const Workload& workload);

  /// Thousandths of a card times `weight()`: exact. O(typical requests). 0 if nothing is known.
  std::int64_t measure(const NodeState& node) const;

  /// Requests of the mix that were kept; > 0.
  std::int64_t weight() const { return weight_; }
  /// Tuples kept.
  std::size_t size() const { return typical_.size(); }

 private:
  struct Typical {
    std::int32_t cpu_milli = 0;
    std::int32_t card_milli = 0;
    std::int32_t cards = 0;
    ModelSet models;
    std::int64_t count = 0;
  };
  std::vector<Typical> typical_;
  std::int64_t weight_ = 1;
};

}  // namespace intertie::placement::cards
