// Which processes really run where: the truth that the hub's beliefs are measured against.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "intertie/execution/site_messages.h"
#include "intertie/execution/task.h"

#include "world.h"

namespace intertie::simulation {

struct Process {
  std::size_t site = 0;
  execution::TaskSlot slot;
  core::Time started;  // By a clock that nobody steps.
  std::optional<core::Time> ended;
  execution::TaskEnd end = execution::TaskEnd::exited;
  std::int32_t exit_code = 0;
};

/// Filled by the simulated runners, read by the checks; the hub knows nothing of it.
class ProcessTable {
 public:
  using Attempt = std::pair<std::uint64_t, std::uint32_t>;
  using Ranks = std::map<std::uint32_t, Process>;

  explicit ProcessTable(World& world);

  /// Checks invariants 2 and 3 of ARCHITECTURE.md 11 at the moment a process starts: nobody else
  /// has its cards and cores, and no process of another attempt of the job is alive or newer.
  void start(const execution::TaskKey& key, Process process);
  void end(const execution::TaskKey& key, core::Time at, execution::TaskEnd how, std::int32_t exit);

  /// The hub has declared the attempt over: nothing of it may start any more.
  void close(std::uint64_t job, std::uint32_t attempt) { closed_.insert({job, attempt}); }

  /// All that ever ran for an attempt; nullptr if nothing did.
  const Ranks* find(std::uint64_t job, std::uint32_t attempt) const;
  std::size_t count_alive() const { return alive_.size(); }
  /// One that is still alive, for the report.
  const execution::TaskKey& get_alive() const { return *alive_.begin(); }

 private:
  struct Node {
    core::MilliCpus cpus;
    core::Bytes memory;
    std::uint64_t devices = 0;  // By bit.
  };

  void check_attempts(const execution::TaskKey& key);
  void take(const execution::TaskKey& key, const Process& process);

  World& world_;
  std::vector<const SiteSpec*> specs_;  // By site.
  std::map<Attempt, Ranks> attempts_;
  std::set<Attempt> closed_;
  std::set<execution::TaskKey> alive_;
  std::map<std::pair<std::size_t, std::uint32_t>, Node> used_;
};

/// The specification of each site, by its number.
std::vector<const SiteSpec*> list_sites(const Scenario& scenario);

/// Memory of one node of every simulated pool.
inline constexpr core::Bytes kNodeMemory{64LL << 30};

}  // namespace intertie::simulation
