// Our policy as a scorer.
#pragma once

#include <string_view>

#include "intertie/placement/cards/node_scorer.h"
#include "intertie/placement/cards/node_value.h"

namespace intertie::placement::cards {

class LeastRegretScorer final : public NodeScorer {
 public:
  explicit LeastRegretScorer(const Workload& workload) : value_(workload) {}

  std::string_view name() const override { return "intertie"; }
  Scored score(const NodeState& node, const Shape& shape) const override;

 private:
  NodeValue value_;
};

}  // namespace intertie::placement::cards
