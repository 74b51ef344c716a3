// Replays arrivals against a policy and measures how much of the cards it could use.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "intertie/placement/cards/inflation.h"
#include "intertie/placement/cards/policy.h"

namespace intertie::placement::cards {

/// Arrived demand is counted in bins of one percent of the capacity, 0 up to this one.
inline constexpr std::size_t arrived_percent_max = 400;

/// What one run showed. Percentages are of the capacity of all cards.
struct RunResult {
  /// By arrived percent (rounded to nearest): the mean of allocated percent over the arrivals that
  /// fell into the bin; nothing for a bin without arrivals. This is the paper's binning.
  std::vector<std::optional<double>> allocated;
  /// The same for fragmentation, measured with the whole trace's mix.
  std::vector<std::optional<double>> fragmented;
  /// Arrived percent when the first request for cards fitted nowhere.
  std::optional<double> first_rejection;
  std::int64_t decisions = 0;
  std::int64_t rejected = 0;
  std::int64_t moves = 0;  // Running requests that were moved.
  double allocated_last = 0;
  std::uint64_t digest = 0;  // Of all decisions in their order: equal runs decided alike.
};

struct ReplayOptions {
  /// Learn the mix while running: the policy starts knowing no requests and is made anew, knowing
  /// those that have arrived, after 64, 128, 256, ... arrivals and then every `learn_every`.
  bool learn = false;
  std::int64_t learn_every = 1'024;
  /// A request for cards that fits nowhere may move one running request (make_room.h).
  bool migrate = false;
};

using PolicyFactory = std::function<std::unique_ptr<Policy>(const Knowledge&)>;

/// One run. `nodes` and `requests` are the trace. The policy comes from `make` with the mix of the
/// whole trace, or of what has arrived if it learns. Pure: no clock.
RunResult replay(std::span<const NodeState> nodes, std::span<const TraceRequest> requests,
                 const Arrivals& arrivals, const PolicyFactory& make, const ReplayOptions& options);

}  // namespace intertie::placement::cards
