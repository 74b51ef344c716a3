// What a site's record should say now, by what has happened.
//
// The registry alone may only take away (stale); whatever lets a site sell is signed by the site as
// well, so the hub asks for it in the answer to a heartbeat and never says it by itself.
#pragma once

#include <optional>

#include "intertie/core/time.h"
#include "intertie/identity/life_cycle.h"

#include "context.h"

namespace intertie::hub {

/// The site is asked for a new version when less than this of the present one's life is left.
inline constexpr core::Duration kRecordRenewBefore = core::hours(84);
/// After a start of the hub, or a jump of its clock, sites have so long to renew what expired
/// meanwhile: no record lapses or goes stale before.
inline constexpr core::Duration kRecordGrace = core::minutes(10);
/// A site that was silent for so long is stale. Much longer than site_lost_after: each change is a
/// signed version in the public log.
inline constexpr core::Duration kRecordStaleAfter = core::hours(1);

/// Whether at least one of the site's pools has a statement that counts. O(pools).
bool is_site_measured(const State& state, const SiteState& site, core::Time now);

/// The status of the version that the site itself is to sign now; nothing if none is due. O(pools).
std::optional<identity::RecordStatus> find_status_to_sign(const State& state, const SiteState& site,
                                                          core::Time now);

/// Whether the registry should mark the record stale: what made it measured or active has expired,
/// or the site has been silent for kRecordStaleAfter. O(pools).
bool is_record_stale(const State& state, const Soft& soft, const SiteState& site, core::Time now);

/// Whether the record has not been renewed in time, and is not known to have lapsed. Never while it
/// is only registered: such a site is unmeasured, or its agent is too old to renew. O(1).
bool has_record_lapsed(const Soft& soft, const SiteState& site, core::Time now);

}  // namespace intertie::hub
