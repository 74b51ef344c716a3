// The published FGD as a scorer; ours builds on its gradient.
#pragma once

#include <cstdint>
#include <string_view>

#include "intertie/placement/cards/fragmentation.h"
#include "intertie/placement/cards/node_scorer.h"
#include "intertie/placement/cards/workload.h"

namespace intertie::placement::cards {

/// trunc(100 sigmoid(x)), where x = shrinks / (1000 weight) cards. 0..99. O(log 100).
std::int32_t rate_gradient(std::int64_t shrinks, std::int64_t weight);

class FgdScorer final : public NodeScorer {
 public:
  explicit FgdScorer(const Workload& workload) : fragmentation_(workload) {}

  std::string_view name() const override { return "fgd"; }
  Scored score(const NodeState& node, const Shape& shape) const override;

 private:
  Fragmentation fragmentation_;
};

}  // namespace intertie::placement::cards
