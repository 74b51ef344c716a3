// A site's tasks as jobs of a Slurm cluster, by Slurm's own command line.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "intertie/core/result.h"
#include "intertie/core/time.h"
#include "intertie/execution_runners/task_runner.h"
#include "intertie/execution_slurm/inventory.h"
#include "intertie/execution_slurm/submission.h"
#include "intertie/execution_slurm/user_map.h"

namespace intertie::slurm_runner {

struct SlurmOptions {
  /// The agent's own, absolute; made (0700) if missing: what was submitted.
  std::string folder;
  /// Seen under the same path on every node; made if missing. Tasks' folders lie below it.
  std::string shared;
  /// This program as the nodes see it.
  std::string program;
  /// SLURM_CONF for all commands; empty: Slurm's default place.
  std::string config;
  execution_slurm::UserMap users;
  /// The pools in the order of the site's offer; their partitions.
  std::vector<execution_slurm::SlurmPool> pools;
  std::string constraint;
  /// HOST:PORT to listen for drivers; port 0 takes a free one. Empty: files and polling alone.
  std::string report_listen = "127.0.0.1:0";
  /// What drivers are told to dial; empty: the listener's own address.
  std::string report_address;
  core::Duration poll_interval = core::seconds(5);
  /// A driver that cannot write to the shared folder for so long ends its tasks.
  core::Duration silence = core::seconds(60);
  /// Tasks whose time limit is at most this share jobs (pilots) if many come at once. 0: never.
  core::Duration pilot_below;
  std::uint32_t pilot_tasks_min = 8;
  /// Told of what an operator should know; any thread of the runner.
  std::function<void(const std::string&)> tell;
};

/// What was found out about the cluster at the start.
struct SlurmFacts {
  std::string version;
  std::string cluster;
  std::int64_t kill_wait_seconds = 30;
  std::int64_t array_size_max = 1'001;
  bool has_accounting = false;
};

/// Asks the commands themselves. not_supported: they are not there; unreachable: slurmctld does not
/// answer. Seconds at most.
core::Result<SlurmFacts> probe_slurm(const std::string& config);

/// Asks sinfo. As parse_nodes and make_pools; unreachable.
core::Result<std::vector<execution_slurm::SlurmPool>> discover_pools(
    const std::string& config, const execution_slurm::PoolWish& wish);

/// Makes the shared folder with its parts `tasks` and `batches`, which everybody may pass and
/// nobody but the agent may list. io_failed.
core::Result<void> prepare_shared(const std::string& shared);

class SlurmRunner final : public execution_runners::TaskRunner {
 public:
  /// Finds what an earlier agent submitted. Does not wait for slurmctld beyond the probe.
  static core::Result<std::unique_ptr<SlurmRunner>> attach(SlurmOptions options);
  ~SlurmRunner() override;

  int descriptor() const override;
  bool write_pending() const override { return false; }
  /// denied: the owner has no Unix user here.
  core::Result<void> start_task(const execution::RunRequest& request,
                                const execution_runners::TaskOrigin& origin) override;
  core::Result<void> cancel(execution::TaskKey key) override;
  core::Result<void> extend_lease(execution::TaskKey key, core::Duration duration) override;
  core::Result<void> acknowledge(execution::TaskKey key) override;
  core::Result<std::vector<execution_runners::RunnerEvent>> poll() override;
  core::Result<std::vector<execution_runners::RunnerTask>> list() override;
  core::Result<void> stop(bool cancel_all) override;

  /// How often the queue was asked for, and how many jobs were submitted, since the start.
  struct Counts {
    std::uint64_t list_calls = 0;
    std::uint64_t submissions = 0;
  };
  Counts counts() const;

 private:
  class Engine;
  explicit SlurmRunner(std::unique_ptr<Engine> engine);
  std::unique_ptr<Engine> engine_;
};

}  // namespace intertie::slurm_runner
