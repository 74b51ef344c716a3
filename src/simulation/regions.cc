#include "regions.h"

#include <array>
#include <cstdlib>

namespace intertie::simulation {
namespace {

// The first three are those of the demo.
constexpr std::array kRegions = {22, 42, 52, 11, 12, 13, 14, 15, 21, 23, 31, 32, 33, 34, 35, 36,
                                 37, 41, 43, 44, 45, 46, 50, 51, 53, 54, 61, 62, 63, 64, 65};

}  // namespace

std::vector<SitePlace> list_sites(const Scenario& scenario) {
  std::vector<SitePlace> places;
  for (std::int64_t hub = 0; hub < scenario.hubs; ++hub) {
    std::uint32_t handle = 0;
    for (const SiteSpec& spec : scenario.sites) {
      if (spec.hub >= 0 && spec.hub != hub) continue;
      for (std::int64_t i = 0; i < spec.count; ++i) {
        places.push_back({&spec, static_cast<std::size_t>(hub), handle++});
      }
    }
  }
  return places;
}

std::string make_region(std::size_t hub) { return std::to_string(kRegions.at(hub)); }

std::string make_hub_id(std::size_t hub) { return make_region(hub) + "R00000000001XX"; }

crypto::KeyPair make_hub_key(std::size_t hub) {
  return crypto::KeyPair::from_seed(
      std::vector<std::uint8_t>(32, static_cast<std::uint8_t>(kRegions.at(hub))));
}

std::int64_t compute_load(const Scenario& scenario, std::size_t hub, core::Duration now) {
  const std::int64_t length = scenario.day.length.count;
  if (length == 0) return 1000;
  const std::int64_t shift = length / scenario.hubs * static_cast<std::int64_t>(hub);
  const std::int64_t phase = (now.count + shift) % length;
  const std::int64_t height = std::abs(2 * phase - length) * 1000 / length;  // 1000: the peak.
  const std::int64_t trough = scenario.day.trough_permille;
  return trough + (1000 - trough) * height / 1000;
}

}  // namespace intertie::simulation
