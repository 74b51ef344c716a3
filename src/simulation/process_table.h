// Which processes really run where: the truth that the hub's beliefs are measured against.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <tuple>
#include <utility>
#include <vector>

#include "intertie/execution/site_messages.h"
#include "intertie/execution/task.h"

#include "regions.h"
#include "world.h"

namespace intertie::simulation {

struct Process {
  std::size_t site = 0;
  std::uint64_t serial = 0;  // Of the job, wherever it runs; see Work.
  std::uint32_t pool = 0;    // Of the site.
  execution::TaskSlot slot;
  core::Duration began;  // Virtual time, as `over`.
  core::Duration over = {INT64_MAX};
  core::Time started;  // By a clock that nobody steps.
  std::optional<core::Time> ended;
  execution::TaskEnd end = execution::TaskEnd::exited;
  std::int32_t exit_code = 0;
};

/// Filled by the simulated runners, read by the checks; the hubs know nothing of it. Hubs number
/// attempts by their own job numbers; a job's serial says which of them are the same job.
class ProcessTable {
 public:
  using Ranks = std::map<std::uint32_t, Process>;

  explicit ProcessTable(World& world);

  /// Checks invariants 2 and 3 of ARCHITECTURE.md 11 at the moment a process starts: nobody else
  /// has its cards and cores, and no process of another attempt of the job is alive or newer, at
  /// any site of any region.
  void start(const execution::TaskKey& key, Process process);
  void end(std::size_t site, const execution::TaskKey& key, core::Time at, execution::TaskEnd how,
           std::int32_t exit);

  /// Asked at every start, with the hub of the site.
  void set_witness(std::function<void(std::size_t, const execution::TaskKey&, std::uint64_t)> who) {
    witness_ = std::move(who);
  }

  /// The hub has declared the attempt over: nothing of it may start any more.
  void close(std::size_t hub, std::uint64_t job, std::uint32_t attempt) {
    closed_.insert({hub, job, attempt});
  }
  /// The home hub has declared the job's attempt in another region over.
  void close_serial(std::uint64_t serial, std::uint32_t attempt) {
    closed_serials_.insert({serial, attempt});
  }
  /// The home hub has lost what it knew of this job: nothing is promised about it any more.
  void forget_serial(std::uint64_t serial) { forgotten_.insert(serial); }

  /// All that ever ran for an attempt; nullptr if nothing did.
  const Ranks* find(std::size_t hub, std::uint64_t job, std::uint32_t attempt) const;
  const Ranks* find_serial(std::uint64_t serial, std::uint32_t attempt) const;
  std::size_t count_alive() const { return alive_.size(); }

  /// Processor time of all processes between the two moments, in thousandths of a processor's
  /// second. O(all processes).
  std::int64_t compute_used(core::Duration from, core::Duration to) const;

  /// When the job's first process started; nothing if none ever did.
  std::optional<core::Duration> find_first_start(std::uint64_t serial) const;

 private:
  struct Attempt {
    std::size_t hub = 0;
    std::uint64_t job = 0;
    std::uint32_t attempt = 0;
    friend constexpr auto operator<=>(const Attempt&, const Attempt&) = default;
  };
  struct Node {
    core::MilliCpus cpus;
    core::Bytes memory;
    std::uint64_t devices = 0;  // By bit.
  };
  // Where the processes of one job are.
  struct Serial {
    std::uint32_t newest = 0;
    core::Duration first_start;
    std::map<std::uint32_t, Attempt> attempts;
    std::map<Attempt, std::int64_t> alive;
  };

  void check_attempts(const execution::TaskKey& key, const Attempt& attempt, std::uint64_t serial);
  void take(const execution::TaskKey& key, const Process& process);

  World& world_;
  std::function<void(std::size_t, const execution::TaskKey&, std::uint64_t)> witness_;
  std::vector<SitePlace> places_;  // By site.
  std::map<Attempt, Ranks> attempts_;
  std::map<std::uint64_t, Serial> serials_;
  std::set<Attempt> closed_;
  std::set<std::pair<std::uint64_t, std::uint32_t>> closed_serials_;
  std::set<std::uint64_t> forgotten_;
  std::set<std::pair<std::size_t, execution::TaskKey>> alive_;  // By hub.
  std::map<std::tuple<std::size_t, std::uint32_t, std::uint32_t>, Node> used_;
};

}  // namespace intertie::simulation
