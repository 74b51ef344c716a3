// A pool's nodes as states of the card engine, and the scorer of whole cards.
#include "intertie/placement/pool_cards.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <vector>

#include "pool_scorer.h"

namespace intertie::placement {
namespace {

constexpr std::int64_t kMib = std::int64_t{1} << 20;
constexpr std::int64_t kAmountMax = std::int64_t{1} << 31;  // A NodeState holds less.

/// Free on a node; what it has beyond a NodeState's range does not occur (has_card_engine).
cards::NodeState make_state(const NodeFree& free, std::uint8_t card_count) {
  cards::NodeState state;
  state.cpu_milli = static_cast<std::int32_t>(free.cpus.count);
  state.memory_mib = static_cast<std::int32_t>(free.memory.count / kMib);
  state.cards = card_count;
  for (std::size_t card = 0; card < card_count; ++card) {
    state.card_milli[card] = (free.devices >> card & 1U) != 0 ? cards::milli_per_card : 0;
  }
  return state;
}

/// Nothing: more than any node of a NodeState has.
std::optional<cards::Shape> make_shape(const TaskShape& shape) {
  const std::int64_t mib = (shape.memory.count + kMib - 1) / kMib;
  if (shape.cpus.count >= kAmountMax || mib >= kAmountMax) return std::nullopt;
  cards::Shape whole;
  whole.cpu_milli = static_cast<std::int32_t>(shape.cpus.count);
  whole.memory_mib = static_cast<std::int32_t>(mib);
  whole.cards = shape.devices[0];
  whole.card_milli = whole.cards > 0 ? cards::milli_per_card : 0;
  return whole;
}

std::vector<cards::NodeState> make_states(const PoolCapacity& capacity, std::uint8_t card_count) {
  std::vector<cards::NodeState> states;
  states.reserve(capacity.node_count());
  for (std::uint32_t node = 0; node < capacity.node_count(); ++node) {
    states.push_back(make_state(capacity.node(node), card_count));
  }
  return states;
}

cards::EngineOptions make_options(std::size_t nodes) {
  cards::EngineOptions options;
  const std::size_t cells = (nodes + options.nodes_per_cell - 1) / options.nodes_per_cell;
  const bool is_small = nodes <= options.direct_max;  // No row is ever made.
  options.score_rows = is_small ? 1 : 64 * cells;
  options.memo_entries = is_small ? 256 : std::min<std::size_t>(1U << 16, 64 * nodes);
  return options;
}

std::int64_t count_cards(const FreeCounts& counts) {
  std::int64_t devices = 0;
  for (const std::int64_t group : counts.devices) devices += group;
  return devices;
}

}  // namespace

bool has_card_engine(const topology::Pool& pool) {
  if (pool.authority != topology::Authority::intertie || pool.nodes.empty()) return false;
  if (pool.devices_per_node.size() != 1) return false;
  const std::int64_t count = pool.devices_per_node.front().count;
  return count >= 1 && count <= std::int64_t{cards::cards_per_node_max} &&
         pool.cpus_per_node.count < kAmountMax && pool.memory_per_node.count / kMib < kAmountMax;
}

core::MilliCpus compute_cpus_per_card(const PoolCapacity& capacity) {
  const FreeCounts& node = capacity.per_node();
  const CardUse& use = capacity.card_use();
  const std::int64_t all = count_cards(node) + use.devices;
  if (all == 0) return {1};
  const std::int64_t half_share =
      node.cpus.count / 2 / std::max<std::int64_t>(count_cards(node), 1);
  const std::int64_t mean = std::min((node.cpus.count / 2 + use.cpus.count) / all, half_share);
  if (mean < 2) return {1};
  const std::int64_t power = std::int64_t{1}
                             << (std::bit_width(static_cast<std::uint64_t>(mean)) - 1);
  return {mean >= power + power / 2 ? power + power / 2 : power};
}

CardSummary summarise_cards(const PoolCapacity& capacity) {
  CardSummary summary;
  summary.cpus_per_card = compute_cpus_per_card(capacity);
  const std::int64_t all = count_cards(capacity.per_node());
  capacity.visit_rooms([&](const NodeRoom& room) {
    std::int64_t free = 0;
    for (const std::uint8_t group : room.devices) free += group;
    const std::int64_t served = room.cpus.count * 1'000 / summary.cpus_per_card.count;
    summary.free += free * room.nodes;
    summary.stranded_milli += std::max<std::int64_t>(free * 1'000 - served, 0) * room.nodes;
    if (free == all) summary.whole_nodes += room.nodes;
    summary.largest = std::max(summary.largest, free);
  });
  return summary;
}

std::shared_ptr<const PoolScorer> CardScorers::get(core::MilliCpus cpus_per_node,
                                                   core::MilliCpus cpus_per_card) {
  auto& scorer = scorers_[{cpus_per_node, cpus_per_card}];
  if (!scorer) scorer = std::make_shared<PoolScorer>(cpus_per_node, cpus_per_card);
  return scorer;
}

PoolCards::PoolCards(const topology::Pool& pool, const PoolCapacity& capacity, CardScorers& scorers)
    : scorers_(&scorers),
      cpus_per_node_(pool.cpus_per_node),
      cpus_per_card_(compute_cpus_per_card(capacity)),
      cards_per_node_(static_cast<std::uint8_t>(pool.devices_per_node.at(0).count)),
      version_(capacity.version()),
      scorer_(scorers.get(cpus_per_node_, cpus_per_card_)),
      engine_(make_states(capacity, cards_per_node_), scorer_,
              make_options(capacity.node_count())) {
  assert(has_card_engine(pool));
  for (std::uint32_t node = 0; node < capacity.node_count(); ++node) {
    engine_.set_node_up(node, capacity.node(node).is_up);
  }
}

void PoolCards::load(const PoolCapacity& capacity, std::uint32_t node) {
  const NodeFree& free = capacity.node(node);
  engine_.set_node(node, make_state(free, cards_per_node_), free.is_up);
}

void PoolCards::follow(const PoolCapacity& capacity) {
  const auto load_one = [&](std::uint32_t node) { load(capacity, node); };
  if (!capacity.visit_changes(version_, load_one)) {
    for (std::uint32_t node = 0; node < capacity.node_count(); ++node) load_one(node);
  }
  version_ = capacity.version();
  const core::MilliCpus cpus_per_card = compute_cpus_per_card(capacity);
  if (cpus_per_card == cpus_per_card_) return;
  cpus_per_card_ = cpus_per_card;
  scorer_ = scorers_->get(cpus_per_node_, cpus_per_card_);
  engine_.set_scorer(scorer_);
}

std::optional<TaskAllocation> PoolCards::choose(const PoolCapacity& capacity,
                                                const TaskShape& shape) {
  follow(capacity);
  const std::optional<cards::Shape> whole = make_shape(shape);
  if (!whole) return std::nullopt;
  const std::optional<cards::Pick> pick = engine_.choose(*whole);
  if (!pick) return std::nullopt;
  return TaskAllocation{pick->node, shape.cpus, shape.memory, pick->cards, shape.scratch};
}

CardChoice PoolCards::explain(const PoolCapacity& capacity, const TaskShape& shape) {
  follow(capacity);
  CardChoice choice;
  choice.evaluated = static_cast<std::int64_t>(capacity.node_count());
  choice.cpus_per_card = cpus_per_card_;
  const std::optional<cards::Shape> whole = make_shape(shape);
  if (!whole) return choice;
  std::int64_t left = choice.evaluated;
  const auto narrow = [&](const cards::Shape& part, NodeMisfit why) {
    const std::int64_t fitting = engine_.count_fitting(part);
    if (fitting < left) choice.infeasible.push_back({why, left - fitting});
    left = fitting;
  };
  cards::Shape part;
  narrow(part, NodeMisfit::down);
  part.cpu_milli = whole->cpu_milli;
  narrow(part, NodeMisfit::cpus);
  part.memory_mib = whole->memory_mib;
  narrow(part, NodeMisfit::memory);
  narrow(*whole, NodeMisfit::cards);
  choice.fitting = left;
  for (const cards::Rated& rated : engine_.rank(*whole, ranked_nodes_max)) {
    choice.best.push_back(
        {rated.node, rated.score, scorer_->compute_regret(engine_.node(rated.node), *whole)});
  }
  return choice;
}

}  // namespace intertie::placement
