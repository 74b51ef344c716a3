#include "site_names.h"

#include <algorithm>
#include <utility>

#include "grid.h"

namespace intertie::hub {
namespace {

// Whether somebody in another region is, or may be, called that.
bool is_known_elsewhere(const State& state, const Grid& grid, const std::string& written) {
  if (grid.find_site(state, written)) return true;
  const std::size_t slash = written.find('/');
  if (slash == std::string::npos) return false;
  const std::string_view region = std::string_view(written).substr(0, slash);
  return std::ranges::any_of(
      state.peers, [region](const PeerState& peer) { return peer.terms.region == region; });
}

}  // namespace

bool means_site(std::string_view written, std::string_view region, std::string_view name) {
  if (written == name) return true;
  return written.size() == region.size() + 1 + name.size() && written.starts_with(region) &&
         written[region.size()] == '/' && written.ends_with(name);
}

core::Result<void> exclude_sites(const State& state, const Grid& grid,
                                 const std::vector<std::string>& names,
                                 placement::Requirements& requirements) {
  for (const std::string& written : names) {
    bool is_known = is_known_elsewhere(state, grid, written);
    for (std::uint32_t site = 0; site < state.sites.size(); ++site) {
      if (!means_site(written, state.facts.region, state.sites[site].site.name)) continue;
      requirements.sites_excluded.push_back({site});
      is_known = true;
    }
    if (!is_known) {
      return {core::Reason::bad_field, "where.not: no region or site is called " + written};
    }
    requirements.site_names_excluded.push_back(written);
  }
  return {};
}

core::Result<JobShape> resolve_shape(const State& state, const Grid& grid,
                                     const Submission& submission) {
  JobShape shape = submission.shape;
  const auto done = exclude_sites(state, grid, submission.sites_not, shape.requirements);
  if (!done) return done.error();
  shape.requirements = placement::make_canonical(std::move(shape.requirements));
  return shape;
}

void resolve_site_names(const State& state, placement::Requirements& requirements) {
  for (const std::string& written : std::exchange(requirements.site_names_excluded, {})) {
    for (std::uint32_t site = 0; site < state.sites.size(); ++site) {
      if (means_site(written, state.facts.region, state.sites[site].site.name)) {
        requirements.sites_excluded.push_back({site});
      }
    }
  }
}

}  // namespace intertie::hub
