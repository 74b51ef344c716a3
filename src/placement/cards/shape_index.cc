// Slots of shapes and their rows of bits.
#include "cards/shape_index.h"

#include <algorithm>
#include <cassert>

#include "cards/score_memo.h"

namespace intertie::placement::cards {
namespace {

constexpr std::size_t kBuckets = 4 * shape_slots_max;

void set_bit(ShapeMask& mask, std::size_t slot) {
  mask[slot / 64] |= std::uint64_t{1} << slot % 64;
}

}  // namespace

std::uint64_t hash_shape(const Shape& shape) {
  const std::uint64_t amounts = join_halves(shape.cpu_milli, shape.memory_mib);
  return mix_hash(mix_hash(shape.models.bits, amounts), join_halves(shape.card_milli, shape.cards));
}

std::optional<std::size_t> ShapeIndex::find(const Shape& shape) const {
  if (buckets_.empty()) return std::nullopt;
  for (std::size_t at = hash_shape(shape) % kBuckets;; at = (at + 1) % kBuckets) {
    if (buckets_[at] == 0) return std::nullopt;
    const std::size_t slot = buckets_[at] - 1U;
    if (shapes_[slot] == shape) return slot;
  }
}

std::size_t ShapeIndex::add(const Shape& shape) {
  assert(shapes_.size() < shape_slots_max && is_valid(shape));
  shapes_.push_back(shape);
  build();
  return shapes_.size() - 1;
}

void ShapeIndex::replace(std::size_t slot, const Shape& shape) {
  assert(is_valid(shape));
  shapes_[slot] = shape;
  build();
}

/// The needs of the selected slots in ascending order, each with all slots up to it.
template <class Need, class Select>
ShapeIndex::Steps ShapeIndex::make_steps(const Need& need, const Select& select) const {
  std::vector<std::uint16_t> order;
  for (std::size_t slot = 0; slot < shapes_.size(); ++slot) {
    if (select(shapes_[slot])) order.push_back(static_cast<std::uint16_t>(slot));
  }
  std::ranges::sort(order, {}, [&](std::uint16_t slot) { return need(shapes_[slot]); });
  Steps steps;
  ShapeMask sum{};
  for (std::size_t i = 0; i < order.size(); ++i) {
    set_bit(sum, order[i]);
    const std::int32_t limit = need(shapes_[order[i]]);
    const bool is_last_of_limit = i + 1 == order.size() || need(shapes_[order[i + 1]]) != limit;
    if (!is_last_of_limit) continue;
    steps.limits.push_back(limit);
    steps.masks.push_back(sum);
  }
  return steps;
}

void ShapeIndex::build() {
  const auto all = [](const Shape&) { return true; };
  cpus_ = make_steps([](const Shape& shape) { return shape.cpu_milli; }, all);
  memories_ = make_steps([](const Shape& shape) { return shape.memory_mib; }, all);
  for (std::size_t count = 0; count < cards_.size(); ++count) {
    cards_[count] = make_steps([](const Shape& shape) { return shape.card_milli; },
                               [&](const Shape& shape) { return shape.cards == count; });
  }
  models_ = {};
  buckets_.assign(kBuckets, 0);
  for (std::size_t slot = 0; slot < shapes_.size(); ++slot) {
    for (ModelId model = 0; model < models_.size(); ++model) {
      if (shapes_[slot].models.contains(model)) set_bit(models_[model], slot);
    }
    std::size_t at = hash_shape(shapes_[slot]) % kBuckets;
    while (buckets_[at] != 0) at = (at + 1) % kBuckets;
    buckets_[at] = static_cast<std::uint16_t>(slot + 1);
  }
}

void ShapeIndex::find_fitting(const NodeState& node, ShapeMask& mask) const {
  const auto look_up = [this](const Steps& steps, std::int32_t amount) -> const ShapeMask& {
    const auto above = std::ranges::upper_bound(steps.limits, amount);
    if (above == steps.limits.begin()) return empty_;
    return steps.masks[static_cast<std::size_t>(above - steps.limits.begin()) - 1];
  };
  const ShapeMask& cpus = look_up(cpus_, node.cpu_milli);
  const ShapeMask& memories = look_up(memories_, node.memory_mib);
  const ShapeMask& models = models_[node.model & 63U];
  const std::size_t words = word_count();
  for (std::size_t i = 0; i < words; ++i) mask[i] = 0;
  for (std::size_t count = 0; count <= node.cards; ++count) {
    if (cards_[count].limits.empty()) continue;
    // The card with the count-th most left decides whether so many have enough.
    const ShapeMask& some = look_up(cards_[count], count == 0 ? 0 : node.card_milli[count - 1]);
    for (std::size_t i = 0; i < words; ++i) mask[i] |= some[i];
  }
  for (std::size_t i = 0; i < words; ++i) mask[i] &= cpus[i] & memories[i] & models[i];
}

}  // namespace intertie::placement::cards
