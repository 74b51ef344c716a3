// The hub's state: everything decisions read. It changes only in apply() (apply.cc).
//
// Members marked "derived" are not in snapshots: they are rebuilt, and a rebuilt state decides like
// the one it was taken from.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <boost/unordered/unordered_flat_map.hpp>
#include <boost/unordered/unordered_flat_set.hpp>

#include "intertie/core/time.h"
#include "intertie/engine/channel.h"
#include "intertie/hub/data_copies.h"
#include "intertie/hub/dispute.h"
#include "intertie/hub/events.h"
#include "intertie/hub/public_log.h"
#include "intertie/hub/queue.h"
#include "intertie/ledger/ledger.h"
#include "intertie/placement/placer.h"
#include "intertie/placement/pool_capacity.h"
#include "intertie/topology/snapshot.h"

namespace intertie::hub {

struct Principal {
  std::string name;
  Role role = Role::user;
  ledger::AccountHandle account;
  std::int64_t jobs_max = 0;
  std::int64_t jobs = 0;  // Derived: in the state now.
};

/// asked: another region was asked to reserve, and has not answered.
enum class JobPhase : std::uint8_t { waiting, placed, running, asked };
BOOST_DESCRIBE_ENUM(JobPhase, waiting, placed, running, asked)

inline constexpr std::uint32_t kNobody = ~std::uint32_t{0};

/// A job that has not ended. Small: a million of them wait (docs/benchmarks.md).
struct Job {
  std::uint64_t number = 0;
  std::uint64_t document = 0;     // Log index of its submission; the body is the document.
  std::uint64_t reservation = 0;  // Of the current attempt here; 0: none.
  std::uint64_t offer = 0;        // Of the current attempt in another region; 0: none.
  core::Time submitted;
  core::Time not_before;
  core::Time deadline = core::kNever;
  core::Money charged;
  core::Money money_needed;  // While it waits for money: what its hold would take.
  Key128 idempotency{};
  Key128 request_digest{};
  std::uint32_t owner = 0;  // kNobody: a guest, owned by another region's hub.
  std::uint32_t account = 0;
  std::uint32_t shape = 0;
  std::uint32_t attempt = 0;
  std::uint32_t retries_left = 0;
  std::uint32_t site_faults = 0;  // Attempts lost through no fault of the job.
  PriorityClass priority = PriorityClass::normal;
  OnLoss on_loss = OnLoss::wait;
  JobPhase phase = JobPhase::waiting;
  bool is_cancel_requested = false;
  bool is_out_of_money = false;  // Waits for its account, not in the queue.
  bool has_idempotency = false;
};

/// Capacity set aside, and the attempt that uses it once it is committed.
struct Reservation {
  CapacityReserved terms;
  std::uint32_t attempt = 0;  // 0: not committed yet.
  core::Time chosen_at;
  std::optional<core::Time> began_at;
  core::Time charged_from;               // Start of the first charged interval.
  std::optional<core::Time> settled_to;  // End of the last charged interval.
  bool is_settled = false;               // The last usage record has been charged.
  ledger::EntryId hold;
  std::uint64_t posts = 0;
  std::uint64_t records = 0;  // Number of the last usage record that was charged.
  core::Money charged;
  std::optional<core::Time> orphaned_at;  // Its site's history was given up then.
  HubClock chosen_clock;
};

/// A job of another region that has cards here. It stands beside a Job of the same number, whose
/// account is the home hub's clearing account.
struct Guest {
  std::uint32_t peer = 0;
  std::uint64_t offer = 0;  // The home hub's number for it.
  std::string user;
  core::Duration home_lease = {};  // 0: its home has set none.
  HubClock home_heard = {};        // Its home surely lived then (docs/decisions/0018).
};

/// One try to run a job in another region, from the request on. At most one a job.
struct Offer {
  OfferAsked terms;
  core::Time asked_at;
  std::uint32_t attempt = 0;  // 0: not committed yet.
  std::optional<core::Time> began_at;
  core::Time charged_from;               // Start of the first charged interval.
  std::optional<core::Time> settled_to;  // End of the last charged interval.
  bool is_settled = false;
  std::uint64_t posts = 0;
  std::uint64_t records = 0;
  core::Money charged;
  std::optional<core::Time> orphaned_at;  // The peer's history was given up then.
  core::Duration home_lease = {};         // 0: the owner keeps none.
};

/// Another region's hub.
struct PeerState {
  PeerAdded terms;
  engine::Outbox outbox;
  engine::Inbox inbox;
  std::string incarnation;      // Of the peer's log; empty: it never opened its channel.
  core::Money contested;        // Charges of ours that it has not posted.
  core::Money disputed;         // Charges of its that we have not posted.
  std::deque<ToldCharge> told;  // Of ours, the last ones, oldest first.
  std::map<std::uint64_t, ClearingProposal> payments;  // Ours without an answer, by number.
  std::optional<NumberedProposal> adjustment;          // Ours without an answer.
  std::optional<NumberedProposal> asked;               // Its adjustment that waits for us.
  std::string refused;                                 // Why our last proposal was.
};

struct SiteState {
  topology::Site site;
  std::string sign_key;
  std::string tls_key;
  std::vector<std::uint32_t> pools;  // Handles, by position in the site's list.
  bool is_drained = false;
  topology::PoolStatus status = topology::PoolStatus::active;
  std::uint32_t faults_in_row = 0;
  core::Time failing_until;
  engine::Outbox outbox;
  engine::Inbox inbox;
  std::string incarnation;                    // Of the agent's log; empty: never opened.
  std::string seal_key;                       // Secrets are sealed to it; empty: it takes none.
  std::optional<RecordFacts> record;          // The version in force; absent: it has none.
  std::uint64_t record_index = 0;             // Log index whose body is that version; 0: none.
  std::uint64_t signed_index = 0;             // The same of the last one that the site signed too.
  std::vector<std::string> former_sign_keys;  // What verifies old records, oldest first.
  std::uint64_t former_key_rows = 0;          // The last former key counts for the rows up to here.
  bool is_revoked = false;     // Or retired. Its keys are empty, so nothing it says is heard.
  bool is_lapsed = false;      // Its record was not renewed in time.
  bool is_reinstated = false;  // Its record is suspended still; the site may end that.
};

/// Counters for the metrics and the index page; derived from nothing else, kept in snapshots.
struct Counters {
  std::uint64_t submitted = 0;
  std::uint64_t succeeded = 0;
  std::uint64_t failed = 0;
  std::uint64_t cancelled = 0;
  std::uint64_t refused = 0;
  std::uint64_t attempts = 0;
  std::uint64_t disputes = 0;
  friend bool operator==(const Counters&, const Counters&) = default;
};
BOOST_DESCRIBE_STRUCT(Counters, (),
                      (submitted, succeeded, failed, cancelled, refused, attempts, disputes))

/// A finished job's idempotency key, remembered for a while beyond the index's reach.
struct RememberedKey {
  std::uint32_t owner = 0;
  Key128 key{};
  friend bool operator==(const RememberedKey&, const RememberedKey&) = default;
};

struct KnownSubmission {
  std::uint64_t job = 0;
  Key128 request_digest{};
};

struct State {
  HubCreated facts;
  ledger::Ledger ledger;
  ledger::AccountHandle bank;
  ledger::AccountHandle fees;
  std::vector<Principal> principals;
  std::vector<SiteState> sites;
  std::vector<PeerState> peers;
  boost::unordered_flat_map<std::uint64_t, Offer> offers;  // By number.
  boost::unordered_flat_map<std::uint64_t, Guest> guests;  // By job.
  std::uint64_t next_offer = 1;
  topology::Snapshot::Pointer topology = topology::Snapshot::make_empty();
  std::vector<JobShape> shapes;
  boost::unordered_flat_map<std::uint64_t, Job> jobs;
  boost::unordered_flat_map<std::uint64_t, Reservation> reservations;
  std::set<std::string> used_nonces;
  std::deque<std::pair<RememberedKey, KnownSubmission>> finished_keys;
  FairShare shares;
  std::uint64_t next_job = 1;
  std::uint64_t next_reservation = 1;
  Counters counters;
  PublicLog public_log;
  std::map<std::uint64_t, OpenDispute> disputes;    // By the log index of their first event.
  std::vector<LineRegistered> lines;                // From this region, in order of registration.
  std::map<std::uint64_t, LineReserved> line_legs;  // What is reserved of them, by number.
  std::uint64_t next_line_leg = 1;
  std::uint64_t next_clearing = 1;    // Number of a proposal to a peer.
  std::uint64_t next_peer_entry = 1;  // Of what is posted between this hub and others beside jobs.
  DataCopies copies;                  // At sites of this region.

  // Derived.
  std::map<std::uint64_t, std::set<std::uint64_t>> disputes_of_jobs;
  std::map<std::uint32_t, std::size_t> disputes_of_sites;
  std::map<std::pair<std::uint32_t, DisputeSide>, std::size_t> disputes_of_peers;
  std::map<std::string, std::uint32_t> principal_handles;
  std::map<std::string, std::uint32_t> site_handles;
  std::map<std::string, std::uint32_t> pool_handles;                            // By identifier.
  std::map<std::string, std::uint32_t> peer_handles;                            // By identifier.
  std::map<std::pair<std::uint32_t, std::uint64_t>, std::uint64_t> guest_jobs;  // (peer, offer).
  std::set<std::pair<core::Time, std::uint64_t>> guest_expiries;     // Reserved, not committed.
  std::set<std::pair<core::Time, std::uint64_t>> offers_unanswered;  // By when they were asked.
  std::vector<placement::PoolCapacity> capacities;                   // By pool handle.
  std::map<std::string, std::uint32_t> shape_handles;                // By the shape's CBOR.
  std::map<std::pair<std::uint32_t, Key128>, KnownSubmission> submissions;
  WaitingQueue queue;
  std::map<std::uint32_t, std::map<std::uint32_t, std::set<std::uint64_t>>>
      out_of_money;                                       // Jobs by account and shape.
  std::vector<std::uint32_t> shape_uses;                  // Jobs by shape.
  std::set<std::uint32_t> free_shapes;                    // Handles to use again.
  std::set<std::pair<core::Time, std::uint64_t>> timers;  // Jobs with not_before or deadline.
  std::map<std::pair<std::string, std::string>, std::uint64_t> legs_of_keys;  // (to, key).
  std::set<std::pair<core::Time, std::uint64_t>> leg_expiries;

  /// The last version of the line from this region, retired or not; nullptr: there was none.
  /// O(lines).
  const LineRegistered* find_line_version(const std::string& to) const {
    for (const LineRegistered& registered : lines) {
      if (registered.line.to == to) return &registered;
    }
    return nullptr;
  }

  /// The line from this region, or nullptr. O(lines).
  const LineRegistered* find_line(const std::string& to) const {
    const LineRegistered* found = find_line_version(to);
    return found == nullptr || found->is_retired ? nullptr : found;
  }

  /// The leg under that key of the line to that region, or nullptr. O(log legs).
  const LineReserved* find_leg(const std::string& to, const std::string& key) const {
    const auto found = legs_of_keys.find({to, key});
    return found == legs_of_keys.end() ? nullptr : &line_legs.at(found->second);
  }

  const Job* find_job(std::uint64_t number) const {
    const auto found = jobs.find(number);
    return found == jobs.end() ? nullptr : &found->second;
  }
  const Offer* find_offer(std::uint64_t number) const {
    const auto found = offers.find(number);
    return found == offers.end() ? nullptr : &found->second;
  }
  const Guest* find_guest(std::uint64_t job) const {
    const auto found = guests.find(job);
    return found == guests.end() ? nullptr : &found->second;
  }
  const Reservation* find_reservation(std::uint64_t number) const {
    const auto found = reservations.find(number);
    return found == reservations.end() ? nullptr : &found->second;
  }
};

}  // namespace intertie::hub
