// What other regions have announced: soft state that placement reads (ARCHITECTURE.md, idea 4).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <boost/unordered/unordered_flat_map.hpp>

#include "intertie/core/time.h"
#include "intertie/hub/explanation.h"
#include "intertie/hub/peer_messages.h"
#include "intertie/hub/state.h"
#include "intertie/placement/placer.h"
#include "intertie/topology/region_lines.h"
#include "intertie/topology/snapshot.h"

#include "pool_kinds.h"

namespace intertie::hub {

/// A pool of another region, as its last beacon described it.
struct RemotePool {
  std::uint32_t peer = 0;
  std::string site;
  std::string site_sign_key;
  placement::FreeCounts total;      // If nothing were in use.
  placement::FreeCounts announced;  // What is free by the beacon alone.
  placement::NodeRooms announced_rooms;
  placement::NodeRoom empty_node;  // What a node has with nothing in use.
  std::optional<placement::CardSummary> cards = std::nullopt;  // As the beacon says.
};

/// A row of a peer's channel.
struct PeerRow {
  std::uint32_t peer = 0;
  std::uint64_t number = 0;
};

class Grid {
 public:
  /// Takes a beacon in. False: one is missing before it, so nothing was taken and a full one is
  /// wanted. O(pools named).
  bool accept(std::uint32_t peer, const Beacon& beacon, core::Time now);

  /// Drops what has outlived its beacons, and refusals as old as a beacon may be. True: a refusal
  /// was dropped, so waiting jobs should look again.
  bool expire(core::Time now);

  /// Whether the peer's beacon counts now.
  bool is_heard(std::uint32_t peer) const;

  /// Where a job of this shape would go among the other regions now. Handles are without
  /// kRemotePools. Pools that refused the shape are left out (note_refused).
  placement::Placement find_placement(const State& state, std::uint32_t shape, core::Time deadline,
                                      core::Time now);

  /// What each announced pool says to a job of this shape, as find_placement sees it: one that has
  /// refused the shape is busy. Handles are without kRemotePools.
  std::vector<placement::PoolVerdict> explain(const State& state, const JobShape& shape,
                                              core::Time deadline, core::Time now) const;

  /// Whether a site that "name" or "region/name" means has been announced.
  bool find_site(const State& state, const std::string& written) const;

  /// When the peer's last beacon came; nothing: none has.
  std::optional<core::Time> find_news(std::uint32_t peer) const;

  /// The site's identifier and the region in its terms.
  const topology::Site& get_site(std::uint32_t pool) const {
    return *topology_->find_site(get_pool(pool).site);
  }

  /// Where a job would go if all announced pools were open and empty.
  placement::Placement find_ideal(const placement::Requirements& requirements,
                                  const placement::JobPreferences& preferences,
                                  core::Time now) const;

  /// An offer of so much was sent there, in that row of our channel: less is free, until a beacon
  /// has counted it or the offer came to nothing. O(1).
  void note_asked(std::uint64_t offer, std::uint32_t pool, std::uint64_t row,
                  const placement::Requirements& requirements);

  /// The peer has refused the offer: nothing was taken. O(what its beacons have not counted).
  void note_not_taken(std::uint32_t peer, std::uint64_t offer);

  /// The offer is over, as that row of the peer's says: what it took is free, if the peer's beacons
  /// tell up to which row they have counted. True: that is news. Likewise.
  bool note_over(const PeerRow& row, std::uint64_t offer, const std::string& pool,
                 const placement::Requirements& requirements);

  /// The pool refused the shape. For lack of room: it is asked again after its next news, if its
  /// nodes have room then. For anything else (an answer that was late, credit): after news of more
  /// room or other terms, or when a beacon would count no more.
  void note_refused(const std::string& pool, std::uint32_t shape, core::Reason reason,
                    core::Time now);

  /// The shape's handle now means another shape.
  void forget(std::uint32_t shape) { cache_.forget({shape}); }

  /// The key with which the pool's site signs now; empty: not announced.
  std::string find_sign_key(const std::string& pool) const;

  /// All lines between regions that this hub knows, its own included.
  topology::RegionLines& lines() { return lines_; }
  const topology::RegionLines& lines() const { return lines_; }

  const topology::Snapshot::Pointer& topology() const { return topology_; }
  bool is_empty() const { return pools_.empty(); }
  const RemotePool& get_remote(std::uint32_t pool) const { return pools_[pool]; }
  /// By the beacon and the rows that it has not counted.
  const placement::FreeCounts& get_free(std::uint32_t pool) const { return free_[pool]; }
  const placement::NodeRooms& get_rooms(std::uint32_t pool) const { return rooms_[pool]; }
  const topology::Pool& get_pool(std::uint32_t pool) const { return *topology_->find_pool({pool}); }
  std::uint32_t pool_count() const { return static_cast<std::uint32_t>(pools_.size()); }

 private:
  // What a row did to a pool, until a beacon has counted it.
  struct Uncounted {
    std::uint64_t row = 0;
    std::uint64_t offer = 0;
    std::uint32_t pool = 0;
    bool is_asked = false;  // In a row of ours: it took. Else in one of the peer's: it gave back.
    placement::FreeCounts counts;
    placement::TaskShape shape;
    std::int64_t tasks = 0;
  };

  struct Refusal {
    core::Time at;
    bool is_of_room = false;
  };

  struct Source {
    std::uint64_t number = 0;              // Of the last beacon.
    std::optional<std::uint64_t> counted;  // The peer's rows up to here.
    std::vector<Uncounted> uncounted;
    core::Time heard;
    core::Time expires;
    bool is_heard = false;
    std::map<std::string, std::uint32_t> sites;  // By identifier: handles in topology_.
    std::vector<std::uint32_t> pools;
  };

  placement::Requirements make_foreign(const State& state,
                                       const placement::Requirements& asked) const;
  void add_pool();
  void take_pool(std::uint32_t peer, Source& source, const BeaconPool& news);
  // What is free by the beacon alone.
  void reset_free(std::uint32_t pool);
  Uncounted make_uncounted(std::uint32_t pool, const placement::Requirements& requirements) const;
  void apply_uncounted(const Uncounted& change);
  // What the beacon says and what it has not counted yet, together.
  void count_rows(Source& source, const Beacon& beacon);
  bool drop_asked(Source& source, std::uint64_t offer);
  bool drop_refusals(core::Time now);
  void forget_refusals(std::uint32_t pool, bool is_all);
  void set_status(const Source& source, topology::PoolStatus status);

  std::map<std::uint32_t, Source> sources_;                        // By peer.
  boost::unordered_flat_map<std::string, std::uint32_t> handles_;  // Of pools, by identifier.
  std::vector<RemotePool> pools_;                                  // By handle.
  std::vector<placement::FreeCounts> free_;  // By handle, side by side: placement reads them all.
  std::vector<placement::NodeRooms> rooms_;  // Likewise.
  std::vector<placement::PoolLoad> loads_;   // Likewise.
  std::vector<placement::PoolView> views_;
  PoolKinds kinds_;
  topology::Snapshot::Pointer topology_ = topology::Snapshot::make_empty();
  topology::RegionLines lines_;
  std::vector<std::uint32_t> site_peers_;  // By handle of the site.
  placement::PlacementCache cache_;
  std::map<std::uint32_t, std::map<std::uint32_t, Refusal>> refused_;  // By pool and shape.
};

}  // namespace intertie::hub
