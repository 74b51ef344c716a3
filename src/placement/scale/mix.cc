// The built-in mix, the fleet and the gangs of the scale benchmark.
#include "intertie/placement/scale/mix.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>
#include <string>

#include "intertie/placement/cards/model_need.h"

namespace intertie::placement::scale {
namespace {

using cards::ModelId;
using cards::NodeState;
using cards::Shape;

// Alphabetical: the place is the ModelId.
constexpr std::array<std::string_view, 7> kModels = {"A10", "G2",      "G3",     "P100",
                                                     "T4",  "V100M16", "V100M32"};

struct NodeKind {
  std::string_view model;
  std::uint8_t cards;
  std::int32_t cores;
  std::int32_t gib;
  int count;
};

// Counts of the trace's 1,213 nodes, rounded to even numbers.
constexpr std::array kNodes = {
    NodeKind{"G2", 8, 96, 384, 550},     NodeKind{"T4", 2, 104, 512, 390},
    NodeKind{"P100", 2, 16, 120, 110},   NodeKind{"G3", 8, 128, 768, 40},
    NodeKind{"V100M16", 4, 32, 128, 28}, NodeKind{"P100", 2, 64, 256, 22},
    NodeKind{"V100M32", 8, 96, 768, 20}, NodeKind{"V100M16", 1, 8, 32, 20},
    NodeKind{"T4", 4, 96, 384, 16},      NodeKind{"V100M32", 4, 48, 368, 10},
    NodeKind{"V100M16", 8, 64, 256, 6},  NodeKind{"P100", 1, 8, 60, 4},
};

struct Kind {
  double cores;
  std::int32_t gib;
  std::int32_t card_milli;
  std::uint8_t cards;
  int per_mille;  // Of all requests; at least 1.
};

constexpr std::array kRequests = {
    Kind{3.2, 5, 810, 1, 128},   Kind{11.3, 48, 1000, 1, 107}, Kind{11.4, 50, 1000, 1, 73},
    Kind{3.2, 5, 1000, 1, 58},   Kind{11.9, 46, 470, 1, 48},   Kind{12.5, 56, 0, 0, 45},
    Kind{8.0, 30, 470, 1, 44},   Kind{12.0, 21, 1000, 1, 40},  Kind{32.0, 48, 0, 0, 36},
    Kind{18.7, 63, 1000, 1, 31}, Kind{11.9, 46, 650, 1, 29},   Kind{4.0, 21, 320, 1, 28},
    Kind{9.8, 41, 1000, 1, 24},  Kind{8.0, 29, 0, 0, 23},      Kind{8.0, 22, 1000, 1, 20},
    Kind{4.0, 25, 1000, 1, 20},  Kind{15.7, 57, 1000, 1, 19},  Kind{11.9, 46, 1000, 1, 19},
    Kind{16.0, 39, 1000, 1, 18}, Kind{4.0, 27, 230, 1, 15},    Kind{6.0, 11, 460, 1, 15},
    Kind{15.4, 50, 0, 0, 15},    Kind{16.5, 50, 0, 0, 12},     Kind{14.2, 57, 1000, 1, 11},
    Kind{24.2, 91, 1000, 1, 10}, Kind{3.2, 5, 590, 1, 9},      Kind{8.0, 30, 320, 1, 9},
    Kind{4.2, 10, 550, 1, 9},    Kind{11.9, 74, 1000, 1, 7},   Kind{4.0, 15, 160, 1, 7},
    Kind{4.2, 10, 370, 1, 6},    Kind{4.0, 20, 220, 1, 5},     Kind{8.2, 33, 1000, 1, 5},
    Kind{15.2, 79, 1000, 1, 4},  Kind{4.2, 10, 810, 1, 4},     Kind{16.4, 120, 1000, 1, 4},
    Kind{88.0, 320, 1000, 8, 2}, Kind{64.2, 257, 1000, 8, 2},  Kind{32.2, 129, 1000, 4, 1},
    Kind{16.2, 65, 1000, 2, 1},
};

// Dense FP16 operations per second of one card, as vendors publish them; of G2 and G3, whose names
// the trace hides, assumed.
constexpr std::array<std::pair<std::string_view, std::int64_t>, 7> kFp16 = {{
    {"A10", 125'000'000'000'000},
    {"G2", 125'000'000'000'000},
    {"G3", 312'000'000'000'000},
    {"P100", 19'000'000'000'000},
    {"T4", 65'000'000'000'000},
    {"V100M16", 112'000'000'000'000},
    {"V100M32", 112'000'000'000'000},
}};

}  // namespace

Mix make_openb_like_mix() {
  Mix mix;
  mix.models.assign(kModels.begin(), kModels.end());
  for (const NodeKind& kind : kNodes) {
    const auto model = std::ranges::find(kModels, kind.model) - kModels.begin();
    const NodeState node = cards::make_node(kind.cores * 1'000, kind.gib * 1'024, kind.cards,
                                            static_cast<ModelId>(model));
    mix.nodes.insert(mix.nodes.end(), static_cast<std::size_t>(kind.count), node);
  }
  for (const Kind& kind : kRequests) {
    const Shape shape{static_cast<std::int32_t>(std::lround(kind.cores * 1'000)),
                      kind.gib * 1'024,
                      kind.card_milli,
                      kind.cards,
                      {}};
    mix.requests.insert(mix.requests.end(), static_cast<std::size_t>(kind.per_mille), shape);
  }
  return mix;
}

std::vector<NodeState> make_fleet(const Mix& mix, std::int64_t cards, core::Random& random) {
  assert(std::ranges::any_of(mix.nodes, [](const NodeState& node) { return node.cards > 0; }));
  std::vector<NodeState> fleet;
  while (cards > 0) {
    std::vector<NodeState> cell = mix.nodes;
    random.shuffle(cell);
    for (const NodeState& node : cell) {
      if (cards <= 0) break;
      cards -= node.cards;
      fleet.push_back(node);
    }
  }
  return fleet;
}

void add_model_needs(Mix& mix, core::Random& random) {
  std::vector<cards::ModelRates> measured;
  for (const auto& [model, rate] : kFp16) {
    measured.push_back({std::string(model), {{core::Precision::fp16, rate}}});
  }
  for (Shape& shape : mix.requests) {
    if (shape.cards == 0 || !shape.models.is_any() || !random.chance(3, 10)) continue;
    std::vector<ModelId> models;  // One entry a card.
    for (const NodeState& node : mix.nodes) {
      if (fits(node, shape)) models.insert(models.end(), node.cards, node.model);
    }
    if (models.empty()) continue;
    const auto draw = [&] { return models[random.below(models.size())]; };
    const std::uint64_t one = std::uint64_t{1} << draw();
    switch (random.below(3)) {
      case 0:
        shape.models.bits = one;
        break;
      case 1:
        shape.models.bits = one | std::uint64_t{1} << draw();
        break;
      default: {
        const std::string& model = mix.models[draw()];
        const auto rate = std::ranges::find(kFp16, model, &decltype(kFp16)::value_type::first);
        if (rate == kFp16.end()) break;  // A trace may have other models; these stay open.
        const cards::ModelNeed need{{}, core::Rate{core::Precision::fp16, rate->second}};
        shape.models = find_models(need, mix.models, measured).value();
      }
    }
  }
}

SuperNodes make_super_nodes(std::int64_t cards) {
  constexpr std::uint32_t small = 384 / 8;
  constexpr std::uint32_t large = 8'192 / 8;
  SuperNodes result;
  std::int64_t large_cards = 0;
  for (std::int64_t total = 0; total < cards;) {
    const bool is_large = large_cards * 2 <= total && total + 8'192 <= cards;
    result.nodes.push_back(is_large ? large : small);
    result.nodes_per_rack.push_back(is_large ? 8 : 4);
    total += is_large ? 8'192 : 384;
    large_cards += is_large ? 8'192 : 0;
  }
  return result;
}

std::uint32_t draw_gang_nodes(core::Random& random) {
  // 2^k nodes with weight 2^(10 - k), k = 0..10.
  std::uint64_t place = random.below((1U << 11) - 1);
  std::uint32_t nodes = 1;
  for (std::uint64_t weight = 1U << 10; place >= weight; weight /= 2) {
    place -= weight;
    nodes *= 2;
  }
  return nodes > 2 && random.chance(1, 4) ? nodes / 4 * 3 : nodes;
}

}  // namespace intertie::placement::scale
