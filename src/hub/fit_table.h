// Remembers which pools can ever run a shape, so that freed capacity finds the jobs that fit it.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "intertie/core/time.h"
#include "intertie/hub/state.h"
#include "intertie/placement/feasibility.h"

namespace intertie::hub {

/// Purely an accelerator: an answer never depends on what was asked before.
class FitTable {
 public:
  /// The fit of the shape in the pool, or nothing if it can never run there (as of `now`).
  const placement::Fit* find_fit(const State& state, std::uint32_t shape, std::uint32_t pool,
                                 core::Time now);

  /// The shape's handle now means another shape.
  void forget(std::uint32_t shape) {
    if (shape < rows_.size()) rows_[shape].is_filled = false;
  }

 private:
  struct Row {
    std::uint64_t version = 0;
    core::Time filled_at;
    core::Time valid_before;  // A measurement expires then.
    bool is_filled = false;
    std::vector<std::optional<placement::Fit>> pools;
  };

  void fill(Row& row, const State& state, std::uint32_t shape, core::Time now);

  std::vector<Row> rows_;
};

}  // namespace intertie::hub
