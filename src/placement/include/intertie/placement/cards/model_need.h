// Which device models will do for a request: named ones, or those that are fast enough.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "intertie/core/rate.h"
#include "intertie/core/result.h"
#include "intertie/placement/cards/node_state.h"
#include "intertie/placement/cards/trace.h"

namespace intertie::placement::cards {

/// What was measured of one card of a model: at most one rate a precision.
struct ModelRates {
  std::string model;
  std::vector<core::Rate> rates;
};

/// What a request says of the devices. Both conditions must hold; without any, every node will do.
struct ModelNeed {
  std::vector<std::string> names;  // One of these.
  std::optional<core::Rate> rate;  // Of each card, at this precision, at least.
};

/// The models of `table` that will do. A rate counts at its own precision alone, and a model that
/// was not measured at that precision will not do. Refuses with not_found (a name is not in the
/// table), out_of_range (a rate of 0 or less) and rate_too_low (no model is left). O(models).
core::Result<ModelSet> find_models(const ModelNeed& need, const ModelTable& table,
                                   std::span<const ModelRates> measured);

}  // namespace intertie::placement::cards
