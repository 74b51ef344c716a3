// Lookups in capability figures.
#include "intertie/topology/capability.h"

namespace intertie::topology {

std::optional<std::int64_t> find_rate(const std::vector<core::Rate>& rates,
                                      core::Precision precision) {
  for (const core::Rate& rate : rates) {
    if (rate.precision == precision) return rate.ops_per_second;
  }
  return std::nullopt;
}

bool is_valid_at(const Capability& capability, core::Time now) {
  return capability.measured_at <= now && now < capability.expires;
}

}  // namespace intertie::topology
