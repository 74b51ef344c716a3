// The published baselines that are pure functions of node and request, one source file each.
#pragma once

#include <string_view>

#include "intertie/placement/cards/node_scorer.h"

namespace intertie::placement::cards {

/// best_fit.cc
class BestFitScorer final : public NodeScorer {
 public:
  std::string_view name() const override { return "bestfit"; }
  Scored score(const NodeState& node, const Shape& shape) const override;
};

/// dot_product.cc
class DotProductScorer final : public NodeScorer {
 public:
  std::string_view name() const override { return "dotprod"; }
  Scored score(const NodeState& node, const Shape& shape) const override;
};

/// gpu_packing.cc
class GpuPackingScorer final : public NodeScorer {
 public:
  std::string_view name() const override { return "gpupacking"; }
  Scored score(const NodeState& node, const Shape& shape) const override;
};

/// first_fit.cc
class FirstFitScorer final : public NodeScorer {
 public:
  std::string_view name() const override { return "firstfit"; }
  Scored score(const NodeState& node, const Shape& shape) const override;
};

/// Normalising amounts of the published baselines: the largest node they know of.
inline constexpr std::int64_t cpu_milli_scale = 128'000;
inline constexpr std::int64_t card_milli_scale = 8'000;

}  // namespace intertie::placement::cards
