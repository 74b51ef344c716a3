// Whole runs on small made-up traces: conservation, repeatability, rebuilding, and the protocol.
#include "intertie/placement/cards/replay.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <set>

#include <gtest/gtest.h>

#include "intertie/core/random.h"
#include "intertie/placement/cards/make_room.h"
#include "intertie/placement/cards/summary.h"

namespace intertie::placement::cards {
namespace {

constexpr std::size_t kNodes = 24;

std::vector<NodeState> make_nodes() {
  std::vector<NodeState> nodes;
  for (std::size_t i = 0; i < kNodes; ++i) {
    const bool is_large = i % 3 != 0;
    nodes.push_back(is_large ? make_node(64'000, 200'000, 8, 0) : make_node(48'000, 90'000, 2, 1));
  }
  return nodes;
}

/// Shapes as in real life, and now and then nothing at all, or more than there is.
Shape draw_replayed_shape(core::Random& random) {
  const auto cpu = static_cast<std::int32_t>(random.between(1, 12) * 1'000);
  Shape shape{cpu, cpu * 2, 0, 0, {}};
  switch (random.below(10)) {
    case 0:
      break;
    case 1:
      shape.cards = static_cast<std::uint8_t>(random.between(2, 8));
      shape.card_milli = milli_per_card;
      break;
    case 2:
    case 3:
    case 4:
      shape.cards = 1;
      shape.card_milli = milli_per_card;
      break;
    default:
      shape.cards = 1;
      shape.card_milli = static_cast<std::int32_t>(random.between(1, 9) * 105);
  }
  if (random.chance(1, 8)) shape.models = {random.chance(1, 2) ? 1U : 2U};
  if (random.chance(1, 100)) shape = {};
  if (random.chance(1, 100)) shape = {INT32_MAX, INT32_MAX, milli_per_card, 255, {}};
  return shape;
}

std::vector<TraceRequest> make_requests(std::uint64_t seed, std::size_t count) {
  core::Random random(seed);
  std::vector<TraceRequest> requests;
  for (std::size_t i = 0; i < count; ++i) {
    requests.push_back({"r" + std::to_string(i), draw_replayed_shape(random)});
  }
  return requests;
}

Workload count_mix(const std::vector<TraceRequest>& requests) {
  std::vector<Shape> shapes;
  for (const TraceRequest& request : requests) shapes.push_back(request.shape);
  return count_shapes(shapes);
}

/// Counts everything anew from what runs; false if the cluster says otherwise or a card holds more
/// than a card.
::testing::AssertionResult agrees(const Cluster& cluster, const std::vector<NodeState>& empty,
                                  const std::vector<Running>& running) {
  std::int64_t free_milli = 0;
  for (std::uint32_t n = 0; n < empty.size(); ++n) {
    std::int64_t cpu = empty[n].cpu_milli;
    std::int64_t memory = empty[n].memory_mib;
    std::array<std::int64_t, cards_per_node_max> cards{};
    std::array<std::uint16_t, request_kinds> kinds{};
    for (const auto& [shape, pick] : running) {
      if (pick.node != n) continue;
      cpu -= shape.cpu_milli;
      memory -= shape.memory_mib;
      ++kinds[get_kind(shape)];
      for (std::size_t c = 0; c < cards.size(); ++c) {
        if (((pick.cards >> c) & 1U) != 0) cards[c] += shape.card_milli;
      }
    }
    const NodeState& node = cluster.nodes()[n];
    if (cpu < 0 || memory < 0 || node.cpu_milli != cpu || node.memory_mib != memory) {
      return ::testing::AssertionFailure() << "processors or memory of node " << n;
    }
    for (std::size_t c = 0; c < cards.size(); ++c) {
      const std::int64_t whole = c < empty[n].cards ? milli_per_card : 0;
      if (cards[c] > whole || node.card_milli[c] != whole - cards[c]) {
        return ::testing::AssertionFailure() << "card " << c << " of node " << n;
      }
      free_milli += whole - cards[c];
    }
    if (cluster.kinds(n) != kinds) return ::testing::AssertionFailure() << "kinds of node " << n;
  }
  if (free_milli != cluster.free_milli()) return ::testing::AssertionFailure() << "free cards";
  return ::testing::AssertionSuccess();
}

// Arrivals and departures at random. After each change: nothing is refused that fits somewhere, and
// a new policy on a cluster rebuilt from the states alone decides like the running one.
TEST(Policies, ConserveAndDecideLikeRebuiltOnes) {
  const std::vector<NodeState> empty = make_nodes();
  for (const std::string_view name : get_policy_names()) {
    core::Random random(31);
    const std::vector<TraceRequest> requests = make_requests(5, 400);
    const Knowledge knowledge{count_mix(requests), empty, 9};
    const std::unique_ptr<Policy> policy = make_policy(name, knowledge);
    ASSERT_TRUE(policy) << name;
    EXPECT_EQ(policy->name(), name);
    Cluster cluster(empty);
    std::vector<Running> running;
    for (std::size_t i = 0; i < requests.size(); ++i) {
      const Shape& shape = requests[i].shape;
      const bool can_fit = std::ranges::any_of(
          cluster.nodes(), [&](const NodeState& node) { return fits(node, shape); });
      const std::optional<Pick> pick = policy->choose(cluster, shape);
      ASSERT_EQ(pick.has_value(), can_fit) << name << ", request " << i;
      if (name != "random" && name != "gpuclustering" && i % 7 == 0) {
        Cluster rebuilt({cluster.nodes().begin(), cluster.nodes().end()});
        ASSERT_EQ(make_policy(name, knowledge)->choose(rebuilt, shape), pick) << name << ' ' << i;
      }
      if (pick) {
        cluster.place(shape, *pick);
        running.push_back({shape, *pick});
      }
      while (!running.empty() && random.chance(1, 3)) {
        const std::size_t at = random.below(running.size());
        cluster.remove(running[at].shape, running[at].pick);
        running.erase(running.begin() + static_cast<std::ptrdiff_t>(at));
      }
      if (i % 20 == 0) {
        ASSERT_TRUE(agrees(cluster, empty, running)) << name << ' ' << i;
      }
    }
    ASSERT_TRUE(agrees(cluster, empty, running)) << name;
  }
}

TEST(Replay, SameInputSameDecisions) {
  const std::vector<NodeState> nodes = make_nodes();
  const std::vector<TraceRequest> requests = make_requests(6, 200);
  const Arrivals arrivals = make_arrivals(requests, nodes, 130, 42);
  std::set<std::uint64_t> digests;
  for (const std::string_view name : get_policy_names()) {
    for (const bool learn : {false, true}) {
      ReplayOptions options;
      options.learn = learn;
      options.migrate = true;
      const PolicyFactory make = [&](const Knowledge& known) {
        Knowledge knowledge = known;
        knowledge.seed = 3;
        return make_policy(name, knowledge);
      };
      const RunResult one = replay(nodes, requests, arrivals, make, options);
      const RunResult two = replay(nodes, requests, arrivals, make, options);
      EXPECT_EQ(one.digest, two.digest) << name;
      EXPECT_EQ(one.allocated, two.allocated) << name;
      EXPECT_EQ(one.decisions, static_cast<std::int64_t>(arrivals.requests.size()));
      digests.insert(one.digest);
    }
  }
  EXPECT_GE(digests.size(), get_policy_names().size() - 1);  // They differ, or most of them.
}

TEST(Replay, LearningStartsWithoutKnowledge) {
  const std::vector<NodeState> nodes = make_nodes();
  const std::vector<TraceRequest> requests = make_requests(8, 300);
  std::vector<std::int64_t> known;
  const PolicyFactory make = [&](const Knowledge& knowledge) {
    std::int64_t count = 0;
    for (const ShapeCount& item : knowledge.workload) count += item.count;
    known.push_back(count);
    return make_policy("firstfit", knowledge);
  };
  ReplayOptions options;
  options.learn = true;
  options.learn_every = 128;
  Arrivals arrivals = make_arrivals(requests, nodes, 130, 1);
  arrivals.requests.resize(300, 0);
  replay(nodes, requests, arrivals, make, options);
  EXPECT_EQ(known, (std::vector<std::int64_t>{0, 64, 128, 256}));
}

// The paper's bins, by hand: four cards, requests of one card each; the third kind fits nowhere.
TEST(Replay, BinsByArrivedPercent) {
  const std::vector<NodeState> nodes = {make_node(4'000, 4'000, 4, 0)};
  const std::vector<TraceRequest> requests = {{"cpu", {0, 0, 0, 0, {}}},
                                              {"card", {1'000, 0, 1'000, 1, {}}},
                                              {"hungry", {9'000, 0, 1'000, 1, {}}}};
  const Arrivals arrivals{{0, 1, 0, 2, 1}, {0}};
  const RunResult run =
      replay(nodes, requests, arrivals,
             [](const Knowledge& knowledge) { return make_policy("firstfit", knowledge); }, {});
  ASSERT_EQ(run.allocated.size(), 76U);
  EXPECT_EQ(run.allocated[0], 0);
  EXPECT_EQ(run.allocated[25], 25);  // Two rows.
  EXPECT_EQ(run.allocated[50], 25);
  EXPECT_EQ(run.allocated[75], 50);
  EXPECT_FALSE(run.allocated[26].has_value());
  EXPECT_EQ(run.first_rejection, 50);
  EXPECT_EQ(run.rejected, 1);
  EXPECT_EQ(run.allocated_last, 50);
  EXPECT_EQ(read_bin(run.allocated, 60), 25);
  EXPECT_EQ(read_bin(run.allocated, 400), 50);
  EXPECT_EQ(read_bin({}, 100), 0);
}

TEST(Inflation, DemandsWhatItShould) {
  const std::vector<NodeState> nodes = make_nodes();
  std::int64_t capacity = 0;
  for (const NodeState& node : nodes) capacity += std::int64_t{node.cards} * milli_per_card;
  const auto demand_of = [](const std::vector<TraceRequest>& requests, const Arrivals& arrivals) {
    std::int64_t demand = 0;
    for (const std::uint32_t i : arrivals.requests) demand += compute_card_milli(requests[i].shape);
    return demand;
  };
  std::vector<TraceRequest> requests = make_requests(4, 60);
  std::erase_if(requests, [](const TraceRequest& request) { return request.shape.cards > 8; });
  const Arrivals few = make_arrivals(requests, nodes, 130, 42);
  EXPECT_GT(few.requests.size(), requests.size());
  EXPECT_LE(demand_of(requests, few), capacity * 130 / 100 + 7 * milli_per_card);
  EXPECT_GE(demand_of(requests, few), capacity * 130 / 100 - milli_per_card);
  // The list itself comes first, each once.
  std::set<std::uint32_t> first(
      few.requests.begin(), few.requests.begin() + static_cast<std::ptrdiff_t>(requests.size()));
  EXPECT_EQ(first.size(), requests.size());
  EXPECT_EQ(std::set<std::uint32_t>(few.nodes.begin(), few.nodes.end()).size(), nodes.size());

  std::vector<TraceRequest> many = make_requests(4, 2'000);
  std::erase_if(many, [](const TraceRequest& request) { return request.shape.cards > 8; });
  const Arrivals cut = make_arrivals(many, nodes, 130, 42);
  EXPECT_LT(cut.requests.size(), many.size());
  EXPECT_LE(demand_of(many, cut), capacity * 130 / 100);
  EXPECT_EQ(std::set<std::uint32_t>(cut.requests.begin(), cut.requests.end()).size(),
            cut.requests.size());

  // The order in the file does not matter, the seed does.
  std::vector<TraceRequest> reversed(requests.rbegin(), requests.rend());
  const auto names = [](const std::vector<TraceRequest>& list, const Arrivals& arrivals) {
    std::vector<std::string> result;
    for (const std::uint32_t i : arrivals.requests) result.push_back(list[i].name);
    return result;
  };
  EXPECT_EQ(names(requests, few), names(reversed, make_arrivals(reversed, nodes, 130, 42)));
  EXPECT_NE(names(requests, few), names(requests, make_arrivals(requests, nodes, 130, 43)));
  // Without cards in the list there is nothing to inflate.
  const std::vector<TraceRequest> plain = {{"a", {1, 1, 0, 0, {}}}};
  EXPECT_EQ(make_arrivals(plain, nodes, 130, 1).requests.size(), 1U);
}

TEST(MakeRoom, MovesOneAndOnlyIfThatHelps) {
  // Node 0: both cards begun with 300 and 600. Node 1: 350 left.
  Cluster cluster({make_node(9'000, 9, 2, 0), make_node(9'000, 9, 1, 0)});
  std::vector<Running> running = {{{1, 0, 300, 1, {}}, {0, 0b01}},
                                  {{1, 0, 600, 1, {}}, {0, 0b10}},
                                  {{1, 0, 650, 1, {}}, {1, 0b01}}};
  for (const Running& one : running) cluster.place(one.shape, one.pick);
  const std::unique_ptr<Policy> policy = make_policy("firstfit", {});
  const Shape whole{1, 0, 1'000, 1, {}};
  ASSERT_FALSE(policy->choose(cluster, whole));
  const std::optional<Room> room = make_room(cluster, running, whole, *policy);
  ASSERT_TRUE(room);
  // The 300 moved beside the 600: the first node that takes it.
  EXPECT_EQ(room->moved, 0U);
  EXPECT_EQ(room->pick, (Pick{0, 0b01}));
  EXPECT_EQ(running[0].pick, (Pick{0, 0b10}));
  running.push_back({whole, room->pick});
  EXPECT_TRUE(agrees(cluster, {make_node(9'000, 9, 2, 0), make_node(9'000, 9, 1, 0)}, running));
  // A second whole card would need two moves.
  const std::int64_t free = cluster.free_milli();
  EXPECT_FALSE(make_room(cluster, running, whole, *policy));
  EXPECT_EQ(cluster.free_milli(), free);
  EXPECT_TRUE(agrees(cluster, {make_node(9'000, 9, 2, 0), make_node(9'000, 9, 1, 0)}, running));
}

TEST(Summary, MeansAndDeviation) {
  RunResult one;
  one.allocated.resize(131);
  one.allocated[100] = 90;
  one.allocated[130] = 92;
  one.first_rejection = 80;
  one.rejected = 4;
  one.decisions = 10;
  RunResult two = one;
  two.allocated[100] = 94;
  two.first_rejection.reset();
  const Summary summary = summarise(std::vector<RunResult>{one, two});
  EXPECT_DOUBLE_EQ(summary.alloc_100, 92);
  EXPECT_DOUBLE_EQ(summary.alloc_130, 92);
  EXPECT_DOUBLE_EQ(summary.stddev_100, std::sqrt(8.0));
  EXPECT_EQ(summary.first_rejection, 80);
  EXPECT_EQ(summary.decisions, 20);
  EXPECT_EQ(summarise(std::vector<RunResult>{one}).stddev_100, 0);
}

}  // namespace
}  // namespace intertie::placement::cards
