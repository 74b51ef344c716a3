// What a choice sees: how many nodes fit, and which are the best.
#include <algorithm>

#include "cards/engine_parts.h"

namespace intertie::placement::cards {

std::int64_t CardEngine::Parts::count_fitting(const Shape& shape) {
  if (!is_valid(shape)) return 0;
  std::int64_t count = 0;
  if (const std::optional<std::size_t> slot = find_slot(shape)) {
    for (std::size_t cell = 0; cell < cells.cell_count(); ++cell) count += cells.count(cell, *slot);
    return count;
  }
  for (const Node& node : nodes) count += node.is_up && fits(node.real, shape) ? 1 : 0;
  return count;
}

/// From the cell's row, if it has one that is up to date there.
std::uint16_t CardEngine::Parts::read_score(std::size_t cell, std::uint32_t node,
                                            std::size_t slot) {
  const std::size_t place = node - cells.first_node(cell);
  const std::optional<ScoreRows::Row> row = rows.find(cell, slot);
  const bool is_known = row && (rows.get_stale(*row)[place / 64] >> place % 64 & 1U) == 0;
  return is_known ? rows.get_scores(*row)[place] : score(nodes[node], slot);
}

std::vector<Rated> CardEngine::Parts::rank(const Shape& shape, std::size_t count) {
  std::vector<Rated> best;
  const auto add = [&](std::uint32_t node, std::int32_t score_here) {
    if (best.size() == count && score_here <= best.back().score) return;
    if (best.size() == count) best.pop_back();
    const auto place = std::ranges::upper_bound(best, score_here, std::greater<>{}, &Rated::score);
    best.insert(place, {node, score_here});
  };
  if (!is_valid(shape) || count == 0) return best;
  if (const std::optional<std::size_t> slot = find_slot(shape)) {
    const std::optional<std::size_t> cell = cells.find_first_cell(*slot);
    if (!cell) return best;
    for (std::size_t word = 0; word < cells.words_per_cell(); ++word) {
      const auto first = cells.first_node(*cell) + static_cast<std::uint32_t>(word * 64);
      visit_bits(cells.fitting(*cell, word, *slot), [&](std::size_t i) {
        const std::uint32_t node = first + static_cast<std::uint32_t>(i);
        add(node, read_score(*cell, node, *slot));
      });
    }
    return best;
  }
  for (std::size_t cell = 0; cell < cells.cell_count() && best.empty(); ++cell) {
    const std::uint32_t end =
        cells.first_node(cell) + static_cast<std::uint32_t>(cells.cell_length(cell));
    for (std::uint32_t i = cells.first_node(cell); i < end; ++i) {
      if (nodes[i].is_up && fits(nodes[i].real, shape)) {
        add(i, scorer->score(nodes[i].real, shape).score);
      }
    }
  }
  return best;
}

std::int64_t CardEngine::count_fitting(const Shape& shape) { return parts_->count_fitting(shape); }
std::vector<Rated> CardEngine::rank(const Shape& shape, std::size_t count) {
  return parts_->rank(shape, count);
}

}  // namespace intertie::placement::cards
