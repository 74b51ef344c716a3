// The card engine: chooses node and cards for one request after another, out of a million cards.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "intertie/placement/cards/cluster.h"
#include "intertie/placement/cards/node_scorer.h"
#include "intertie/placement/cards/node_state.h"
#include "intertie/placement/fabric/fabric_tree.h"

namespace intertie::placement::cards {

/// `nodes_per_cell` and the fabric are part of the policy; all else changes cost alone.
struct EngineOptions {
  std::size_t nodes_per_cell = 1'216;          // Of each cell but the last; 1..65'535.
  std::optional<fabric::FabricLayout> fabric;  // For gangs; valid, over the same nodes.
  std::size_t memo_entries =
      1U << 16;  // 2 MB: larger ones hit more often, but miss the processor's caches.
  std::size_t score_rows = 8'192;
  std::size_t shapes_max = 1'024;  // Indexed at a time, 1..1'024; others are scanned for.
  std::uint64_t shape_idle_requests = 65'536;  // An indexed shape idle so long gives way.
  std::size_t direct_max = 24;                 // Up to so many fitting nodes are scored one by one.
  bool allow_simd = true;
};

/// A gang: all tasks or none, each task with whole cards, inside the smallest fabric.
struct Gang {
  Shape task;
  std::int64_t tasks = 0;
  std::uint32_t tier_max = ~0U;  // The largest fabric it may span.
};

struct GangPlace {
  fabric::Fabric fabric;
  std::vector<Pick> picks;  // One a task, by node.
};

/// A node that fits, and its score.
struct Rated {
  std::uint32_t node = 0;
  std::int32_t score = 0;
};

/// What a choice saw, for explanations and benchmarks.
struct EngineCounters {
  std::uint64_t scorer_calls = 0;
  std::uint64_t memo_hits = 0;
  std::uint64_t rows_filled = 0;
  std::uint64_t direct_choices = 0;
  std::uint64_t scans = 0;
  std::uint64_t shapes_indexed = 0;
};

/// Assumes: nodes stand in a fixed order; neighbours form *cells*, each a fair sample of the kinds
/// of nodes (shuffle the order once if they are not); a scorer rates a node by its state alone.
///
/// Rule: the first cell with a node that fits; in it the highest score, the first node among
/// equals; on it the cards that the scorer names. So load is concentrated cell by cell, and what is
/// decided depends on what is placed now, which nodes are up, and the request: never on the past.
/// An engine rebuilt from the live placements decides like the one that ran.
///
/// Index: for every cell and every shape asked for (up to 1,024, *slots*) one bit a node, "fits",
/// and their count, kept exactly: a change of a node flips the bits of the shapes for which it
/// began or ceased to fit. The first cell with a count above zero is found in a bitmap. Scores of a
/// cell for a shape stand in a *row* that is brought up to date when asked for, from bits of the
/// nodes that changed since; the highest is found by SIMD, whose results equal the portable
/// version's. Rows and computed scores are caches of bounded size. Nothing has to be re-armed after
/// a departure, since the counts are exact.
///
/// Cost of a choice: O(cells / 64 + nodes of a cell / SIMD width + nodes of it that changed), of a
/// change O(slots whose fit flips + slots / 64); a new shape costs O(nodes) once. Memory: 64 bytes
/// a node, slots / 8 bytes a node, and the caches. A value; one thread at a time.
class CardEngine {
 public:
  /// All nodes are up. At least one node (asserted). The scorer must not be null.
  CardEngine(std::vector<NodeState> nodes, std::shared_ptr<const NodeScorer> scorer,
             EngineOptions options = {});
  ~CardEngine();
  CardEngine(CardEngine&&) noexcept;
  CardEngine& operator=(CardEngine&&) noexcept;

  std::uint32_t node_count() const;
  /// What is free on a node, whether it is up or not. O(1).
  const NodeState& node(std::uint32_t node) const;
  bool is_up(std::uint32_t node) const;
  /// Thousandths of cards that are free on nodes that are up, and that these nodes have. O(1).
  std::int64_t free_milli() const;
  std::int64_t capacity_milli() const;

  /// Where a request would go, or nothing if it fits nowhere. Changes caches alone. An invalid
  /// shape (is_valid) fits nowhere.
  std::optional<Pick> choose(const Shape& shape);
  /// choose and take in one.
  std::optional<Pick> place(const Shape& shape);
  /// Takes what a pick names; it must be free (asserted), its node may be down: for rebuilding.
  void take(const Shape& shape, Pick pick);
  /// Gives back what take or place took; it must be taken (asserted).
  void release(const Shape& shape, Pick pick);

  /// Places all tasks of a gang or changes nothing. Needs options.fabric and a task of 1..8 whole
  /// cards, else nothing fits. Fabric and nodes: fabric::FabricTree. O(fabrics below the one chosen
  /// + tasks).
  std::optional<GangPlace> place_gang(const Gang& gang);
  /// Null without options.fabric.
  const fabric::FabricTree* fabric_tree() const;

  /// A node that is down (lost or drained) takes nothing new; what runs there stays taken until it
  /// is released. O(changed slots).
  void set_node_up(std::uint32_t node, bool is_up);

  /// Replaces what is free on a node and whether it is up: for an index over capacity that somebody
  /// else accounts. The node keeps its cards (asserted). O(changed slots).
  void set_node(std::uint32_t node, const NodeState& state, bool is_up);
  /// Scores by another scorer from now on. O(rows + memo entries).
  void set_scorer(std::shared_ptr<const NodeScorer> scorer);

  /// Nodes that are up and fit. O(cells), for a new shape O(nodes).
  std::int64_t count_fitting(const Shape& shape);
  /// The best `count` nodes of the cell that choose takes, in the order of its rule: the first is
  /// its choice. Empty: fits nowhere. O(nodes of the cell).
  std::vector<Rated> rank(const Shape& shape, std::size_t count);

  const EngineCounters& counters() const;

  /// Recounts bits, counts and sums from the nodes' states by `fits`, one shape after the other,
  /// and each up-to-date score by the scorer. O(nodes * slots).
  bool is_consistent() const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace intertie::placement::cards
