// What the card engine is made of; its functions stand in card_engine.cc and engine_gang.cc.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "intertie/placement/cards/card_engine.h"

#include "cards/cell_index.h"
#include "cards/score_memo.h"
#include "cards/score_rows.h"
#include "cards/shape_index.h"

namespace intertie::placement::cards {

struct CardEngine::Parts {
  /// One cache line, since most of a decision's time goes into fetching them.
  struct alignas(64) Node {
    StateKey key;    // `real` with its cards in descending order: the key of scores.
    NodeState real;  // Cards by their index.
    bool is_up = true;
    std::uint8_t cards_free = 0;  // Wholly.
  };
  static_assert(sizeof(Node) == 64);

  Parts(std::vector<NodeState> states, std::shared_ptr<const NodeScorer> given_scorer,
        EngineOptions given_options);

  // Nodes.
  void refresh(Node& node);
  void find_fitting(const Node& node, ShapeMask& mask) const;
  /// `mutate(node)` changes one node; the index follows.
  template <class Mutate>
  void change(std::uint32_t index, const Mutate& mutate);
  void set_node(std::uint32_t index, const NodeState& state, bool is_up);
  void take(const Shape& shape, Pick pick);
  void release(const Shape& shape, Pick pick);

  // Choice.
  std::optional<std::size_t> find_slot(const Shape& shape);
  void use_slot(std::size_t slot);
  std::uint16_t score(const Node& node, std::size_t slot);
  std::uint32_t choose_directly(std::size_t cell, std::size_t slot);
  std::uint32_t choose_by_row(std::size_t cell, std::size_t slot);
  std::optional<std::uint32_t> choose_by_scan(const Shape& shape) const;
  std::optional<Pick> choose(const Shape& shape);

  // What a choice sees.
  std::int64_t count_fitting(const Shape& shape);
  std::vector<Rated> rank(const Shape& shape, std::size_t count);
  std::uint16_t read_score(std::size_t cell, std::uint32_t node, std::size_t slot);

  // Gangs.
  std::int32_t count_tasks(std::uint32_t index, const Shape& task) const;
  std::optional<GangPlace> place_gang(const Gang& gang);

  bool is_score_right(std::uint32_t index, std::size_t slot) const;
  bool is_consistent() const;

  EngineOptions options;
  std::shared_ptr<const NodeScorer> scorer;
  std::vector<Node> nodes;
  ShapeIndex shapes;
  CellIndex cells;
  ScoreRows rows;
  ScoreMemo memo;
  FindRowMax find_row_max;
  std::vector<std::uint16_t> numbers;  // Of the shapes in the slots, for the memo.
  std::uint16_t last_number = 0;
  std::vector<std::uint64_t> last_asked;  // By slot: the request's number.
  std::uint64_t requests = 0;
  std::optional<fabric::FabricTree> fabric;
  std::int64_t free_milli = 0;
  std::int64_t capacity_milli = 0;
  std::vector<std::int32_t> card_milli;  // By node: what it has when empty.
  EngineCounters counters;
};

}  // namespace intertie::placement::cards
