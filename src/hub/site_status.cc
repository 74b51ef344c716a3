#include "site_status.h"

#include <algorithm>

#include "intertie/core/limits.h"
#include "intertie/topology/capability.h"

namespace intertie::hub {
namespace {

using enum identity::RecordStatus;

bool may_change(const SiteState& site) {
  return site.record && !site.is_revoked && !identity::is_final(site.record->status);
}

}  // namespace

bool is_site_measured(const State& state, const SiteState& site, core::Time now) {
  return std::ranges::any_of(site.pools, [&](std::uint32_t handle) {
    const topology::Pool& pool = *state.topology->find_pool({handle});
    return pool.capability && topology::is_valid_at(*pool.capability, now);
  });
}

std::optional<identity::RecordStatus> find_status_to_sign(const State& state, const SiteState& site,
                                                          core::Time now) {
  if (!may_change(site)) return std::nullopt;
  const identity::RecordStatus status = site.record->status;
  const bool is_measured = is_site_measured(state, site, now);
  const bool offers = is_measured && !site.is_drained;
  if (status == registered && is_measured) return measured;
  if (status == measured && offers) return active;
  if (status == stale && is_measured) return offers ? active : measured;
  if (status == suspended && site.is_reinstated) return active;
  // An old log does not say until when: the first version after it does.
  if (site.record->valid_until <= now + kRecordRenewBefore) return status;
  return std::nullopt;
}

bool is_record_stale(const State& state, const Soft& soft, const SiteState& site, core::Time now) {
  if (!may_change(site) || now < soft.records_from) return false;
  if (site.record->status != measured && site.record->status != active) return false;
  if (!is_site_measured(state, site, now)) return true;
  return soft.heard[site.site.handle.index] + kRecordStaleAfter < now;
}

bool has_record_lapsed(const Soft& soft, const SiteState& site, core::Time now) {
  if (!may_change(site) || site.is_lapsed || now < soft.records_from) return false;
  // An agent of the version before signs no versions: its record stays as it was registered.
  if (site.record->status == registered) return false;
  const core::Time until = site.record->valid_until;
  return until != core::Time{} && until + core::limits::clock_margin < now;
}

}  // namespace intertie::hub
