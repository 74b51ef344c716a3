// Bits and counts of nodes that fit.
#include "cards/cell_index.h"

#include <algorithm>
#include <cassert>
#include <utility>

namespace intertie::placement::cards {
namespace {

constexpr std::size_t kNodesPerCellMax = 65'535;  // Counts have 16 bits.

}  // namespace

CellIndex::CellIndex(std::size_t nodes, std::size_t nodes_per_cell)
    : nodes_(nodes),
      nodes_per_cell_(std::min(nodes_per_cell, nodes)),
      cells_((nodes + nodes_per_cell_ - 1) / nodes_per_cell_),
      words_((nodes_per_cell_ + 63) / 64),
      cell_words_((cells_ + 63) / 64) {
  assert(nodes > 0 && nodes_per_cell > 0 && nodes_per_cell_ <= kNodesPerCellMax);
  grow(64);
}

std::size_t CellIndex::cell_length(std::size_t cell) const {
  return std::min(nodes_per_cell_, nodes_ - cell * nodes_per_cell_);
}

void CellIndex::grow(std::size_t slots) {
  assert(slots >= slots_ && slots % 64 == 0);
  std::vector<std::uint64_t> bits(cells_ * words_ * slots, 0);
  for (std::size_t at = 0; at < cells_ * words_ && slots_ > 0; ++at) {
    std::copy_n(bits_.begin() + static_cast<std::ptrdiff_t>(at * slots_), slots_,
                bits.begin() + static_cast<std::ptrdiff_t>(at * slots));
  }
  std::vector<std::uint16_t> counts(cells_ * slots, 0);
  for (std::size_t cell = 0; cell < cells_ && slots_ > 0; ++cell) {
    std::copy_n(counts_.begin() + static_cast<std::ptrdiff_t>(cell * slots_), slots_,
                counts.begin() + static_cast<std::ptrdiff_t>(cell * slots));
  }
  bits_ = std::move(bits);
  counts_ = std::move(counts);
  open_.resize(slots * cell_words_, 0);
  slots_ = slots;
}

void CellIndex::fill(std::size_t slot, const std::function<bool(std::uint32_t)>& does_fit) {
  assert(slot < slots_);
  std::fill_n(open_.begin() + static_cast<std::ptrdiff_t>(slot * cell_words_), cell_words_, 0);
  for (std::size_t cell = 0; cell < cells_; ++cell) {
    const std::size_t length = cell_length(cell);
    int count = 0;
    for (std::size_t word = 0; word < words_; ++word) {
      std::uint64_t bits = 0;
      for (std::size_t i = word * 64; i < std::min(length, word * 64 + 64); ++i) {
        const bool fits = does_fit(first_node(cell) + static_cast<std::uint32_t>(i));
        bits |= std::uint64_t{fits} << i % 64;
      }
      bits_[(cell * words_ + word) * slots_ + slot] = bits;
      count += std::popcount(bits);
    }
    counts_[cell * slots_ + slot] = static_cast<std::uint16_t>(count);
    if (count > 0) open_[slot * cell_words_ + cell / 64] |= std::uint64_t{1} << cell % 64;
  }
}

void CellIndex::change(std::uint32_t node, const ShapeMask& before, const ShapeMask& after,
                       std::size_t words) {
  const std::size_t cell = cell_of(node);
  const std::size_t place = node - first_node(cell);
  std::uint64_t* const bits = bits_.data() + (cell * words_ + place / 64) * slots_;
  std::uint16_t* const counts = counts_.data() + cell * slots_;
  const std::uint64_t bit = std::uint64_t{1} << place % 64;
  for (std::size_t word = 0; word < words; ++word) {
    visit_bits(before[word] & ~after[word], [&](std::size_t i) {
      const std::size_t slot = word * 64 + i;
      bits[slot] &= ~bit;
      if (--counts[slot] == 0) {
        open_[slot * cell_words_ + cell / 64] &= ~(std::uint64_t{1} << cell % 64);
      }
    });
    visit_bits(after[word] & ~before[word], [&](std::size_t i) {
      const std::size_t slot = word * 64 + i;
      bits[slot] |= bit;
      if (counts[slot]++ == 0) {
        open_[slot * cell_words_ + cell / 64] |= std::uint64_t{1} << cell % 64;
      }
    });
  }
}

bool CellIndex::does_fit(std::uint32_t node, std::size_t slot) const {
  const std::size_t cell = cell_of(node);
  const std::size_t place = node - first_node(cell);
  return (fitting(cell, place / 64, slot) >> place % 64 & 1U) != 0;
}

std::optional<std::size_t> CellIndex::find_first_cell(std::size_t slot) const {
  for (std::size_t word = 0; word < cell_words_; ++word) {
    const std::uint64_t open = open_[slot * cell_words_ + word];
    if (open != 0) return word * 64 + static_cast<std::size_t>(std::countr_zero(open));
  }
  return std::nullopt;
}

bool CellIndex::is_consistent() const {
  for (std::size_t cell = 0; cell < cells_; ++cell) {
    for (std::size_t slot = 0; slot < slots_; ++slot) {
      int fitting_nodes = 0;
      for (std::size_t word = 0; word < words_; ++word) {
        fitting_nodes += std::popcount(fitting(cell, word, slot));
      }
      const std::uint64_t open = open_[slot * cell_words_ + cell / 64] >> cell % 64 & 1U;
      if (count(cell, slot) != static_cast<std::uint32_t>(fitting_nodes)) return false;
      if (open != (fitting_nodes > 0 ? 1U : 0U)) return false;
    }
  }
  return true;
}

}  // namespace intertie::placement::cards
