// The hub as a state machine for the engine.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "intertie/core/result.h"
#include "intertie/core/time.h"
#include "intertie/engine/state_machine.h"
#include "intertie/hub/commands.h"
#include "intertie/hub/events.h"
#include "intertie/hub/state.h"

namespace intertie::hub {

struct Soft;

/// A pool of another region, as its last beacon described it.
struct AnnouncedPool {
  std::uint32_t handle = 0;  // With kRemotePools.
  std::uint32_t peer = 0;
  std::string site;
  std::string site_identifier;
  std::string site_sign_key;
  topology::Snapshot::Pointer topology;   // Shared: holds the terms.
  const topology::Pool* terms = nullptr;  // One default node for each that is up.
  placement::FreeCounts free;             // By the beacon, less what was asked since.
  placement::FreeCounts total;            // If nothing were in use.
  core::Time heard;                       // When the peer's last beacon came.
  bool is_heard = false;                  // It counts now.
  std::optional<placement::CardSummary> cards = std::nullopt;  // As the beacon says.
};

/// The last hello of a site or a peer.
struct SiteGreeting {
  engine::ChannelHello hello;
  std::optional<core::Error> refusal;  // channel_diverged: reconcile it with this hello.
};

/// A copy of a dataset at a site of this hub.
struct DataCopy {
  std::string site;     // Identifier.
  std::string owner;    // As the site calls them.
  std::string address;  // HOST:PORT of the site's data endpoint.
  std::string tls_key;
};

/// Owns state and soft state. One thread. See engine/state_machine.h for what each member promises.
class HubMachine {
 public:
  using Command = hub::Command;
  using Event = hub::Event;
  using Reply = hub::Reply;

  HubMachine();
  ~HubMachine();
  HubMachine(const HubMachine&) = delete;
  HubMachine& operator=(const HubMachine&) = delete;

  /// Call once after the replay: liveness deadlines begin now.
  void start(core::Time now);
  /// The clock that nothing steps, now; before start().
  void note_clock(const HubClock& clock);

  core::Result<Reply> decide(const Command& command, core::Time now,
                             engine::EventSink<Event>& sink);
  bool has_work(core::Time now) const;
  void work(core::Time now, engine::EventSink<Event>& sink);
  void apply(const Event& event, engine::RecordPlace place);
  void index(const Event& event, engine::RecordPlace place,
             std::vector<storage::IndexWrite>& writes) const;
  static engine::EncodedEvent encode(const Event& event);
  static core::Result<Event> decode(std::uint16_t kind, std::uint16_t version,
                                    std::string_view head);
  static std::optional<std::uint64_t> subject(const Event& event);
  std::string encode_state() const;
  core::Result<void> decode_state(std::string_view bytes);

  /// When work() should next be called at the latest.
  core::Time next_deadline() const;

  const State& state() const { return state_; }

  /// Where a job would go and what each pool says about it, without changing anything: this
  /// region's pools, then the announced ones, whose handles carry kRemotePools.
  std::vector<placement::PoolVerdict> explain_pools(const JobShape& shape, core::Time deadline,
                                                    core::Time now) const;

  /// The pools that other regions have announced, in the order of their handles. O(pools).
  std::vector<AnnouncedPool> list_announced_pools() const;

  /// The shape that a submission would have, with the names of its where.not resolved. bad_field.
  core::Result<JobShape> resolve_shape(const Submission& submission) const;

  /// All lines between regions that this hub knows: its own, and what others have announced.
  const topology::RegionLines& lines() const;

  /// Whether another region's beacons count now, and how many pools it has announced.
  bool is_peer_heard(std::uint32_t peer) const;
  std::uint32_t count_announced_pools(std::uint32_t peer) const;
  /// The key with which another region's site signs now, by a pool of it; empty: not announced.
  std::string find_announced_key(const std::string& pool) const;

  /// Sites of this hub, other than the job's own, that have said to have the dataset in the name of
  /// the job's owner, are heard, and give it out. Soft: since this process began.
  std::vector<DataCopy> find_copies(std::uint64_t job, const crypto::Digest& dataset) const;

  /// What a site said when it last opened its channel, and why it was refused, since this process
  /// began; nullptr: nothing yet.
  const SiteGreeting* find_greeting(std::uint32_t site) const;

  /// The same of a peer.
  const SiteGreeting* find_peer_greeting(std::uint32_t peer) const;

  /// When a site was last heard of (its time of start, if never).
  core::Time get_heard(std::uint32_t site) const;

  /// Of a job whose attempt is in another region: when that surely runs no more if its hub stays
  /// silent, when that hub last spoke to us (our start, if never), and whether its beacons count
  /// now. Nothing: it has none there, or its hub keeps no lease (docs/decisions/0018), and only its
  /// word ends the attempt.
  struct RemoteBound {
    core::Time heard;
    core::Time certain_end;
    bool is_heard = false;
  };
  std::optional<RemoteBound> find_remote_bound(std::uint64_t job) const;

  /// The status of the version of its record that the site is to sign now; nothing if none is due.
  std::optional<identity::RecordStatus> find_status_to_sign(std::uint32_t site,
                                                            core::Time now) const;
  /// Sites whose record this hub is to mark stale. O(pools).
  std::vector<std::uint32_t> list_stale_records(core::Time now) const;

 private:
  State state_;
  std::unique_ptr<Soft> soft_;
};

}  // namespace intertie::hub
