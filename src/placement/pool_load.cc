// Waiting for room.
#include "intertie/placement/pool_load.h"

#include <algorithm>
#include <cassert>

#include "wide.h"

namespace intertie::placement {
namespace {

bool is_within(const FreeCounts& needs, const FreeCounts& mean) {
  for (std::size_t group = 0; group < needs.devices.size(); ++group) {
    if (needs.devices[group] > mean.devices[group]) return false;
  }
  return needs.cpus <= mean.cpus && needs.memory <= mean.memory && needs.scratch <= mean.scratch;
}

}  // namespace

core::Duration estimate_wait(const PoolLoad& load, const FreeCounts& needs, core::Time now) {
  core::Duration until{};
  if (load.running > 0) {
    until = (is_within(needs, load.mean) ? load.next_end : load.last_end) - now;
  }
  return {add_clamped(std::max<std::int64_t>(until.count, 0), load.queued.count)};
}

FreeCounts compute_mean(const FreeCounts& total, const FreeCounts& free, std::int64_t running) {
  assert(running > 0);
  const auto divide = [running](auto all, auto left) {
    return std::max<std::int64_t>(all - left, 0) / running;
  };
  FreeCounts mean;
  mean.cpus.count = divide(total.cpus.count, free.cpus.count);
  mean.memory.count = divide(total.memory.count, free.memory.count);
  mean.scratch.count = divide(total.scratch.count, free.scratch.count);
  for (std::size_t group = 0; group < mean.devices.size(); ++group) {
    mean.devices[group] = divide(total.devices[group], free.devices[group]);
  }
  return mean;
}

}  // namespace intertie::placement
