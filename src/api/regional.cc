#include "regional.h"

#include <algorithm>
#include <memory>
#include <mutex>
#include <utility>

#include "intertie/transfer/dataset_name.h"
#include "intertie/transfer/grant.h"

#include "byte_range.h"
#include "router_core.h"

namespace intertie::api {
namespace {

constexpr std::string_view kDatasets = "/v1/datasets";
// A whole chunk over a slow line.
constexpr core::Duration kRelayTimeout = core::minutes(2);

PeerFetch make_relay(Call& call, std::uint32_t peer) {
  PeerFetch ask;
  ask.peer = peer;
  ask.method = call.request.method;
  ask.path = "/peer/v1/users/" + call.caller.name + "/datasets" +
             call.request.path.substr(kDatasets.size());
  ask.query = call.request.query;
  ask.query.erase("region");
  ask.range = clip_byte_range(call.request.range, kPeerPieceBytes);
  ask.body = std::move(call.request.body);
  ask.timeout = kRelayTimeout;
  return ask;
}

void relay(const CallPointer& call, const std::string& region) {
  if (auto checked = transfer::check_dataset_name(call->caller.name); !checked) {
    return fail(*call, {core::Reason::not_supported, "a user of that name has no data elsewhere"});
  }
  look_then(call, &list_regions, [call, region](const Regions& regions) {
    const RegionPeer* const peer = regions.find(region);
    if (peer == nullptr) return fail(*call, make_no_peer(region));
    const auto bytes = static_cast<std::int64_t>(call->request.body.size());
    wait_for_line(call, region, bytes, [call, region, handle = peer->handle] {
      call->backend.fetch_from_peer(make_relay(*call, handle),
                                    [call, region](core::Result<Response> response) {
                                      if (response) return respond(*call, std::move(*response));
                                      core::Error error = response.error();
                                      error.detail = "region " + region + ": " + error.detail;
                                      fail(*call, error);
                                    });
    });
  });
}

// Counts the answers of several hubs down.
class Fan {
 public:
  Fan(RegionAnswers answers, std::size_t open, std::function<void(RegionAnswers)> then)
      : answers_(std::move(answers)), open_(open), then_(std::move(then)) {}

  void take(const std::string& region, core::Result<Response> response) {
    {
      const std::lock_guard lock(mutex_);
      if (response) {
        answers_.answers.emplace(region, std::move(*response));
      } else {
        answers_.silent.push_back({region, core::to_text(response.error())});
      }
      if (--open_ > 0) return;
    }
    std::ranges::sort(answers_.silent, {}, &SilentRegionView::region);
    then_(std::move(answers_));
  }

 private:
  std::mutex mutex_;
  RegionAnswers answers_;
  std::size_t open_;
  std::function<void(RegionAnswers)> then_;
};

}  // namespace

void wait_for_line(const CallPointer& call, const std::string& region, std::int64_t bytes,
                   std::function<void()> then) {
  if (bytes <= 0) return then();
  call->backend.pace_line(
      {region}, bytes,
      [call, region, bytes, then = std::move(then)](const core::Result<std::int64_t>& turn) {
        if (!turn) return fail(*call, {core::Reason::overloaded, core::to_text(turn.error())});
        wait_for_line(call, region, bytes - *turn, then);
      });
}

void note_arrived(const Call& call, const std::string& region) {
  call.backend.note_arrived(region, static_cast<std::int64_t>(call.request.body.size()),
                            call.request.body_took);
}

void answer_in_region(const CallPointer& call, Handler here) {
  call->core.use_directory(call, {}, [call, here](const DirectoryPointer& directory) {
    call->hub_region = directory->hub.region;
    call->caller_region = directory->hub.region;
    const std::string region = find_query(*call, "region").value_or("");
    if (region.empty() || region == "*" || region == call->hub_region) return here(call);
    relay(call, region);
  });
}

void use_peer_regions(const CallPointer& call, std::function<void()> then) {
  DirectoryNeed need;
  need.peers = call->peer + std::size_t{1};
  call->core.use_directory(call, need,
                           [call, then = std::move(then)](const DirectoryPointer& directory) {
                             call->hub_region = directory->hub.region;
                             call->caller_region = directory->peers[call->peer].region;
                             then();
                           });
}

void answer_peer_user(const CallPointer& call, Handler here) {
  use_peer_regions(call, [call, here] {
    const std::string user = call->parameters.front();
    if (auto checked = transfer::check_dataset_name(user); !checked) {
      return fail(*call, {core::Reason::bad_field, "user: a name without a slash"});
    }
    call->parameters.erase(call->parameters.begin());
    note_arrived(*call, call->caller_region);
    // A hub speaks for the users of its own region alone.
    call->caller.name = transfer::to_text(transfer::RegionUser{call->caller_region, user});
    here(call);
  });
}

void ask_regions(const CallPointer& call, std::function<PeerFetch(const RegionPeer&)> make,
                 std::function<void(RegionAnswers)> then) {
  look_then(call, &list_regions,
            [call, make = std::move(make), then = std::move(then)](Regions regions) mutable {
              RegionAnswers answers;
              answers.regions = std::move(regions);
              std::vector<std::pair<std::string, PeerFetch>> asks;
              for (const RegionPeer& peer : answers.regions.peers) {
                if (!peer.is_heard) {
                  answers.silent.push_back({peer.region, "its hub is not heard now"});
                  continue;
                }
                asks.emplace_back(peer.region, make(peer));
                asks.back().second.peer = peer.handle;
                asks.back().second.timeout = kRegionsTimeout;
              }
              if (asks.empty()) return then(std::move(answers));
              const auto fan =
                  std::make_shared<Fan>(std::move(answers), asks.size(), std::move(then));
              for (auto& [region, ask] : asks) {
                call->backend.fetch_from_peer(
                    std::move(ask), [fan, region = region](core::Result<Response> response) {
                      fan->take(region, std::move(response));
                    });
              }
            });
}

}  // namespace intertie::api
