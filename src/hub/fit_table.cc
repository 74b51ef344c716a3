#include "fit_table.h"

#include <algorithm>
#include <utility>
#include <variant>

namespace intertie::hub {

const placement::Fit* FitTable::find_fit(const State& state, std::uint32_t shape,
                                         std::uint32_t pool, core::Time now) {
  if (shape >= rows_.size()) rows_.resize(state.shapes.size());
  Row& row = rows_[shape];
  if (!row.is_filled || row.version != state.topology->version() || now < row.filled_at ||
      now >= row.valid_before) {
    fill(row, state, shape, now);
  }
  const std::optional<placement::Fit>& fit = row.pools[pool];
  return fit ? &*fit : nullptr;
}

void FitTable::fill(Row& row, const State& state, std::uint32_t shape, core::Time now) {
  row.is_filled = true;
  row.version = state.topology->version();
  row.filled_at = now;
  row.valid_before = core::kNever;
  row.pools.assign(state.topology->pool_count(), std::nullopt);
  for (std::uint32_t handle = 0; handle < row.pools.size(); ++handle) {
    const topology::Pool* pool = state.topology->find_pool({handle});
    if (pool == nullptr) continue;
    if (pool->capability && pool->capability->expires > now) {
      row.valid_before = std::min(row.valid_before, pool->capability->expires);
    }
    auto fit = placement::check_feasibility(*pool, state.shapes[shape].requirements, now);
    if (auto* found = std::get_if<placement::Fit>(&fit)) row.pools[handle] = *found;
  }
}

}  // namespace intertie::hub
