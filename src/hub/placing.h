// Placing waiting jobs: new capacity wakes only the shapes that fit (ARCHITECTURE.md 10, 5).
#pragma once

#include <cstdint>

#include "intertie/placement/placer.h"

#include "context.h"

namespace intertie::hub {

/// Marks what an event makes worth looking at. Called for every event, also during a replay.
void note_wake(Soft& soft, const State& state, const Event& event);

/// Marks everything (after a start).
void wake_all(Soft& soft, const State& state);

bool has_woken(const Soft& soft);

/// Places at most `starts_max` jobs of what is woken.
void place_woken(Context& context, std::size_t starts_max);

/// Where one job of this shape would go now. Pure but for the caches in `soft`.
placement::Placement find_placement(const State& state, Soft& soft, core::Time now,
                                    std::uint32_t shape, core::Time deadline);

/// Where one job of this shape would go now among this region's pools and the others' announced
/// ones, best first. Handles of announced pools carry kRemotePools.
placement::Placement find_grid_placement(const State& state, Soft& soft, core::Time now,
                                         std::uint32_t shape, core::Time deadline);

/// Both explanations as one. `remote` has handles of the grid.
placement::Placement merge_placements(placement::Placement local, placement::Placement remote);

/// The preferences of a job of this shape. Inputs of no named region lie in this hub's.
placement::JobPreferences make_preferences(const State& state, const JobShape& shape,
                                           core::Time deadline);

/// Brings `soft.views` in line with the pools.
void refresh_views(const State& state, Soft& soft);

}  // namespace intertie::hub
