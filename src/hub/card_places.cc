#include "card_places.h"

#include <map>

#include "intertie/placement/pool_cards.h"

namespace intertie::hub {

struct CardPlaces::Engines {
  placement::CardScorers scorers;
  std::map<std::uint32_t, placement::PoolCards> pools;  // Those asked for.

  placement::PoolCards* find(const State& state, std::uint32_t pool, std::int64_t tasks) {
    if (tasks != 1) return nullptr;
    const auto known = pools.find(pool);
    if (known != pools.end()) return &known->second;
    const topology::Pool& terms = *state.topology->find_pool({pool});
    if (!placement::has_card_engine(terms)) return nullptr;
    return &pools.try_emplace(pool, terms, state.capacities[pool], scorers).first->second;
  }
};

CardPlaces::CardPlaces() : engines_(std::make_unique<Engines>()) {}
CardPlaces::~CardPlaces() = default;

void CardPlaces::forget(std::uint32_t pool) { engines_->pools.erase(pool); }
void CardPlaces::clear() { engines_->pools.clear(); }

std::optional<std::vector<placement::TaskAllocation>> CardPlaces::find_allocation(
    const State& state, std::uint32_t pool, const placement::TaskShape& shape, std::int64_t tasks) {
  const placement::PoolCapacity& capacity = state.capacities[pool];
  if (placement::PoolCards* const cards = engines_->find(state, pool, tasks)) {
    if (const auto chosen = cards->choose(capacity, shape)) {
      std::vector<placement::TaskAllocation> allocations{*chosen};
      if (capacity.can_apply(allocations)) return allocations;  // Else scratch space is short.
    }
  }
  return capacity.find_allocation(shape, tasks);
}

std::optional<placement::CardChoice> CardPlaces::explain(const State& state, std::uint32_t pool,
                                                         const placement::TaskShape& shape,
                                                         std::int64_t tasks) {
  placement::PoolCards* const cards = engines_->find(state, pool, tasks);
  if (cards == nullptr) return std::nullopt;
  return cards->explain(state.capacities[pool], shape);
}

}  // namespace intertie::hub
