// Which nodes of which cell fit which slot: exact bits and counts.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "cards/shape_index.h"

namespace intertie::placement::cards {

/// For each slot: a bit for every node, counts by cell, and a bitmap of the cells whose count is
/// above zero. The words of one place in a cell lie side by side for all slots, since a change of
/// one node touches many slots.
class CellIndex {
 public:
  CellIndex(std::size_t nodes, std::size_t nodes_per_cell);

  std::size_t cell_count() const { return cells_; }
  std::size_t nodes_per_cell() const { return nodes_per_cell_; }
  std::size_t words_per_cell() const { return words_; }
  std::size_t cell_of(std::uint32_t node) const { return node / nodes_per_cell_; }
  std::uint32_t first_node(std::size_t cell) const {
    return static_cast<std::uint32_t>(cell * nodes_per_cell_);
  }
  std::size_t cell_length(std::size_t cell) const;

  /// Room for this many slots, a multiple of 64, no fewer than before. O(nodes * slots / 64).
  void grow(std::size_t slots);
  std::size_t slots() const { return slots_; }

  /// Sets all bits of a slot anew. O(nodes).
  void fill(std::size_t slot, const std::function<bool(std::uint32_t)>& does_fit);
  /// Slots of `before` fitted the node, those of `after` do now. O(words + differences).
  void change(std::uint32_t node, const ShapeMask& before, const ShapeMask& after,
              std::size_t words);

  std::uint32_t count(std::size_t cell, std::size_t slot) const {
    return counts_[cell * slots_ + slot];
  }
  std::uint64_t fitting(std::size_t cell, std::size_t word, std::size_t slot) const {
    return bits_[(cell * words_ + word) * slots_ + slot];
  }
  bool does_fit(std::uint32_t node, std::size_t slot) const;
  /// The first cell with a node that fits. O(cells / 64).
  std::optional<std::size_t> find_first_cell(std::size_t slot) const;

  /// Counts and the bitmap agree with the bits. O(nodes * slots).
  bool is_consistent() const;

 private:
  std::size_t nodes_;
  std::size_t nodes_per_cell_;
  std::size_t cells_;
  std::size_t words_;       // Of a cell.
  std::size_t cell_words_;  // Of a bitmap of cells.
  std::size_t slots_ = 0;
  std::vector<std::uint64_t> bits_;    // [cell][word][slot].
  std::vector<std::uint16_t> counts_;  // [cell][slot].
  std::vector<std::uint64_t> open_;    // [slot][word of cells].
};

/// Calls `visit(i)` for every bit that is set, the lowest first.
template <class Visit>
void visit_bits(std::uint64_t bits, const Visit& visit) {
  for (; bits != 0; bits &= bits - 1) visit(static_cast<std::size_t>(std::countr_zero(bits)));
}

}  // namespace intertie::placement::cards
