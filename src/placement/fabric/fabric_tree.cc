// The tree of fabrics: counting upwards, searching downwards.
#include "intertie/placement/fabric/fabric_tree.h"

#include <algorithm>
#include <cassert>
#include <utility>

namespace intertie::placement::fabric {

/// One call of plan: what is asked, what was taken, and what the probe refused.
struct FabricTree::Search {
  const GangRequest& request;
  const NodeProbe& probe;
  std::vector<Undo> taken;
  std::vector<Undo> refused;
  std::vector<NodeShare> shares;
};

bool is_valid(const FabricLayout& layout) {
  if (layout.starts.empty()) return false;
  for (std::size_t tier = 0; tier < layout.starts.size(); ++tier) {
    const std::vector<std::uint32_t>& starts = layout.starts[tier];
    if (starts.size() < 2 || starts.front() != 0) return false;
    if (!std::ranges::is_sorted(starts, std::less_equal<>{})) return false;
    if (tier > 0 && starts.back() + 1 != layout.starts[tier - 1].size()) return false;
  }
  return layout.starts.back().size() == 2;
}

FabricLayout make_uniform_layout(std::uint32_t nodes,
                                 const std::vector<std::uint32_t>& group_sizes) {
  assert(nodes > 0);
  FabricLayout layout;
  std::uint32_t below = nodes;
  for (const std::uint32_t size : group_sizes) {
    assert(size > 0);
    std::vector<std::uint32_t> starts;
    for (std::uint32_t start = 0; start < below; start += std::min(size, below - start)) {
      starts.push_back(start);
    }
    starts.push_back(below);
    below = static_cast<std::uint32_t>(starts.size() - 1);
    layout.starts.push_back(std::move(starts));
  }
  if (layout.starts.empty() || below > 1) layout.starts.push_back({0, below});
  return layout;
}

FabricTree::FabricTree(FabricLayout layout, const std::vector<std::uint8_t>& models)
    : free_cards_(models.size(), 0), models_(models) {
  assert(is_valid(layout) && layout.starts.front().back() == models.size());
  std::vector<std::uint64_t> below(models.size());
  std::vector<std::uint32_t> sizes_below(models.size(), 1);
  for (std::size_t node = 0; node < models.size(); ++node) {
    assert(models[node] < 64);
    below[node] = std::uint64_t{1} << models[node];
  }
  for (std::vector<std::uint32_t>& starts : layout.starts) {
    Tier tier;
    tier.rooms.resize(starts.size() - 1);
    tier.models.resize(starts.size() - 1);
    tier.sizes.resize(starts.size() - 1);
    tier.parents.resize(below.size());
    for (std::uint32_t fabric = 0; fabric + 1 < starts.size(); ++fabric) {
      for (std::uint32_t child = starts[fabric]; child < starts[fabric + 1]; ++child) {
        tier.parents[child] = fabric;
        tier.models[fabric] |= below[child];
        tier.sizes[fabric] += sizes_below[child];
      }
    }
    tier.starts = std::move(starts);
    below = tier.models;
    sizes_below = tier.sizes;
    tiers_.push_back(std::move(tier));
  }
}

std::uint32_t FabricTree::fabric_count(std::uint32_t tier) const {
  return tier == 0 ? node_count() : static_cast<std::uint32_t>(tiers_[tier - 1].rooms.size());
}

void FabricTree::set_free_cards(std::uint32_t node, std::uint8_t cards) {
  assert(cards <= cards_per_node_max);
  const std::uint8_t before = std::exchange(free_cards_[node], cards);
  if (before == cards) return;
  Room change;  // Unsigned: a decrease wraps around, and so does its sum.
  for (std::uint32_t c = 1; c <= cards_per_node_max; ++c) change[c - 1] = cards / c - before / c;
  std::uint32_t fabric = node;
  for (Tier& tier : tiers_) {
    fabric = tier.parents[fabric];
    Room& room = tier.rooms[fabric];
    for (std::size_t c = 0; c < cards_per_node_max; ++c) room[c] += change[c];
  }
}

std::int64_t FabricTree::count_tasks(Fabric fabric, std::uint8_t cards_per_task) const {
  assert(cards_per_task >= 1 && cards_per_task <= cards_per_node_max);
  if (fabric.tier == 0) return free_cards_[fabric.index] / cards_per_task;
  return tiers_[fabric.tier - 1].rooms[fabric.index][cards_per_task - 1U];
}

std::uint32_t FabricTree::find_fabric(std::uint32_t node, std::uint32_t tier) const {
  std::uint32_t fabric = node;
  for (std::uint32_t t = 0; t < tier; ++t) fabric = tiers_[t].parents[fabric];
  return fabric;
}

/// Room for the request's tasks; none where no node is of a model that will do.
std::int64_t FabricTree::get_room(Fabric fabric, const GangRequest& request) const {
  const std::uint64_t models = fabric.tier == 0 ? std::uint64_t{1} << models_[fabric.index]
                                                : tiers_[fabric.tier - 1].models[fabric.index];
  if ((models & request.models) == 0) return 0;
  return count_tasks(fabric, request.cards_per_task);
}

/// Of two fabrics of one tier, does the descent from the top come to `a` and not to `b`? Fewer
/// nodes, then less room, compared from the highest fabrics that differ downwards.
bool FabricTree::is_tighter(std::uint32_t tier, std::uint32_t a, std::uint32_t b,
                            std::uint8_t cards) const {
  const Tier& here = tiers_[tier - 1];
  if (tier < tier_count()) {
    const std::uint32_t parent_a = tiers_[tier].parents[a];
    const std::uint32_t parent_b = tiers_[tier].parents[b];
    if (parent_a != parent_b) return is_tighter(tier + 1, parent_a, parent_b, cards);
  }
  if (here.sizes[a] != here.sizes[b]) return here.sizes[a] < here.sizes[b];
  const std::uint32_t room_a = here.rooms[a][cards - 1U];
  const std::uint32_t room_b = here.rooms[b][cards - 1U];
  return room_a != room_b ? room_a < room_b : a < b;
}

/// The first in the order of is_tighter that suffices and that `accept(index)` takes.
template <class Accept>
std::optional<std::uint32_t> FabricTree::descend(std::uint32_t tier, const GangRequest& request,
                                                 const Accept& accept) const {
  const auto suffices = [&](std::uint32_t at_tier, std::uint32_t index) {
    return get_room({at_tier, index}, request) >= request.tasks;
  };
  if (tier == tier_count()) {
    return suffices(tier, 0) && accept(0) ? std::optional(0U) : std::nullopt;
  }
  const Tier& above = tiers_[tier];
  const std::uint8_t cards = request.cards_per_task;
  std::optional<std::uint32_t> best;
  for (std::uint32_t parent = 0; parent < above.rooms.size(); ++parent) {
    // Below a fabric without room there is none, and below a looser one than the best's nothing is
    // tighter.
    if (!suffices(tier + 1, parent)) continue;
    if (best && !is_tighter(tier + 1, parent, above.parents[*best], cards)) continue;
    for (std::uint32_t i = above.starts[parent]; i < above.starts[parent + 1]; ++i) {
      if (!suffices(tier, i) || (best && !is_tighter(tier, i, *best, cards))) continue;
      if (accept(i)) best = i;
    }
  }
  return best;
}

std::optional<Fabric> FabricTree::find_node(const GangRequest& request) const {
  const std::int64_t cards = request.tasks * request.cards_per_task;
  if (cards > std::int64_t{cards_per_node_max}) return std::nullopt;
  const GangRequest whole{1, static_cast<std::uint8_t>(cards), ~0U, request.models};
  const Tier& tier = tiers_.front();
  std::optional<Fabric> best;
  descend(1, whole, [&](std::uint32_t fabric) {
    std::optional<Fabric> tightest;
    for (std::uint32_t node = tier.starts[fabric]; node < tier.starts[fabric + 1]; ++node) {
      if (get_room({0, node}, whole) == 0) continue;
      if (!tightest || free_cards_[node] < free_cards_[tightest->index]) tightest = Fabric{0, node};
    }
    if (tightest) best = tightest;
    return tightest.has_value();  // If not, its nodes are of other models.
  });
  return best;
}

std::optional<Fabric> FabricTree::find_tightest(std::uint32_t tier,
                                                const GangRequest& request) const {
  const auto best = descend(tier, request, [](std::uint32_t) { return true; });
  return best ? std::optional(Fabric{tier, *best}) : std::nullopt;
}

std::optional<Fabric> FabricTree::find_smallest(const GangRequest& request) const {
  if (get_room({tier_count(), 0}, request) < request.tasks) return std::nullopt;
  if (const std::optional<Fabric> node = find_node(request)) return node;
  for (std::uint32_t tier = 1; tier <= std::min(tier_count(), request.tier_max); ++tier) {
    if (const std::optional<Fabric> fabric = find_tightest(tier, request)) return fabric;
  }
  return std::nullopt;
}

std::int64_t FabricTree::fill_node(Search& search, std::uint32_t node, std::int64_t tasks) {
  const std::uint8_t cards = search.request.cards_per_task;
  const std::int32_t counted = free_cards_[node] / cards;
  const bool is_model = ((search.request.models >> models_[node]) & 1U) != 0;
  const std::int32_t room = is_model ? std::clamp(search.probe(node), 0, counted) : 0;
  if (room < counted) {
    search.refused.push_back({node, free_cards_[node]});
    set_free_cards(node, static_cast<std::uint8_t>(room * cards));
  }
  const auto placed = static_cast<std::int32_t>(std::min<std::int64_t>(tasks, room));
  if (placed == 0) return 0;
  search.taken.push_back({node, free_cards_[node]});
  set_free_cards(node, static_cast<std::uint8_t>(free_cards_[node] - placed * cards));
  search.shares.push_back({node, placed});
  return placed;
}

/// Places up to `tasks` below the fabric; less only if there is no more room.
std::int64_t FabricTree::fill(Search& search, Fabric fabric, std::int64_t tasks) {
  if (fabric.tier == 0) return fill_node(search, fabric.index, tasks);
  const Tier& tier = tiers_[fabric.tier - 1];
  std::int64_t placed = 0;
  while (placed < tasks) {
    const std::int64_t left = tasks - placed;
    std::optional<Fabric> best;
    std::int64_t best_room = 0;
    for (std::uint32_t i = tier.starts[fabric.index]; i < tier.starts[fabric.index + 1]; ++i) {
      const Fabric child{fabric.tier - 1, i};
      // Models do not count here: whatever the fabric's count includes is taken or refused.
      const std::int64_t room = count_tasks(child, search.request.cards_per_task);
      if (room == 0) continue;
      const bool suffices = room >= left;
      const bool best_suffices = best_room >= left;
      const bool is_better = !best || (suffices ? !best_suffices || room < best_room
                                                : !best_suffices && room > best_room);
      if (!is_better) continue;
      best = child;
      best_room = room;
      if (room == left) break;
    }
    if (!best) break;
    placed += fill(search, *best, std::min(left, best_room));
  }
  return placed;
}

void FabricTree::take_back(std::vector<Undo>& log) {
  for (; !log.empty(); log.pop_back()) set_free_cards(log.back().node, log.back().cards);
}

std::optional<GangPlan> FabricTree::plan(const GangRequest& request, const NodeProbe& probe) {
  assert(request.tasks > 0);
  if (request.cards_per_task == 0 || request.cards_per_task > cards_per_node_max) {
    return std::nullopt;
  }
  Search search{request, probe, {}, {}, {}};
  std::optional<GangPlan> plan;
  // Ends: a round without a plan has refused a node that was not refused before.
  while (const std::optional<Fabric> fabric = find_smallest(request)) {
    const std::int64_t placed = fill(search, *fabric, request.tasks);
    take_back(search.taken);
    if (placed == request.tasks) {
      std::ranges::sort(search.shares, {}, &NodeShare::node);
      plan = GangPlan{*fabric, std::move(search.shares)};
      break;
    }
    search.shares.clear();
  }
  take_back(search.refused);
  return plan;
}

BlockCount FabricTree::count_blocks(std::uint32_t tier, std::uint8_t cards_per_task,
                                    std::int64_t tasks) const {
  assert(tier >= 1 && tasks > 0);
  BlockCount count;
  for (const Room& room : tiers_[tier - 1].rooms) {
    const std::int64_t free = room[cards_per_task - 1U];
    count.free_tasks += free;
    count.block_tasks += free / tasks * tasks;
  }
  return count;
}

bool FabricTree::is_consistent() const {
  for (std::uint32_t t = 1; t <= tier_count(); ++t) {
    std::vector<Room> rooms(fabric_count(t), Room{});
    for (std::uint32_t node = 0; node < node_count(); ++node) {
      Room& room = rooms[find_fabric(node, t)];
      for (std::uint32_t c = 1; c <= cards_per_node_max; ++c) room[c - 1] += free_cards_[node] / c;
    }
    if (rooms != tiers_[t - 1].rooms) return false;
  }
  return true;
}

}  // namespace intertie::placement::fabric
