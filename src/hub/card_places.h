// Where in a pool a job gets its cards: the card engine for one task, best fit for gangs.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "intertie/hub/state.h"
#include "intertie/placement/card_choice.h"
#include "intertie/placement/pool_capacity.h"

namespace intertie::hub {

/// Indexes over State::capacities, made when first asked for. They never decide: what is found is a
/// function of the state and the request, so a hub that starts anew finds the same.
class CardPlaces {
 public:
  CardPlaces();
  ~CardPlaces();
  CardPlaces(const CardPlaces&) = delete;
  CardPlaces& operator=(const CardPlaces&) = delete;

  /// Places for all tasks, or nothing. One task in a pool that has_card_engine: PoolCards; all
  /// else, and what the engine does not find: PoolCapacity::find_allocation.
  std::optional<std::vector<placement::TaskAllocation>> find_allocation(
      const State& state, std::uint32_t pool, const placement::TaskShape& shape,
      std::int64_t tasks);

  /// What the engine sees for the same question. Nothing: it is not asked.
  std::optional<placement::CardChoice> explain(const State& state, std::uint32_t pool,
                                               const placement::TaskShape& shape,
                                               std::int64_t tasks);

  /// The pool is offered under new terms, or the state is another one.
  void forget(std::uint32_t pool);
  void clear();

 private:
  struct Engines;
  std::unique_ptr<Engines> engines_;
};

}  // namespace intertie::hub
