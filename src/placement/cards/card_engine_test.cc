// The card engine against a scan of all nodes, its own rebuilt copies and recounts from scratch.
#include "intertie/placement/cards/card_engine.h"

#include <algorithm>
#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "intertie/core/random.h"

#include "cards/fgd.h"

namespace intertie::placement::cards {
namespace {

/// Scores without sense, with many ties and zeros; by the cards' amounts, not by their order.
class OddScorer final : public NodeScorer {
 public:
  explicit OddScorer(std::int32_t levels) : levels_(levels) {}
  std::string_view name() const override { return "odd"; }
  Scored score(const NodeState& node, const Shape& shape) const override {
    EXPECT_TRUE(fits(node, shape));
    std::int64_t sum = node.cpu_milli / 7 + shape.cpu_milli;
    for (const std::uint16_t milli : node.card_milli) sum += milli * (milli % 13);
    const auto score = static_cast<std::int32_t>(sum % levels_);
    return {levels_ > 1'000 ? score * 7 % (score_max + 1) : score,
            find_tightest_cards(node, shape)};
  }

 private:
  std::int32_t levels_;
};

struct Live {
  Shape shape;
  Pick pick;
};

/// What the engine must agree with: plain states, and the documented rule as one scan.
struct Model {
  std::vector<NodeState> empty;
  std::vector<NodeState> nodes;
  std::vector<bool> is_up;
  std::vector<Live> live;
  std::size_t nodes_per_cell = 1;

  std::optional<Pick> scan(const NodeScorer& scorer, const Shape& shape) const {
    if (!is_valid(shape)) return std::nullopt;
    std::optional<Pick> best;
    std::int32_t best_score = 0;
    for (std::uint32_t i = 0; i < nodes.size(); ++i) {
      if (best && i / nodes_per_cell != best->node / nodes_per_cell) break;
      if (!is_up[i] || !fits(nodes[i], shape)) continue;
      const Scored scored = scorer.score(nodes[i], shape);
      if (best && scored.score <= best_score) continue;
      best = Pick{i, scored.cards};
      best_score = scored.score;
    }
    return best;
  }

  /// Counts all nodes again from what is live.
  void expect_equal(const CardEngine& engine) const {
    std::vector<NodeState> counted = empty;
    std::int64_t capacity = 0;
    for (const Live& item : live) apply(counted[item.pick.node], item.shape, item.pick.cards);
    std::int64_t free = 0;
    for (std::uint32_t i = 0; i < counted.size(); ++i) {
      ASSERT_EQ(engine.node(i), counted[i]) << i;
      ASSERT_EQ(engine.is_up(i), is_up[i]);
      free += is_up[i] ? compute_free_milli(counted[i]) : 0;
      capacity += is_up[i] ? milli_per_card * empty[i].cards : 0;
    }
    EXPECT_EQ(engine.free_milli(), free);
    EXPECT_EQ(engine.capacity_milli(), capacity);
    EXPECT_TRUE(engine.is_consistent());
  }
};

std::vector<NodeState> make_nodes(core::Random& random, std::size_t count) {
  std::vector<NodeState> nodes;
  for (std::size_t i = 0; i < count; ++i) {
    const auto cards = static_cast<std::uint8_t>(random.chance(1, 8) ? 0 : 1 << random.below(4));
    const auto model = static_cast<ModelId>(random.chance(1, 9) ? model_none : random.below(3));
    nodes.push_back(make_node(static_cast<std::int32_t>(random.between(1, 8)) * 8'000,
                              static_cast<std::int32_t>(random.between(1, 4)) * 65'536, cards,
                              model));
  }
  return nodes;
}

/// From few values, so that shapes come again; now and then an odd, huge or invalid one.
Shape make_shape(core::Random& random) {
  constexpr std::array<std::int32_t, 5> kMilli = {110, 320, 470, 810, 1'000};
  Shape shape;
  shape.cpu_milli = static_cast<std::int32_t>(random.between(0, 4)) * 2'000;
  shape.memory_mib = static_cast<std::int32_t>(random.between(0, 2)) * 8'192;
  if (random.chance(4, 5)) {
    shape.card_milli = kMilli[random.below(kMilli.size())];
    shape.cards = static_cast<std::uint8_t>(random.chance(1, 4) ? 1 << random.below(4) : 1);
  }
  if (random.chance(1, 5)) shape.models.bits = 1 + random.below(7);
  switch (random.below(60)) {
    case 0:
      shape.cpu_milli = 2'000'000'000;
      break;
    case 1:
      shape.cards = 255;
      shape.card_milli = 1'000;
      break;
    case 2:
      shape = Shape{};
      break;
    case 3:
      shape.cpu_milli = -1;
      break;
    case 4:
      shape.card_milli = 1'001;
      break;
    case 5:
      shape.models.bits = 0;
      break;
    case 6:
      shape.cpu_milli = static_cast<std::int32_t>(random.below(100'000));
      break;
    default:
      break;
  }
  return shape;
}

EngineOptions make_options(core::Random& random, std::size_t nodes_per_cell) {
  EngineOptions options;
  options.nodes_per_cell = nodes_per_cell;
  options.memo_entries = std::size_t{1} << random.between(1, 12);
  options.score_rows = static_cast<std::size_t>(random.between(1, 30));
  options.shapes_max =
      static_cast<std::size_t>(random.chance(1, 2) ? 1'024 : random.between(1, 70));
  options.shape_idle_requests = static_cast<std::uint64_t>(random.between(1, 100));
  options.direct_max = static_cast<std::size_t>(random.chance(1, 2) ? 0 : random.between(1, 30));
  options.allow_simd = random.chance(1, 2);
  return options;
}

class History {
 public:
  explicit History(std::uint64_t seed) : random_(seed) {
    model_.empty = model_.nodes =
        make_nodes(random_, static_cast<std::size_t>(random_.between(1, 150)));
    model_.is_up.assign(model_.nodes.size(), true);
    model_.nodes_per_cell = static_cast<std::size_t>(random_.between(1, 80));
    if (random_.chance(1, 3)) {
      std::vector<Shape> shapes;
      for (int i = 0; i < 200; ++i) shapes.push_back(make_shape(random_));
      std::erase_if(shapes, [](const Shape& shape) { return !is_valid(shape); });
      scorer_ = std::make_shared<FgdScorer>(count_shapes(shapes));
    } else {
      scorer_ = std::make_shared<OddScorer>(random_.chance(1, 3) ? 1 : random_.between(2, 60'000));
    }
    engine_ = std::make_unique<CardEngine>(make_engine(model_.empty));
  }

  void run(int steps) {
    for (int step = 0; step < steps && !testing::Test::HasFatalFailure(); ++step) {
      switch (random_.below(8)) {
        case 0:
          turn_node();
          break;
        case 1:
        case 2:
          depart();
          break;
        default:
          arrive(make_shape(random_));
      }
      if (step % 40 == 0) model_.expect_equal(*engine_);
    }
    model_.expect_equal(*engine_);
  }

  void arrive(const Shape& shape) {
    const std::optional<Pick> expected = model_.scan(*scorer_, shape);
    ASSERT_EQ(engine_->choose(shape), expected);
    ASSERT_EQ(engine_->place(shape), expected);
    if (!expected) return;
    apply(model_.nodes[expected->node], shape, expected->cards);
    model_.live.push_back({shape, *expected});
  }

  /// A new engine, from the live placements in another order, with caches of other sizes.
  void rebuild() {
    random_.shuffle(model_.live);
    auto rebuilt = std::make_unique<CardEngine>(make_engine(model_.empty));
    for (std::uint32_t i = 0; i < model_.nodes.size(); ++i)
      rebuilt->set_node_up(i, model_.is_up[i]);
    for (const Live& item : model_.live) rebuilt->take(item.shape, item.pick);
    for (int i = 0; i < 100; ++i) {
      const Shape shape = make_shape(random_);
      ASSERT_EQ(rebuilt->choose(shape), engine_->choose(shape));
    }
    engine_ = std::move(rebuilt);
  }

 private:
  CardEngine make_engine(const std::vector<NodeState>& nodes) {
    return CardEngine(nodes, scorer_, make_options(random_, model_.nodes_per_cell));
  }

  void turn_node() {
    const auto node = static_cast<std::uint32_t>(random_.below(model_.nodes.size()));
    model_.is_up[node] = random_.chance(3, 4);
    engine_->set_node_up(node, model_.is_up[node]);
    if (model_.is_up[node] || random_.chance(1, 2)) return;
    // Lost, not drained: what ran there ends.
    for (std::size_t i = model_.live.size(); i-- > 0;) {
      if (model_.live[i].pick.node == node) end(i);
    }
  }

  void depart() {
    if (!model_.live.empty()) end(random_.below(model_.live.size()));
  }

  void end(std::size_t index) {
    std::swap(model_.live[index], model_.live.back());
    const Live item = model_.live.back();
    model_.live.pop_back();
    release(model_.nodes[item.pick.node], item.shape, item.pick.cards);
    engine_->release(item.shape, item.pick);
  }

  core::Random random_;
  Model model_;
  std::shared_ptr<const NodeScorer> scorer_;
  std::unique_ptr<CardEngine> engine_;
};

TEST(CardEngine, DecidesAsAScanOfAllNodesAndAsARebuiltEngine) {
  for (std::uint64_t seed = 0; seed < 120; ++seed) {
    SCOPED_TRACE(seed);
    History history(seed);
    for (int round = 0; round < 3 && !testing::Test::HasFatalFailure(); ++round) {
      history.run(150);
      history.rebuild();
    }
  }
}

TEST(CardEngine, MoreShapesThanSlotsChangeNothing) {
  core::Random random(7);
  Model model;
  model.empty = model.nodes = make_nodes(random, 300);
  model.is_up.assign(300, true);
  model.nodes_per_cell = 100;
  const auto scorer = std::make_shared<OddScorer>(50);
  EngineOptions options;
  options.nodes_per_cell = 100;
  options.score_rows = 40;
  options.shapes_max = 512;
  CardEngine engine(model.empty, scorer, options);
  for (int i = 0; i < 3'000; ++i) {
    Shape shape;
    shape.cpu_milli = static_cast<std::int32_t>(random.below(1'500));
    shape.cards = 1;
    shape.card_milli = i % 2 == 0 ? 20 : 30;
    const std::optional<Pick> expected = model.scan(*scorer, shape);
    ASSERT_EQ(engine.place(shape), expected) << i;
    if (!expected) continue;
    apply(model.nodes[expected->node], shape, expected->cards);
    model.live.push_back({shape, *expected});
  }
  EXPECT_GT(engine.counters().scans, 500U);
  EXPECT_EQ(engine.counters().shapes_indexed, 512U);
  model.expect_equal(engine);
}

TEST(CardEngine, ARowOfZerosLeadsToTheFirstNodeThatFits) {
  std::vector<NodeState> nodes(100, make_node(64'000, 1'000, 0, 0));
  nodes.resize(130, make_node(64'000, 1'000, 2, 0));
  EngineOptions options;
  options.direct_max = 0;
  CardEngine engine(nodes, std::make_shared<OddScorer>(1), options);
  for (const std::uint32_t node : {100U, 100U, 101U}) {
    EXPECT_EQ(engine.place({1'000, 10, 1'000, 1, {}})->node, node);
  }
  EXPECT_EQ(engine.counters().direct_choices, 0U);
}

TEST(CardEngine, TheFirstCellThatFitsIsFilledFirst) {
  const std::vector<NodeState> nodes(6, make_node(64'000, 1'000, 2, 0));
  EngineOptions options;
  options.nodes_per_cell = 2;
  CardEngine engine(nodes, std::make_shared<OddScorer>(1), options);
  const Shape whole{1'000, 10, 1'000, 1, {}};
  std::vector<std::uint32_t> order;
  std::vector<Pick> picks;
  for (int i = 0; i < 6; ++i) {
    picks.push_back(*engine.place(whole));
    order.push_back(picks.back().node);
  }
  EXPECT_EQ(order, (std::vector<std::uint32_t>{0, 0, 1, 1, 2, 2}));
  engine.release(whole, picks[2]);
  EXPECT_EQ(engine.place(whole), picks[2]) << "what was freed in an earlier cell is taken first";
  engine.set_node_up(3, false);
  EXPECT_EQ(engine.place(whole)->node, 4U);
  EXPECT_EQ(engine.capacity_milli(), 10'000);
  EXPECT_EQ(engine.place({1, 1, 1'000, 3, {}}), std::nullopt);
}

}  // namespace
}  // namespace intertie::placement::cards
