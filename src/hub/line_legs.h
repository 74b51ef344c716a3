// Rates reserved on the lines that this hub owns: the third kind of leg of a reservation
// (docs/decisions/0015, docs/formats/line.md).
#pragma once

#include <optional>
#include <string>

#include "intertie/core/quantity.h"
#include "intertie/core/time.h"
#include "intertie/placement/request.h"
#include "intertie/topology/region_lines.h"
#include "intertie/transfer/line_schedule.h"

#include "context.h"

namespace intertie::hub {

/// What a job that would run in another region needs of this hub's line to there.
struct LegPlan {
  bool is_full = false;                      // It needs a share, and there is none now.
  std::optional<transfer::LineShare> share;  // What it would get; absent: it needs none.
  core::Bytes size;                          // What crosses the line.
};

/// Counts the inputs whose cheapest copy lies in this region. None is needed for less than
/// line_leg_bytes_min, and where no line is registered. Pure; O(inputs + legs log legs).
LegPlan plan_leg(const State& state, const topology::RegionLines& lines,
                 const placement::JobPreferences& preferences, const std::string& to,
                 core::Time now);

/// Reserves what was planned; plan.share is there.
void emit_leg(Context& context, const std::string& to, std::string key, const LegPlan& plan);

/// Releases what has outlived its time.
void check_legs(Context& context);

/// Releases the youngest legs of a line that carries less than what is reserved of it; all of one
/// that is retired.
void release_excess(Context& context, const std::string& to);

}  // namespace intertie::hub
