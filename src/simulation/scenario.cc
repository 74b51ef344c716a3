#include "intertie/simulation/scenario.h"

#include <initializer_list>
#include <string>

#include "intertie/codec/yaml.h"

namespace intertie::simulation {
namespace {

core::Error make_error(const std::string& field) { return {core::Reason::out_of_range, field}; }

bool is_share(std::int64_t permille) { return permille >= 0 && permille <= 1000; }

// Hubs that speak otherwise than the others.
core::Result<void> check_odd_hubs(const Scenario& scenario) {
  for (const std::int64_t hub : scenario.older_hubs) {
    if (hub < 0 || hub >= scenario.hubs) return make_error("older_hubs: 0 to hubs - 1");
  }
  for (const std::int64_t hub : scenario.padded_hubs) {
    if (hub < 0 || hub >= scenario.hubs) return make_error("padded_hubs: 0 to hubs - 1");
  }
  for (const std::int64_t hub : scenario.lying_hubs) {
    if (hub < 0 || hub >= scenario.hubs) return make_error("lying_hubs: 0 to hubs - 1");
  }
  // Who reconciles two channels speaks with both hubs, not over the wire.
  const int kinds = (scenario.older_hubs.empty() ? 0 : 1) + (scenario.padded_hubs.empty() ? 0 : 1) +
                    (scenario.lying_hubs.empty() ? 0 : 1);
  if (kinds > 0 && scenario.disturbances.hub_restored > 0) {
    return make_error("older_hubs, padded_hubs, lying_hubs: not with hub_restored");
  }
  if (kinds > 1) return make_error("older_hubs, padded_hubs, lying_hubs: one of them");
  // What the version before runs at a dead hub never ends.
  if (!scenario.older_hubs.empty() && scenario.disturbances.hub_death > 0) {
    return make_error("older_hubs: not with hub_death");
  }
  return {};
}

}  // namespace

core::Result<Scenario> parse_scenario(std::string_view yaml) {
  auto scenario = codec::from_yaml<Scenario>(yaml, codec::Boundary::strict);
  if (!scenario) return scenario;
  if (const auto checked = check_scenario(*scenario); !checked) return checked.error();
  return scenario;
}

core::Result<void> check_scenario(const Scenario& scenario) {
  if (scenario.hubs < 1 || scenario.hubs > 31) return make_error("hubs: 1 to 31");
  std::int64_t sites = 0;
  for (const SiteSpec& site : scenario.sites) {
    const bool is_sound = site.count >= 1 && site.nodes >= 1 && site.cpus >= 1 &&
                          site.devices >= 0 && site.devices <= 64 && is_share(site.lies_permille) &&
                          site.hub < scenario.hubs && site.pools >= 1 && site.pools <= 1000 &&
                          site.per_cpu_hour.count >= 0 && site.staging_max >= core::seconds(1) &&
                          site.per_device_hour.count >= 0;
    if (!is_sound) return make_error("sites: " + site.name);
    sites += site.hub < 0 ? site.count * scenario.hubs : site.count;
  }
  if (sites < 1 || sites > 1000) return make_error("sites: 1 to 1000");
  if (scenario.peer_credit.count < 0) return make_error("peer_credit");
  if (scenario.day.length.count < 0 || !is_share(scenario.day.trough_permille)) {
    return make_error("day");
  }
  const UserSpec& users = scenario.users;
  if (users.count < 1 || users.count > 1000 || users.deposit.count < 0) return make_error("users");
  const JobMix& mix = scenario.jobs;
  for (const std::int64_t share :
       {mix.bulk_permille, mix.long_permille, mix.failing_permille, mix.endless_permille,
        mix.gang_permille, mix.device_permille, mix.restart_permille, mix.retry_permille,
        mix.cancel_permille, mix.deadline_permille, mix.later_permille, mix.too_large_permille,
        mix.dear_permille, mix.input_permille, scenario.network.slow_permille,
        scenario.network.doubled_permille}) {
    if (!is_share(share)) return make_error("a share is 0 to 1000 permille");
  }
  // With every message lost nothing can ever end.
  if (scenario.network.lost_permille < 0 || scenario.network.lost_permille > 500) {
    return make_error("network.lost_permille: 0 to 500");
  }
  if (scenario.network.delay_min.count < 1 ||
      scenario.network.delay_max < scenario.network.delay_min) {
    return make_error("network.delay_min, delay_max");
  }
  if (mix.per_minute < 1 || mix.shortest.count < 1 || mix.longest < mix.shortest ||
      mix.input_max.count < 1) {
    return make_error("jobs");
  }
  for (const LineSpec& line : scenario.lines) {
    const bool is_sound = line.from < scenario.hubs && line.to < scenario.hubs &&
                          (line.from < 0 || line.from != line.to) &&
                          line.bandwidth_bits_per_second >= 1 && line.latency_ms >= 0 &&
                          line.price_per_gigabyte.count >= 0;
    if (!is_sound) return make_error("lines");
  }
  if (const auto checked = check_odd_hubs(scenario); !checked) return checked;
  if (scenario.duration < core::seconds(1) || scenario.duration > core::hours(24)) {
    return make_error("duration: 1 s to 24 h");
  }
  return {};
}

}  // namespace intertie::simulation
