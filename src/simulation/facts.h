// The hub's log, read by somebody who trusts nothing but the disk, and held against the truth.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "intertie/hub/events.h"
#include "intertie/storage/store.h"

#include "process_table.h"
#include "world.h"

namespace intertie::simulation {

struct JobFacts {
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
  core::Duration chosen_at;  // Virtual time.
};

/// Folds the log's events on its own, without the hub's code, and checks each as it becomes
/// durable: invariants 1 to 4 and 6 of ARCHITECTURE.md 11.
class Facts {
 public:
  /// What a check must know of a site: whether its word counts at all.
  struct SiteTrust {
    bool is_liar = false;
    const std::set<std::string>* unsigned_envelopes = nullptr;
  };

  Facts(World& world, ProcessTable& processes) : world_(world), processes_(processes) {}

  /// Asked whenever a site's word is judged.
  void set_trust(std::function<SiteTrust(std::size_t site)> trust) { trust_ = std::move(trust); }

  /// Reads on from where it stopped.
  void follow(storage::Reader& reader);

  /// What users were told must stand in the log.
  void check_job(std::uint32_t owner, const hub::Key128& key, std::uint64_t job);
  void check_cancelled(std::uint64_t job);
  void check_entry(ledger::EntryId id);

  const std::map<std::uint64_t, JobFacts>& jobs() const { return jobs_; }
  const std::vector<core::Money>& balances() const { return balances_; }
  std::size_t count_open() const { return open_; }
  std::size_t count_placed() const { return placed_; }
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
  void on(const hub::AttemptOver& event, bool has_message);
  void on(const hub::JobCancelRequested& event);
  void on(const hub::JobEnded& event);

  void check_truth(const JobFacts& job, const hub::AttemptOver& event, bool has_message);
  void check_charge(const JobFacts& job, const hub::AttemptOver& event, bool has_message);
  void fail(std::uint64_t job, const std::string& what);

  World& world_;
  ProcessTable& processes_;
  std::function<SiteTrust(std::size_t)> trust_;
  storage::LogIndex read_ = 0;
  std::map<std::uint64_t, JobFacts> jobs_;
  std::map<std::pair<std::uint32_t, hub::Key128>, std::uint64_t> keys_;
  std::vector<core::Money> balances_;  // By account.
  std::map<std::uint32_t, core::Money> held_;
  std::set<ledger::EntryId> entries_;
  std::map<std::uint32_t, topology::Pool> pools_;
  std::map<Node, Taken> taken_;
  std::map<std::uint64_t, hub::CapacityReserved> reserved_;  // By job, until it is chosen.
  std::uint64_t last_job_ = 0;
  std::size_t open_ = 0;
  std::size_t placed_ = 0;
};

}  // namespace intertie::simulation
