// The pool of rows and its clock.
#include "cards/score_rows.h"

#include <algorithm>
#include <cassert>
#include <utility>

namespace intertie::placement::cards {

ScoreRows::ScoreRows(std::size_t rows, std::size_t cells, std::size_t cell_nodes, std::size_t slots)
    : row_length_((cell_nodes + row_block - 1) / row_block * row_block),
      slots_(slots),
      cells_(cells),
      owners_(rows),
      scores_(rows * row_length_, 0),
      stale_(rows * (row_length_ / 64), 0),
      table_(cells * slots, 0),
      slots_of_(cells * (slots / 64), 0) {
  assert(rows > 0 && slots % 64 == 0);
}

void ScoreRows::grow(std::size_t slots) {
  assert(slots >= slots_ && slots % 64 == 0);
  slots_ = slots;
  table_.assign(cells_ * slots, 0);
  slots_of_.assign(cells_ * (slots / 64), 0);
  for (Row row = 0; row < owners_.size(); ++row) {
    const Owner& owner = owners_[row];
    if (!owner.is_taken) continue;
    table_[owner.cell * slots_ + owner.slot] = row + 1;
    slots_of_[owner.cell * (slots_ / 64) + owner.slot / 64U] |= std::uint64_t{1} << owner.slot % 64;
  }
}

void ScoreRows::forget(Row row) {
  Owner& owner = owners_[row];
  table_[owner.cell * slots_ + owner.slot] = 0;
  slots_of_[owner.cell * (slots_ / 64) + owner.slot / 64U] &=
      ~(std::uint64_t{1} << owner.slot % 64);
  owner = {};
}

ScoreRows::Row ScoreRows::acquire(std::size_t cell, std::size_t slot) {
  assert(!find(cell, slot));
  while (owners_[hand_].is_taken && std::exchange(owners_[hand_].is_used, false)) {
    hand_ = (hand_ + 1) % static_cast<Row>(owners_.size());
  }
  const Row row = hand_;
  hand_ = (hand_ + 1) % static_cast<Row>(owners_.size());
  if (owners_[row].is_taken) forget(row);
  owners_[row] = {static_cast<std::uint32_t>(cell), static_cast<std::uint16_t>(slot), true, true};
  table_[cell * slots_ + slot] = row + 1;
  slots_of_[cell * (slots_ / 64) + slot / 64] |= std::uint64_t{1} << slot % 64;
  return row;
}

void ScoreRows::drop(std::size_t cell, std::size_t slot) {
  if (const std::optional<Row> row = find(cell, slot)) forget(*row);
}

}  // namespace intertie::placement::cards
