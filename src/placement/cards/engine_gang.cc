// Gangs: planned on the tree of fabrics, checked node by node, taken all together.
#include <algorithm>
#include <cassert>

#include "cards/engine_parts.h"

namespace intertie::placement::cards {

/// How many tasks with whole cards the node can take.
std::int32_t CardEngine::Parts::count_tasks(std::uint32_t index, const Shape& task) const {
  const Node& node = nodes[index];
  if (!node.is_up || !task.models.contains(node.real.model)) return 0;
  std::int32_t count = node.cards_free / task.cards;
  if (task.cpu_milli > 0) count = std::min(count, node.real.cpu_milli / task.cpu_milli);
  if (task.memory_mib > 0) count = std::min(count, node.real.memory_mib / task.memory_mib);
  return count;
}

std::optional<GangPlace> CardEngine::Parts::place_gang(const Gang& gang) {
  const Shape& task = gang.task;
  const bool is_whole = is_valid(task) && task.cards >= 1 && task.cards <= cards_per_node_max &&
                        task.card_milli == milli_per_card;
  if (!fabric || !is_whole || gang.tasks <= 0) return std::nullopt;
  const fabric::GangRequest request{gang.tasks, task.cards, gang.tier_max, task.models.bits};
  const auto plan =
      fabric->plan(request, [&](std::uint32_t index) { return count_tasks(index, task); });
  if (!plan) return std::nullopt;
  GangPlace place{plan->fabric, {}};
  place.picks.reserve(static_cast<std::size_t>(gang.tasks));
  for (const fabric::NodeShare& share : plan->shares) {
    NodeState state = nodes[share.node].real;
    for (std::int32_t i = 0; i < share.tasks; ++i) {
      const CardMask cards = take_lowest(find_fitting_cards(state, task), task.cards);
      apply(state, task, cards);
      place.picks.push_back({share.node, cards});
    }
  }
  // The plan was checked on every node, so from here on nothing fails.
  for (const Pick& pick : place.picks) take(task, pick);
  return place;
}

}  // namespace intertie::placement::cards
