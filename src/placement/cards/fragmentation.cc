// The measure, kept in integers so that sums do not depend on their order.
#include "intertie/placement/cards/fragmentation.h"

#include <algorithm>

namespace intertie::placement::cards {
namespace {

constexpr std::int64_t kCoveredPercent = 95;

}  // namespace

Fragmentation::Fragmentation(const Workload& workload) {
  Workload tuples;
  std::int64_t total = 0;
  for (const ShapeCount& item : workload) {
    Shape shape = item.shape;
    shape.memory_mib = 0;
    total += item.count;
    const auto same = std::ranges::find(tuples, shape, &ShapeCount::shape);
    if (same == tuples.end()) {
      tuples.push_back({shape, item.count});
    } else {
      same->count += item.count;
    }
  }
  std::ranges::sort(tuples, [](const ShapeCount& a, const ShapeCount& b) {
    return a.count != b.count ? a.count > b.count : a.shape < b.shape;
  });
  std::int64_t covered = 0;
  for (const auto& [shape, count] : tuples) {
    if (covered * 100 >= total * kCoveredPercent) break;
    covered += count;
    typical_.push_back({shape.cpu_milli, shape.card_milli, shape.cards, shape.models, count});
  }
  weight_ = std::max<std::int64_t>(covered, 1);
}

std::int64_t Fragmentation::measure(const NodeState& node) const {
  const std::int64_t free = compute_free_milli(node);
  if (free == 0) return 0;
  std::int64_t sum = 0;
  for (const Typical& typical : typical_) {
    std::int64_t lost = free;
    if (typical.cards > 0 && typical.cpu_milli <= node.cpu_milli &&
        typical.models.contains(node.model)) {
      std::int64_t usable = 0;
      std::int32_t fitting = 0;
      for (std::size_t i = 0; i < node.cards; ++i) {
        const bool is_enough = node.card_milli[i] >= typical.card_milli;
        usable += is_enough ? node.card_milli[i] : 0;
        fitting += is_enough ? 1 : 0;
      }
      if (fitting >= typical.cards) lost = free - usable;
    }
    sum += typical.count * lost;
  }
  return sum;
}

}  // namespace intertie::placement::cards
