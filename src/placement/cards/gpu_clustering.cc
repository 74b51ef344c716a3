// The policy "gpuclustering".
//
// Assumes: requests of one kind (a part of a card; one whole card; two; ...) fit each other's gaps,
// so kinds are kept apart.
//
// Algorithm: four tiers of 25: a node that runs requests of that kind only; of that kind among
// others; of no kind yet; of other kinds only. Inside a tier the fuller node wins:
// trunc(25 (8,000 - thousandths free) / 8,000). Tightest fitting card. A request without cards
// scores 0 everywhere. What runs on a node is not in its state, so this is a policy of the cluster
// and no node scorer.
//
// As the baseline of Weng et al., "Beware of Fragmentation", USENIX ATC 2023, section 6, after
// Xiao et al., "Gandiva", OSDI 2018.
#include <algorithm>

#include "cards/cluster_policies.h"
#include "cards/fit_scorers.h"

namespace intertie::placement::cards {
namespace {

std::int32_t rate(const Cluster& cluster, std::uint32_t node, const Shape& shape) {
  if (shape.cards == 0) return 0;
  const auto& kinds = cluster.kinds(node);
  // Kind 0, requests without cards, does not count.
  const auto hosted =
      std::count_if(kinds.begin() + 1, kinds.end(), [](std::uint16_t count) { return count > 0; });
  const std::int64_t fullness =
      25 * (card_milli_scale - compute_free_milli(cluster.nodes()[node])) / card_milli_scale;
  std::int32_t tier = 0;
  if (kinds[get_kind(shape)] > 0) {
    tier = hosted == 1 ? 75 : 50;
  } else if (hosted == 0) {
    tier = 25;
  }
  return tier + static_cast<std::int32_t>(fullness);
}

}  // namespace

std::optional<Pick> GpuClusteringPolicy::choose(const Cluster& cluster, const Shape& shape) {
  std::optional<std::uint32_t> best;
  std::int32_t best_score = -1;
  for (std::uint32_t node = 0; node < cluster.nodes().size(); ++node) {
    if (!fits(cluster.nodes()[node], shape)) continue;
    const std::int32_t score = rate(cluster, node, shape);
    if (score <= best_score) continue;
    best = node;
    best_score = score;
  }
  if (!best) return std::nullopt;
  return Pick{*best, find_tightest_cards(cluster.nodes()[*best], shape)};
}

}  // namespace intertie::placement::cards
