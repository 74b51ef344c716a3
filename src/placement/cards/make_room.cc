// One move that makes a request fit.
#include "intertie/placement/cards/make_room.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <vector>

namespace intertie::placement::cards {
namespace {

struct Candidate {
  std::int64_t card_milli = 0;
  std::int32_t cpu_milli = 0;
  std::uint32_t node = 0;
  std::size_t running = 0;

  friend auto operator<=>(const Candidate&, const Candidate&) = default;
};

/// Without the running one the request would fit there, and it could run somewhere else.
std::vector<Candidate> find_candidates(const Cluster& cluster, std::span<const Running> running,
                                       const Shape& shape, Policy& policy) {
  std::map<Shape, bool> is_movable;
  std::vector<Candidate> candidates;
  for (std::size_t i = 0; i < running.size(); ++i) {
    const auto& [other, pick] = running[i];
    // Equal shapes gain nothing; the test is cheap and the most common one.
    if (other == shape) continue;
    NodeState without = cluster.nodes()[pick.node];
    if (!shape.models.contains(without.model)) continue;
    release(without, other, pick.cards);
    if (!fits(without, shape)) continue;
    const auto known = is_movable.find(other);
    const bool can_move =
        known != is_movable.end() ? known->second : policy.choose(cluster, other).has_value();
    is_movable.emplace(other, can_move);
    if (can_move) {
      candidates.push_back({compute_card_milli(other), other.cpu_milli, pick.node, i});
    }
  }
  std::ranges::sort(candidates);
  return candidates;
}

}  // namespace

std::optional<Room> make_room(Cluster& cluster, std::span<Running> running, const Shape& shape,
                              Policy& policy) {
  for (const Candidate& candidate : find_candidates(cluster, running, shape, policy)) {
    Running& moved = running[candidate.running];
    cluster.remove(moved.shape, moved.pick);
    const Pick pick{candidate.node, find_tightest_cards(cluster.nodes()[candidate.node], shape)};
    cluster.place(shape, pick);
    if (const std::optional<Pick> target = policy.choose(cluster, moved.shape)) {
      cluster.place(moved.shape, *target);
      moved.pick = *target;
      return Room{candidate.running, pick};
    }
    cluster.remove(shape, pick);
    cluster.place(moved.shape, moved.pick);
  }
  return std::nullopt;
}

}  // namespace intertie::placement::cards
