// A hub's log, read by somebody who trusts nothing but the disk, and held against the truth.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "intertie/hub/events.h"
#include "intertie/storage/store.h"

#include "process_table.h"
#include "world.h"

namespace intertie::simulation {

/// What users know of a job before the hub has heard of it.
struct Expected {
  std::uint64_t serial = 0;  // See Work.
  std::int64_t tasks = 1;
};

struct JobFacts {
  Expected expected;
  bool is_guest = false;  // Another region's; its home hub owns serial and money.
  std::uint32_t guest_peer = 0;
  std::uint64_t guest_offer = 0;
  std::uint64_t offer = 0;  // Asked or running in another region; 0: not.
  topology::PriceTable offer_price;
  std::uint32_t owner = 0;
  std::uint32_t account = 0;
  std::uint32_t attempt = 0;
  std::uint32_t retries_left = 0;
  bool is_attempt_over = true;
  bool is_cancel_requested = false;
  bool is_disputed = false;  // In the current attempt.
  int ends = 0;
  hub::CapacityReserved place;  // Of the current attempt.
  core::Money held;
  core::Money attempt_charge;
  core::Money charge;
  core::Duration chosen_at;              // Virtual time.
  std::vector<core::Duration> asked_at;  // The last offers; virtual time.
};

/// The price of what was reserved at `place`, for `time`.
core::Money compute_price(const hub::CapacityReserved& place, core::Duration time);

/// Folds the log's events on its own, without the hub's code, and checks each as it becomes
/// durable: invariants 1 to 4 and 6 of ARCHITECTURE.md 11.
class Facts {
 public:
  /// What a check must know of a site: whether its word counts at all.
  struct SiteTrust {
    bool is_liar = false;
    const std::set<std::string>* unsigned_envelopes = nullptr;
  };

  Facts(World& world, ProcessTable& processes, std::size_t hub, std::size_t first_site)
      : world_(world), processes_(processes), hub_(hub), first_site_(first_site) {}

  /// Asked whenever a site's word is judged. Sites by their number in the run.
  void set_trust(std::function<SiteTrust(std::size_t site)> trust) { trust_ = std::move(trust); }

  /// Reads on from where it stopped.
  void follow(storage::Reader& reader);

  /// A user is about to submit this; `key` is its idempotency key.
  void expect(const hub::Key128& key, Expected expected) { expected_[key] = expected; }

  /// The log is about to be cut off after this record. Of jobs that the lost records are about
  /// nothing is promised any more; returns those that are gone altogether.
  std::vector<std::uint64_t> lose_after(storage::LogIndex last, storage::Reader& reader);

  /// A process starts: the log must have ordered this attempt. For a guest, `home` is asked too.
  void check_started(const execution::TaskKey& key) const;
  /// The home hub of a job that starts elsewhere must have chosen this attempt.
  void check_chosen(std::uint64_t serial, std::uint32_t attempt) const;

  /// What users were told must stand in the log.
  void check_job(std::uint32_t owner, const hub::Key128& key, std::uint64_t job);
  void check_cancelled(std::uint64_t job);
  /// Whether the log still tells of this job; always true unless a backup took its place.
  bool knows(const hub::Key128& key, std::uint64_t job) const {
    if (!is_restored_) return true;
    const auto known = jobs_.find(job);
    return known != jobs_.end() && known->second.expected.serial == expected_.at(key).serial;
  }
  void check_entry(ledger::EntryId id);

  const std::map<std::uint64_t, JobFacts>& jobs() const { return jobs_; }
  const std::vector<core::Money>& balances() const { return balances_; }
  std::size_t count_open() const { return open_; }
  std::size_t count_placed() const { return placed_; }
  std::size_t count_offers() const { return offers_.size(); }
  std::size_t count_guests() const { return guests_; }
  std::uint64_t count_asked() const { return asked_; }
  std::uint64_t count_remote() const { return remote_; }
  std::uint64_t count_given_up() const { return given_up_.size(); }
  bool is_restored() const { return is_restored_; }
  storage::LogIndex last_index() const { return read_; }

 private:
  using Node = std::pair<std::uint32_t, std::uint32_t>;  // Pool, node.
  struct Taken {
    std::int64_t cpus = 0;
    std::int64_t memory = 0;
    std::uint64_t devices = 0;
  };
  struct Record {
    storage::LogIndex index = 0;
    core::Time time;
    hub::Event event;
  };

  void take(const Record& record, storage::Reader& reader);
  void on(const hub::AccountOpened& event);
  void on(const hub::EntryPosted& event);
  void on(const hub::PoolOffered& event);
  void on(const hub::JobSubmitted& event);
  void on(const hub::CapacityReserved& event);
  void on(const hub::AttemptChosen& event);
  void on(const hub::UsageSettled& event, const std::string& envelope);
  void on(const hub::UsageDisputed& event);
  void on(const hub::DisputeResolved& event);
  void on(const hub::AttemptOver& event, bool has_message);
  void on(const hub::JobCancelRequested& event);
  void on(const hub::JobEnded& event);
  void on(const hub::CreditLimitSet& event);
  // As home hub.
  void on(const hub::OfferAsked& event);
  void on(const hub::OfferClosed& event);
  void on(const hub::RemoteAttemptChosen& event);
  void on(const hub::RemoteUsageSettled& event);
  void on(const hub::RemoteUsageDisputed& event);
  void on(const hub::RemoteAttemptOver& event);
  // As owner hub.
  void on(const hub::GuestReserved& event);
  void on(const hub::GuestCommitted& event);
  void on(const hub::GuestDropped& event);
  void on(const hub::GuestEnded& event);
  void on(const hub::ContestResolved& event);
  void on(const hub::ClearingDecided& event);

  void check_truth(const JobFacts& job, const hub::AttemptOver& event, bool has_message);
  void check_charge(const JobFacts& job, const hub::AttemptOver& event, bool has_message);
  void check_remote(const JobFacts& job, const hub::RemoteAttemptOver& event);
  void post(const ledger::Entry& entry);
  void choose(JobFacts& job, std::uint64_t number, std::uint32_t attempt);
  void hold(JobFacts& job, std::uint64_t number, core::Money amount);
  void give_back(JobFacts& job);
  core::Money pay(JobFacts& job, std::uint64_t number, const ledger::Post& post);
  void free_cards(const JobFacts& job);
  SiteTrust find_trust(const JobFacts& job) const;
  void fail(std::uint64_t job, const std::string& what);

  World& world_;
  ProcessTable& processes_;
  std::size_t hub_;
  std::size_t first_site_;
  std::function<SiteTrust(std::size_t)> trust_;
  storage::LogIndex read_ = 0;
  std::map<std::uint64_t, JobFacts> jobs_;
  std::map<std::pair<std::uint32_t, hub::Key128>, std::uint64_t> keys_;
  std::vector<core::Money> balances_;  // By account.
  std::vector<core::Money> credits_;   // By account: how far below zero it may go.
  std::vector<bool> unbounded_;        // By account: it may go as far as it will.
  /// Charges of a peer that this hub did not post, by their record in the log.
  struct Disputed {
    core::Money charge;
    std::uint64_t offer = 0;
  };
  std::map<storage::LogIndex, Disputed> disputed_;
  /// Of an attempt in another region that is over: what it can have cost, and what was paid.
  struct RemoteBill {
    core::Money most;
    core::Money paid;
  };
  std::map<std::uint64_t, RemoteBill> remote_bills_;                  // By offer.
  std::set<std::pair<std::uint64_t, std::uint64_t>> remote_records_;  // Posted: offer and record.
  /// What a peer was charged for a record of its offer, and what of it has gone back.
  struct Charged {
    core::Money charge;
    bool is_resolved = false;
  };
  std::map<std::tuple<std::uint32_t, std::uint64_t, std::uint64_t>, Charged> charged_;
  std::map<std::uint32_t, core::Money> held_;
  std::map<hub::Key128, Expected> expected_;
  std::map<std::uint64_t, std::uint64_t> serials_;  // Own jobs by serial.
  std::map<std::uint64_t, std::uint64_t> offers_;   // Jobs by open offer.
  std::set<std::uint64_t> given_up_;                // Offers that ended without their owner's word.
  std::set<std::uint64_t> torn_;  // Serials of jobs whose history is lost in part.
  std::set<ledger::EntryId> entries_;
  std::map<std::uint32_t, topology::Pool> pools_;
  std::map<Node, Taken> taken_;
  std::map<std::uint64_t, hub::CapacityReserved> reserved_;  // By job, until it is chosen.
  std::uint64_t last_job_ = 0;
  std::size_t open_ = 0;
  std::size_t placed_ = 0;
  std::size_t guests_ = 0;
  std::uint64_t asked_ = 0;   // Offers ever made.
  std::uint64_t remote_ = 0;  // Attempts in other regions.
  bool is_refolding_ = false;
  bool is_restored_ = false;
};

}  // namespace intertie::simulation
