// The choice of a pool's cards: against brute force, rebuilt, with nodes lost, and what it saves.
#include "intertie/placement/pool_cards.h"

#include <algorithm>
#include <bit>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "intertie/core/random.h"
#include "intertie/placement/cards/node_value.h"

namespace intertie::placement {
namespace {

constexpr std::int64_t kMib = std::int64_t{1} << 20;

topology::Pool make_card_pool(std::size_t nodes, std::int64_t cores, std::int64_t cards,
                              std::int64_t memory = 1'000 * kMib) {
  topology::Pool pool;
  pool.cpus_per_node = {cores * 1'000};
  pool.memory_per_node = {memory};
  pool.devices_per_node = {{"gpu", "", cards, {}}};
  for (std::size_t i = 0; i < nodes; ++i) pool.nodes.push_back({"n" + std::to_string(i), true});
  return pool;
}

TaskShape make_task(std::int64_t cores, std::uint8_t cards, std::int64_t memory = kMib) {
  TaskShape shape{{cores * 1'000}, {memory}, {}};
  shape.devices[0] = cards;
  return shape;
}

// What a choice has to be, looked up node by node.
std::optional<std::uint32_t> choose_by_hand(const PoolCapacity& capacity, const TaskShape& shape) {
  const std::int64_t mean = compute_cpus_per_card(capacity).count;
  cards::Shape unit;
  unit.cpu_milli = static_cast<std::int32_t>(mean);
  unit.cards = 1;
  unit.card_milli = 1'000;
  const cards::NodeValue value({{unit, 1}});
  const auto measure = [&](std::int64_t cpus, int free) {
    cards::NodeState state;
    state.cpu_milli = static_cast<std::int32_t>(cpus);
    state.cards = 8;
    for (int i = 0; i < free; ++i) state.card_milli[static_cast<std::size_t>(i)] = 1'000;
    return value.measure(state);
  };
  std::optional<std::uint32_t> best;
  std::tuple<std::int64_t, std::int64_t, std::int64_t> best_rank;
  for (std::uint32_t i = 0; i < capacity.node_count(); ++i) {
    const NodeFree& node = capacity.node(i);
    const int free = std::popcount(node.devices);
    const int needed = shape.devices[0];
    if (!node.is_up || node.cpus < shape.cpus || node.memory < shape.memory || free < needed) {
      continue;
    }
    const std::int64_t regret = measure(node.cpus.count, free) -
                                measure(node.cpus.count - shape.cpus.count, free - needed) -
                                needed * cards::micros_per_card;
    // In twentieths of a card, the nearest one.
    const std::int64_t steps = (regret * 20 + 500'000 + 1'000'000'000'000) / 1'000'000 - 1'000'000;
    const std::int64_t lost = std::max<std::int64_t>(steps, -127);
    const std::int64_t left = free;
    const std::tuple rank{needed == 0 ? lost : left, needed == 0 ? left : lost,
                          node.cpus.count * 27 / capacity.per_node().cpus.count};
    if (best && rank >= best_rank) continue;
    best = i;
    best_rank = rank;
  }
  return best;
}

struct Live {
  TaskShape shape;
  TaskAllocation place;
};

std::vector<TaskAllocation> list_places(const std::vector<Live>& live) {
  std::vector<TaskAllocation> places;
  for (const Live& one : live) places.push_back(one.place);
  return places;
}

TaskShape draw_task(core::Random& random, std::int64_t cores, std::int64_t cards) {
  const auto most = static_cast<std::uint64_t>(cards);
  const auto devices = static_cast<std::uint8_t>(random.below(most + 1));
  const auto cpus = static_cast<std::int64_t>(1 + random.below(static_cast<std::uint64_t>(cores)));
  return make_task(random.below(3) == 0 ? cpus : 1 + cpus / 4, devices,
                   kMib * static_cast<std::int64_t>(1 + random.below(400)));
}

TEST(PoolCards, ChoosesByTheRuleWhateverHappenedBefore) {
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    core::Random random(seed);
    const auto cards = static_cast<std::int64_t>(1 + random.below(8));
    const std::size_t nodes = seed % 3 == 0 ? 150 : 1 + random.below(7);
    const topology::Pool pool = make_card_pool(nodes, 16, cards);
    PoolCapacity capacity(pool);
    CardScorers scorers;
    PoolCards running(pool, capacity, scorers);
    std::vector<Live> live;
    for (int step = 0; step < 600; ++step) {
      const std::uint64_t what = random.below(20);
      if (what == 0) {
        capacity.set_node_up(static_cast<std::uint32_t>(random.below(nodes)), random.below(3) != 0);
      } else if (what < 9 && !live.empty()) {
        const std::size_t at = random.below(live.size());
        capacity.release(std::vector{live[at].place});
        live.erase(live.begin() + static_cast<std::ptrdiff_t>(at));
      } else {
        const TaskShape shape = draw_task(random, 16, cards);
        const auto by_hand = choose_by_hand(capacity, shape);
        PoolCards rebuilt(pool, capacity, scorers);
        const bool is_asked = random.below(4) != 0;  // Else changes pile up unseen.
        const auto chosen = (is_asked ? running : rebuilt).choose(capacity, shape);
        ASSERT_EQ(chosen.has_value(), by_hand.has_value()) << seed << " " << step;
        ASSERT_EQ(rebuilt.choose(capacity, shape), chosen);
        const CardChoice seen = rebuilt.explain(capacity, shape);
        ASSERT_EQ(seen.fitting > 0, chosen.has_value());
        if (!chosen) continue;
        ASSERT_EQ(chosen->node, *by_hand) << seed << " " << step;
        ASSERT_EQ(seen.best.front().node, chosen->node);
        ASSERT_TRUE(capacity.can_apply(std::vector{*chosen}));
        ASSERT_EQ(std::popcount(chosen->devices), shape.devices[0]);
        capacity.apply(std::vector{*chosen});
        live.push_back({shape, *chosen});
      }
    }
    EXPECT_TRUE(capacity.is_consistent_with(list_places(live)));
    (void)running.choose(capacity, make_task(1, 1));
    EXPECT_TRUE(running.engine().is_consistent());
  }
}

TEST(PoolCards, SaysWhatItSawOfEveryNode) {
  topology::Pool pool = make_card_pool(6, 16, 4);
  pool.nodes[5].is_up = false;
  PoolCapacity capacity(pool);
  const auto take = [&](std::uint32_t node, std::int64_t cores, std::uint64_t devices,
                        std::int64_t memory = kMib) {
    capacity.apply(std::vector{TaskAllocation{node, {cores * 1'000}, {memory}, devices, {}}});
  };
  take(0, 15, 0);                   // Too few cores for two,
  take(1, 15, 0b1111, 999 * kMib);  // and this one lacks more than cores.
  take(2, 1, 0, 999 * kMib);
  take(3, 1, 0b0111);
  CardScorers scorers;
  PoolCards cards(pool, capacity, scorers);
  const CardChoice choice = cards.explain(capacity, make_task(2, 2, 2 * kMib));
  EXPECT_EQ(choice.evaluated, 6);
  EXPECT_EQ(choice.fitting, 1);
  EXPECT_EQ(choice.infeasible, (std::vector<MisfitCount>{{NodeMisfit::down, 1},
                                                         {NodeMisfit::cpus, 2},
                                                         {NodeMisfit::memory, 1},
                                                         {NodeMisfit::cards, 1}}));
  ASSERT_EQ(choice.best.size(), 1u);
  EXPECT_EQ(choice.best[0].node, 4u);
  EXPECT_EQ(choice.best[0].regret_micros, 0);
  EXPECT_EQ(choice.cpus_per_card.count, 1'536);
  EXPECT_EQ(cards.explain(capacity, make_task(1, 1)).best[0].node, 3u);  // Keeps the whole node.
}

TEST(PoolCards, PartsOfAMibAreLeftToPoolCapacity) {
  const topology::Pool pool = make_card_pool(1, 4, 2, 3 * kMib);
  PoolCapacity capacity(pool);
  CardScorers scorers;
  PoolCards cards(pool, capacity, scorers);
  const TaskShape odd = make_task(1, 1, 3 * kMib / 2);
  capacity.apply(std::vector{*cards.choose(capacity, odd)});
  EXPECT_EQ(cards.choose(capacity, odd), std::nullopt);
  EXPECT_TRUE(capacity.find_allocation(odd, 1).has_value());
}

TEST(PoolCards, FollowsAPoolThatIsOfferedAnew) {
  topology::Pool pool = make_card_pool(3, 4, 2);
  PoolCapacity capacity(pool);
  CardScorers scorers;
  PoolCards cards(pool, capacity, scorers);
  ASSERT_EQ(cards.choose(capacity, make_task(1, 1))->node, 0u);
  pool.nodes[0].is_up = false;
  PoolCapacity next(pool);
  next.replace(capacity);
  capacity = std::move(next);
  EXPECT_EQ(cards.choose(capacity, make_task(1, 1))->node, 1u);
  EXPECT_EQ(cards.explain(capacity, make_task(1, 1)).infeasible,
            (std::vector<MisfitCount>{{NodeMisfit::down, 1}}));
}

TEST(PoolCards, TheMixIsWhatRunsAndHalfAShare) {
  PoolCapacity capacity(make_card_pool(4, 32, 8));
  EXPECT_EQ(compute_cpus_per_card(capacity).count, 1'536);  // Two cores, rounded to 3 * 2^9.
  capacity.apply(std::vector{TaskAllocation{0, {31'000}, {1}, 0, {}}});
  EXPECT_EQ(compute_cpus_per_card(capacity).count, 1'536);  // A task without cards is no news.
  const std::vector<TaskAllocation> light{{1, {1'000}, {1}, 0xFF, {}}, {2, {1'000}, {1}, 0xFF, {}}};
  capacity.apply(light);
  EXPECT_EQ(compute_cpus_per_card(capacity).count, 512);  // 18 cores for 24 cards: 0.75.
  capacity.release(light);
  capacity.apply(std::vector{TaskAllocation{1, {32'000}, {1}, 0xF, {}}});
  EXPECT_EQ(compute_cpus_per_card(capacity).count, 1'536);  // Never above half a share.
}

TEST(PoolCards, SummaryCountsCardsWithoutCores) {
  topology::Pool pool = make_card_pool(4, 32, 8);
  pool.nodes[3].is_up = false;
  PoolCapacity capacity(pool);
  EXPECT_EQ(summarise_cards(capacity), (CardSummary{24, 0, 3, 8, {1'536}}));
  capacity.apply(std::vector{TaskAllocation{0, {31'000}, {1}, 0, {}},
                             TaskAllocation{1, {2'000}, {1}, 0b1, {}}});
  const CardSummary summary = summarise_cards(capacity);
  EXPECT_EQ(summary.free, 23);
  EXPECT_EQ(summary.whole_nodes, 2);
  EXPECT_EQ(summary.largest, 8);
  // One core is enough for 0.651 of a card at 1.536 cores.
  EXPECT_EQ(summary.stranded_milli, 8'000 - 651);
}

TEST(PoolCards, OnlyWholeGroupsOfEightAtMost) {
  topology::Pool pool = make_card_pool(1, 4, 8);
  EXPECT_TRUE(has_card_engine(pool));
  pool.authority = topology::Authority::engine;
  EXPECT_FALSE(has_card_engine(pool));
  pool.authority = topology::Authority::intertie;
  pool.devices_per_node.front().count = 9;
  EXPECT_FALSE(has_card_engine(pool));
  pool.devices_per_node = {{"gpu", "", 4, {}}, {"npu", "", 4, {}}};
  EXPECT_FALSE(has_card_engine(pool));
  pool.devices_per_node.clear();
  EXPECT_FALSE(has_card_engine(pool));
}

// Golden: node 0 has one card and its four cores left, node 1 two cards and cores to spare. Best
// fit gives cores to the fuller node and strands its card.
TEST(PoolCards, ATaskWithoutCardsLeavesCardsTheirCores) {
  const topology::Pool pool = make_card_pool(2, 32, 8);
  const TaskAllocation first{0, {28'000}, {1}, 0b0111'1111, {}};
  const TaskAllocation second{1, {4'000}, {1}, 0b0011'1111, {}};
  const auto fill = [&](bool uses_engine) {
    PoolCapacity capacity(pool);
    CardScorers scorers;
    PoolCards cards(pool, capacity, scorers);
    capacity.apply(std::vector{first, second});
    int placed = 0;
    for (const TaskShape& shape :
         {make_task(4, 0), make_task(4, 1), make_task(4, 1), make_task(4, 1)}) {
      if (uses_engine) {
        if (const auto chosen = cards.choose(capacity, shape)) {
          capacity.apply(std::vector{*chosen});
          ++placed;
        }
      } else if (capacity.reserve(shape, 1)) {
        ++placed;
      }
    }
    return placed;
  };
  EXPECT_EQ(fill(true), 4);
  EXPECT_EQ(fill(false), 3);
}

// Cards refused of those asked for, with arrivals and departures about as fast as each other.
std::int64_t count_refused(bool uses_engine, std::uint64_t seed, std::int64_t large_permille) {
  core::Random random(seed);
  const topology::Pool pool = make_card_pool(40, 64, 8);
  PoolCapacity capacity(pool);
  CardScorers scorers;
  PoolCards cards(pool, capacity, scorers);
  std::vector<TaskAllocation> live;
  std::int64_t refused = 0;
  for (int step = 0; step < 4'000; ++step) {
    const bool is_plain = random.below(4) == 0;
    const bool is_large = static_cast<std::int64_t>(random.below(1'000)) < large_permille;
    const auto devices = static_cast<std::uint8_t>(is_plain   ? 0
                                                   : is_large ? 8
                                                              : 1 + random.below(2));
    const auto cores = static_cast<std::int64_t>(is_plain ? 2 + random.below(12)
                                                          : (2 + random.below(9)) * devices);
    const std::uint64_t leaves = random.below(1'000'000);
    const TaskShape shape = make_task(std::min<std::int64_t>(cores, 64), devices);
    std::optional<TaskAllocation> place;
    if (uses_engine) {
      place = cards.choose(capacity, shape);
    } else if (const auto found = capacity.find_allocation(shape, 1)) {
      place = found->front();
    }
    if (place) {
      capacity.apply(std::vector{*place});
      live.push_back(*place);
    } else {
      refused += devices;
    }
    if (live.size() > 130) {
      const auto at = static_cast<std::ptrdiff_t>(leaves % live.size());
      capacity.release(std::vector{live[static_cast<std::size_t>(at)]});
      live.erase(live.begin() + at);
    }
  }
  return refused;
}

// Least regret alone, whatever becomes of whole nodes, refused up to twice as many.
TEST(PoolCards, LargeTasksFindWholeNodesAsOftenAsByBestFit) {
  for (const std::int64_t large : {100, 300}) {
    std::int64_t engine = 0;
    std::int64_t best_fit = 0;
    for (std::uint64_t seed = 1; seed <= 6; ++seed) {
      engine += count_refused(true, seed, large);
      best_fit += count_refused(false, seed, large);
    }
    EXPECT_LE(engine, best_fit + best_fit / 10 + 50) << large << ": " << best_fit;
  }
}

}  // namespace
}  // namespace intertie::placement
