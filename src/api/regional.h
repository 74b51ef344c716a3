// Requests about datasets that lie in other regions: users speak to their home hub, which speaks
// for them to the others, and answers what the others ask for their users.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "intertie/api/dataset_views.h"

#include "call.h"
#include "regions.h"
#include "route.h"

namespace intertie::api {

/// What a hub sends another at a time: so much waits in memory, and a slow line answers in time.
inline constexpr std::uint64_t kPeerPieceBytes = 2u << 20;

/// Before `bytes` are sent to that region: `then` when the line there has had a turn for each of
/// them. Answered with overloaded if it is too busy: the caller asks again.
void wait_for_line(const CallPointer& call, const std::string& region, std::int64_t bytes,
                   std::function<void()> then);

/// The body is data of that region: what it says of the line from there goes to the meter.
void note_arrived(const Call& call, const std::string& region);

/// User listener: `here` answers, or the hub of the region that ?region names.
void answer_in_region(const CallPointer& call, Handler here);
template <Handler here>
void in_region(const CallPointer& call) {
  answer_in_region(call, here);
}

/// Site listener: `here` answers a user of the calling hub's region; who it is stands first in the
/// path.
void answer_peer_user(const CallPointer& call, Handler here);
template <Handler here>
void for_peer_user(const CallPointer& call) {
  answer_peer_user(call, here);
}

/// Finds this hub's region and the calling hub's, for call->hub_region and call->caller_region.
void use_peer_regions(const CallPointer& call, std::function<void()> then);

/// What the hubs of other regions answered.
struct RegionAnswers {
  Regions regions;
  std::map<std::string, Response> answers;  // By region.
  std::vector<SilentRegionView> silent;     // Not heard, or without an answer in time.
};

/// Asks every peer that is heard; `then` once all have answered or time is up. Each waits for at
/// most kRegionsTimeout.
inline constexpr core::Duration kRegionsTimeout = core::seconds(3);
void ask_regions(const CallPointer& call, std::function<PeerFetch(const RegionPeer&)> make,
                 std::function<void(RegionAnswers)> then);

}  // namespace intertie::api
