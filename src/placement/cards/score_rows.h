// Rows of scores, one for a cell and a shape, in a pool of fixed size: a cache that never decides.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "cards/row_max.h"

namespace intertie::placement::cards {

/// A row holds a score for each node of a cell, and a bit for each node whose score is out of date.
/// When all rows are in use the one that was not asked for longest, roughly (the clock of Corbato,
/// 1968), is given to another cell or shape and must be filled anew.
class ScoreRows {
 public:
  using Row = std::uint32_t;

  /// `rows` > 0 rows for cells of up to `cell_nodes` nodes.
  ScoreRows(std::size_t rows, std::size_t cells, std::size_t cell_nodes, std::size_t slots);

  /// The cells' rows can now be of `slots` slots, no fewer than before. O(cells * slots).
  void grow(std::size_t slots);

  std::size_t row_length() const { return row_length_; }
  std::optional<Row> find(std::size_t cell, std::size_t slot) const {
    const std::uint32_t row = table_[cell * slots_ + slot];
    if (row == 0) return std::nullopt;
    return row - 1;
  }
  /// Slots of the cell that have a row, as bits; `slots` / 64 words.
  std::span<const std::uint64_t> find_slots(std::size_t cell) const {
    return {slots_of_.data() + cell * (slots_ / 64), slots_ / 64};
  }

  /// A row for a cell and slot that have none. Its scores are whatever stood there.
  Row acquire(std::size_t cell, std::size_t slot);
  /// The cell and slot have no row any more, if they had one.
  void drop(std::size_t cell, std::size_t slot);

  /// The scores, row_length() of them; unused places must be 0. Marks the row as used.
  std::uint16_t* use(Row row) {
    owners_[row].is_used = true;
    return scores_.data() + row * row_length_;
  }
  const std::uint16_t* get_scores(Row row) const { return scores_.data() + row * row_length_; }
  /// Bits of the nodes that are out of date, row_length() / 64 words.
  std::uint64_t* get_stale(Row row) { return stale_.data() + row * (row_length_ / 64); }
  const std::uint64_t* get_stale(Row row) const { return stale_.data() + row * (row_length_ / 64); }

 private:
  struct Owner {
    std::uint32_t cell = 0;
    std::uint16_t slot = 0;
    bool is_taken = false;
    bool is_used = false;
  };

  void forget(Row row);

  std::size_t row_length_;
  std::size_t slots_;
  std::size_t cells_;
  Row hand_ = 0;
  std::vector<Owner> owners_;
  std::vector<std::uint16_t> scores_;
  std::vector<std::uint64_t> stale_;
  std::vector<std::uint32_t> table_;     // [cell][slot]: row + 1.
  std::vector<std::uint64_t> slots_of_;  // [cell][word].
};

}  // namespace intertie::placement::cards
