// The card engine: index, choice, changes.
#include "intertie/placement/cards/card_engine.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "cards/engine_parts.h"

namespace intertie::placement::cards {

CardEngine::Parts::Parts(std::vector<NodeState> states,
                         std::shared_ptr<const NodeScorer> given_scorer,
                         EngineOptions given_options)
    : options(std::move(given_options)),
      scorer(std::move(given_scorer)),
      nodes(states.size()),
      cells(states.size(), options.nodes_per_cell),
      rows(options.score_rows, cells.cell_count(), cells.nodes_per_cell(), cells.slots()),
      memo(options.memo_entries),
      find_row_max(choose_row_max(options.allow_simd)) {
  assert(!states.empty() && scorer != nullptr);
  options.shapes_max = std::clamp<std::size_t>(options.shapes_max, 1, shape_slots_max);
  std::vector<std::uint8_t> models(states.size());
  for (std::size_t i = 0; i < states.size(); ++i) {
    nodes[i].real = states[i];
    refresh(nodes[i]);
    models[i] = states[i].model;
    card_milli.push_back(milli_per_card * states[i].cards);
    capacity_milli += card_milli[i];
    free_milli += compute_free_milli(states[i]);
  }
  if (!options.fabric) return;
  fabric.emplace(std::move(*options.fabric), models);
  options.fabric.reset();
  for (std::uint32_t i = 0; i < nodes.size(); ++i) fabric->set_free_cards(i, nodes[i].cards_free);
}

/// Everything of a node that follows from `real`.
void CardEngine::Parts::refresh(Node& node) {
  NodeState sorted = node.real;
  auto& milli = sorted.card_milli;
  for (std::size_t i = 1; i < sorted.cards; ++i) {  // Descending; most often in order already.
    const std::uint16_t value = milli[i];
    std::size_t at = i;
    for (; at > 0 && milli[at - 1] < value; --at) milli[at] = milli[at - 1];
    milli[at] = value;
  }
  node.key = make_key(sorted);
  node.cards_free = 0;
  while (node.cards_free < sorted.cards && milli[node.cards_free] == milli_per_card) {
    ++node.cards_free;
  }
}

void CardEngine::Parts::find_fitting(const Node& node, ShapeMask& mask) const {
  if (node.is_up) return shapes.find_fitting(read_key(node.key), mask);
  for (std::size_t word = 0; word < shapes.word_count(); ++word) mask[word] = 0;
}

template <class Mutate>
void CardEngine::Parts::change(std::uint32_t index, const Mutate& mutate) {
  Node& node = nodes[index];
  ShapeMask before;
  ShapeMask after;
  find_fitting(node, before);
  mutate(node);
  refresh(node);
  find_fitting(node, after);
  const std::size_t words = shapes.word_count();
  cells.change(index, before, after, words);
  const std::size_t cell = cells.cell_of(index);
  const std::size_t place = index - cells.first_node(cell);
  const auto with_row = rows.find_slots(cell);
  for (std::size_t word = 0; word < words; ++word) {
    visit_bits((before[word] | after[word]) & with_row[word], [&](std::size_t i) {
      rows.get_stale(*rows.find(cell, word * 64 + i))[place / 64] |= std::uint64_t{1} << place % 64;
    });
  }
  if (fabric) fabric->set_free_cards(index, node.is_up ? node.cards_free : std::uint8_t{0});
}

void CardEngine::Parts::set_node(std::uint32_t index, const NodeState& state, bool is_up) {
  assert(index < nodes.size() && state.cards == nodes[index].real.cards);
  const auto count = [&](std::int64_t sign) {
    if (!nodes[index].is_up) return;
    free_milli += sign * compute_free_milli(nodes[index].real);
    capacity_milli += sign * card_milli[index];
  };
  count(-1);
  change(index, [&](Node& node) {
    node.real = state;
    node.is_up = is_up;
  });
  count(1);
}

void CardEngine::Parts::take(const Shape& shape, Pick pick) {
  assert(pick.node < nodes.size());
  change(pick.node, [&](Node& node) {
    apply(node.real, shape, pick.cards);
    if (node.is_up) free_milli -= compute_card_milli(shape);
  });
}

void CardEngine::Parts::release(const Shape& shape, Pick pick) {
  assert(pick.node < nodes.size());
  change(pick.node, [&](Node& node) {
    cards::release(node.real, shape, pick.cards);
    if (node.is_up) free_milli += compute_card_milli(shape);
  });
}

/// The shape in `slot` is new there.
void CardEngine::Parts::use_slot(std::size_t slot) {
  if (last_number == 65'535) {
    memo.clear();
    last_number = 0;
    for (std::uint16_t& number : numbers) number = ++last_number;
  }
  numbers[slot] = ++last_number;
  for (std::size_t cell = 0; cell < cells.cell_count(); ++cell) rows.drop(cell, slot);
  const Shape& shape = shapes.shape(slot);
  cells.fill(slot, [&](std::uint32_t i) { return nodes[i].is_up && fits(nodes[i].real, shape); });
  ++counters.shapes_indexed;
}

/// The slot of a shape, which may first push out one that nobody asked for lately.
std::optional<std::size_t> CardEngine::Parts::find_slot(const Shape& shape) {
  ++requests;
  std::optional<std::size_t> slot = shapes.find(shape);
  if (!slot && shapes.size() < options.shapes_max) {
    slot = shapes.add(shape);
    numbers.push_back(0);
    last_asked.push_back(0);
    if (shapes.size() > cells.slots()) {
      cells.grow(2 * cells.slots());
      rows.grow(cells.slots());
    }
    use_slot(*slot);
  } else if (!slot) {
    const auto idle = std::ranges::min_element(last_asked);
    if (requests - *idle < options.shape_idle_requests) return std::nullopt;
    slot = static_cast<std::size_t>(idle - last_asked.begin());
    shapes.replace(*slot, shape);
    use_slot(*slot);
  }
  last_asked[*slot] = requests;
  return slot;
}

std::uint16_t CardEngine::Parts::score(const Node& node, std::size_t slot) {
  const auto known = memo.find(node.key, numbers[slot]);
  if (known) return ++counters.memo_hits, *known;
  ++counters.scorer_calls;
  const std::int32_t score = scorer->score(read_key(node.key), shapes.shape(slot)).score;
  assert(score >= 0 && score <= score_max);
  memo.put(node.key, numbers[slot], static_cast<std::uint16_t>(score));
  return static_cast<std::uint16_t>(score);
}

std::uint32_t CardEngine::Parts::choose_directly(std::size_t cell, std::size_t slot) {
  ++counters.direct_choices;
  std::uint32_t best = 0;
  std::int32_t best_score = -1;
  for (std::size_t word = 0; word < cells.words_per_cell(); ++word) {
    const std::uint64_t fitting = cells.fitting(cell, word, slot);
    const std::uint32_t first = cells.first_node(cell) + static_cast<std::uint32_t>(word * 64);
    visit_bits(fitting, [&](std::size_t i) { __builtin_prefetch(&nodes[first + i]); });
    visit_bits(fitting, [&](std::size_t i) {
      const std::uint32_t node = first + static_cast<std::uint32_t>(i);
      const std::int32_t score_here = score(nodes[node], slot);
      if (score_here <= best_score) return;
      best = node;
      best_score = score_here;
    });
  }
  assert(best_score >= 0);
  return best;
}

std::uint32_t CardEngine::Parts::choose_by_row(std::size_t cell, std::size_t slot) {
  const std::uint32_t first = cells.first_node(cell);
  std::optional<ScoreRows::Row> row = rows.find(cell, slot);
  const bool is_new = !row;
  if (is_new) {
    ++counters.rows_filled;
    row = rows.acquire(cell, slot);
  }
  std::uint16_t* const scores = rows.use(*row);
  std::uint64_t* const stale = rows.get_stale(*row);
  if (is_new) std::fill_n(scores, rows.row_length(), std::uint16_t{0});
  for (std::size_t word = 0; word < cells.words_per_cell(); ++word) {
    const std::uint64_t fitting = cells.fitting(cell, word, slot);
    const std::uint64_t changed = is_new ? fitting : stale[word];
    const Node* const here = nodes.data() + first + word * 64;
    // Most of the time would go into waiting for memory, one node after the other.
    visit_bits(changed & fitting, [&](std::size_t i) { __builtin_prefetch(here + i); });
    visit_bits(changed & fitting,
               [&](std::size_t i) { memo.prefetch(here[i].key, numbers[slot]); });
    visit_bits(changed, [&](std::size_t i) {
      const bool does_fit = (fitting >> i & 1U) != 0;
      scores[word * 64 + i] = does_fit ? score(here[i], slot) : std::uint16_t{0};
    });
    stale[word] = 0;
  }
  const RowMax best = find_row_max(scores, rows.row_length());
  if (best.value > 0) return first + best.place;
  std::size_t word = 0;  // All that fit have a score of zero, like those that do not.
  while (cells.fitting(cell, word, slot) == 0) ++word;
  return first + static_cast<std::uint32_t>(word * 64 + static_cast<std::size_t>(std::countr_zero(
                                                            cells.fitting(cell, word, slot))));
}

/// The same rule without an index.
std::optional<std::uint32_t> CardEngine::Parts::choose_by_scan(const Shape& shape) const {
  for (std::size_t cell = 0; cell < cells.cell_count(); ++cell) {
    std::optional<std::uint32_t> best;
    std::int32_t best_score = 0;
    const auto length = static_cast<std::uint32_t>(cells.cell_length(cell));
    for (std::uint32_t i = cells.first_node(cell); i < cells.first_node(cell) + length; ++i) {
      if (!nodes[i].is_up || !fits(nodes[i].real, shape)) continue;
      const std::int32_t score_here = scorer->score(nodes[i].real, shape).score;
      if (best && score_here <= best_score) continue;
      best = i;
      best_score = score_here;
    }
    if (best) return best;
  }
  return std::nullopt;
}

std::optional<Pick> CardEngine::Parts::choose(const Shape& shape) {
  if (!is_valid(shape)) return std::nullopt;
  std::optional<std::uint32_t> node;
  if (const std::optional<std::size_t> slot = find_slot(shape)) {
    const std::optional<std::size_t> cell = cells.find_first_cell(*slot);
    if (!cell) return std::nullopt;
    const bool is_direct =
        cells.count(*cell, *slot) <= options.direct_max && !rows.find(*cell, *slot);
    node = is_direct ? choose_directly(*cell, *slot) : choose_by_row(*cell, *slot);
  } else {
    ++counters.scans;
    node = choose_by_scan(shape);
  }
  if (!node) return std::nullopt;
  return Pick{*node, scorer->score(nodes[*node].real, shape).cards};
}

/// The score in the cell's row, if there is one and it claims to be up to date.
bool CardEngine::Parts::is_score_right(std::uint32_t index, std::size_t slot) const {
  const std::size_t cell = cells.cell_of(index);
  const std::size_t place = index - cells.first_node(cell);
  const std::optional<ScoreRows::Row> row = rows.find(cell, slot);
  if (!row || (rows.get_stale(*row)[place / 64] >> place % 64 & 1U) != 0) return true;
  const std::uint16_t stored = rows.get_scores(*row)[place];
  if (!cells.does_fit(index, slot)) return stored == 0;
  return stored == scorer->score(nodes[index].real, shapes.shape(slot)).score;
}

bool CardEngine::Parts::is_consistent() const {
  std::int64_t free = 0;
  std::int64_t capacity = 0;
  for (std::uint32_t i = 0; i < nodes.size(); ++i) {
    const Node& node = nodes[i];
    if (node.key != make_key(sort_cards(node.real).state)) return false;
    if (read_key(node.key) != sort_cards(node.real).state) return false;
    if (node.cards_free != count_free_cards(node.real)) return false;
    if (fabric && fabric->get_free_cards(i) != (node.is_up ? node.cards_free : 0)) return false;
    free += node.is_up ? compute_free_milli(node.real) : 0;
    capacity += node.is_up ? card_milli[i] : 0;
  }
  if (free != free_milli || capacity != capacity_milli || !cells.is_consistent()) return false;
  if (fabric && !fabric->is_consistent()) return false;
  for (std::size_t slot = 0; slot < shapes.size(); ++slot) {
    for (std::uint32_t i = 0; i < nodes.size(); ++i) {
      const bool does_fit = nodes[i].is_up && fits(nodes[i].real, shapes.shape(slot));
      if (cells.does_fit(i, slot) != does_fit || !is_score_right(i, slot)) return false;
    }
  }
  return true;
}

CardEngine::CardEngine(std::vector<NodeState> nodes, std::shared_ptr<const NodeScorer> scorer,
                       EngineOptions options)
    : parts_(std::make_unique<Parts>(std::move(nodes), std::move(scorer), std::move(options))) {}
CardEngine::~CardEngine() = default;
CardEngine::CardEngine(CardEngine&&) noexcept = default;
CardEngine& CardEngine::operator=(CardEngine&&) noexcept = default;

std::uint32_t CardEngine::node_count() const {
  return static_cast<std::uint32_t>(parts_->nodes.size());
}
const NodeState& CardEngine::node(std::uint32_t node) const { return parts_->nodes[node].real; }
bool CardEngine::is_up(std::uint32_t node) const { return parts_->nodes[node].is_up; }
std::int64_t CardEngine::free_milli() const { return parts_->free_milli; }
std::int64_t CardEngine::capacity_milli() const { return parts_->capacity_milli; }
const EngineCounters& CardEngine::counters() const { return parts_->counters; }
bool CardEngine::is_consistent() const { return parts_->is_consistent(); }

std::optional<Pick> CardEngine::choose(const Shape& shape) { return parts_->choose(shape); }

std::optional<Pick> CardEngine::place(const Shape& shape) {
  const std::optional<Pick> pick = parts_->choose(shape);
  if (pick) parts_->take(shape, *pick);
  return pick;
}

void CardEngine::take(const Shape& shape, Pick pick) { parts_->take(shape, pick); }
void CardEngine::release(const Shape& shape, Pick pick) { parts_->release(shape, pick); }

void CardEngine::set_node_up(std::uint32_t node, bool is_up) {
  assert(node < parts_->nodes.size());
  if (parts_->nodes[node].is_up == is_up) return;
  parts_->change(node, [is_up](Parts::Node& changed) { changed.is_up = is_up; });
  const std::int64_t sign = is_up ? 1 : -1;
  parts_->free_milli += sign * compute_free_milli(parts_->nodes[node].real);
  parts_->capacity_milli += sign * parts_->card_milli[node];
}

void CardEngine::set_node(std::uint32_t node, const NodeState& state, bool is_up) {
  parts_->set_node(node, state, is_up);
}
void CardEngine::set_scorer(std::shared_ptr<const NodeScorer> scorer) {
  assert(scorer != nullptr);
  parts_->scorer = std::move(scorer);
  parts_->memo.clear();
  for (std::size_t cell = 0; cell < parts_->cells.cell_count(); ++cell) {
    for (std::size_t slot = 0; slot < parts_->shapes.size(); ++slot) parts_->rows.drop(cell, slot);
  }
}

std::optional<GangPlace> CardEngine::place_gang(const Gang& gang) {
  return parts_->place_gang(gang);
}
const fabric::FabricTree* CardEngine::fabric_tree() const {
  return parts_->fabric ? &*parts_->fabric : nullptr;
}

}  // namespace intertie::placement::cards
