// The shapes that the index knows, and which of them fit a node: a few table rows instead of a test
// for each.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "intertie/placement/cards/node_state.h"

namespace intertie::placement::cards {

inline constexpr std::size_t shape_slots_max = 1'024;
using ShapeMask = std::array<std::uint64_t, shape_slots_max / 64>;

/// A hash of the value, equal on every machine. For caches only: no decision depends on it.
std::uint64_t hash_shape(const Shape& shape);

/// Up to shape_slots_max shapes, each in a slot. A shape fits a node exactly if its processors, its
/// memory, its cards and the node's model allow it, and each of the four is a row of bits, one for
/// each slot; so all shapes at once cost four look-ups and a few ANDs.
class ShapeIndex {
 public:
  std::size_t size() const { return shapes_.size(); }
  /// Words of a mask that are in use.
  std::size_t word_count() const { return (shapes_.size() + 63) / 64; }
  const Shape& shape(std::size_t slot) const { return shapes_[slot]; }

  /// The slot of a shape. O(1).
  std::optional<std::size_t> find(const Shape& shape) const;

  /// Puts a shape that is not known into a new slot (size() < shape_slots_max, asserted) or over
  /// the shape of an old one. O(slots log slots).
  std::size_t add(const Shape& shape);
  void replace(std::size_t slot, const Shape& shape);

  /// The slots whose shapes fit; `node` has its cards in descending order, as in a StateKey. Words
  /// from word_count() on are not touched. O(log slots + slots / 64 * cards).
  void find_fitting(const NodeState& node, ShapeMask& mask) const;

 private:
  /// Row i of the masks: slots that need at most limits[i].
  struct Steps {
    std::vector<std::int32_t> limits;
    std::vector<ShapeMask> masks;
  };

  template <class Need, class Select>
  Steps make_steps(const Need& need, const Select& select) const;
  void build();

  std::vector<Shape> shapes_;
  std::vector<std::uint16_t> buckets_;  // Open addressing: slot + 1.
  Steps cpus_;
  Steps memories_;
  std::array<Steps, cards_per_node_max + 1> cards_;  // By the number of cards.
  std::array<ShapeMask, 64> models_{};
  ShapeMask empty_{};
};

}  // namespace intertie::placement::cards
