// What every part of a run shares: time, chance, the trace, what was found.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "intertie/core/random.h"
#include "intertie/core/time.h"
#include "intertie/simulation/scenario.h"

#include "event_queue.h"
#include "trace.h"

namespace intertie::simulation {

/// Wall clocks show this at the start of a run.
inline constexpr core::Time kStart{1'800'000'000'000'000};

/// Of one answer of a channel, and of one run of an engine; calls give up after so long.
inline constexpr std::size_t kRowsAtOnce = 64;
inline constexpr int kTurnsMax = 64;
inline constexpr core::Duration kCallTimeout = core::seconds(6);

struct World {
  World(const Scenario& asked, std::uint64_t given) : scenario(asked), seed(given), random(given) {}

  const Scenario& scenario;
  std::uint64_t seed;
  core::Random random;
  EventQueue queue;
  Trace trace;
  std::map<std::string, std::uint64_t> disturbances;
  std::vector<std::string> violations;
  bool has_restored = false;  // A hub lives from a backup: what it has lost may be disputed.
  bool is_quiet = false;      // Arrivals and disturbances have stopped.

  core::Duration now() const { return queue.now(); }
  core::Time wall(core::Duration offset = {}) const { return kStart + (now() + offset); }

  void fail(std::string what) {
    if (violations.empty()) violations.push_back(std::move(what));
  }

  bool permille(std::int64_t share) {
    return share > 0 && random.below(1000) < static_cast<std::uint64_t>(share);
  }

  core::Duration between(core::Duration low, core::Duration high) {
    return {random.between(low.count, high.count)};
  }
};

}  // namespace intertie::simulation
