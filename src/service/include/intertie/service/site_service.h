// A site's agent as a running service: its journal, its hub, its tasks.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "intertie/core/quantity.h"
#include "intertie/core/rate.h"
#include "intertie/core/result.h"
#include "intertie/core/time.h"
#include "intertie/execution/isolation.h"
#include "intertie/identity/record.h"
#include "intertie/measurement/statement.h"
#include "intertie/slurm_runner/slurm_runner.h"
#include "intertie/topology/pool.h"

namespace intertie::service {

/// A site whose tasks run in a Slurm cluster. `runner`: its folder and pools are filled in. Tasks'
/// folders then lie in `runner.shared`. `partitions`: empty publishes all that are up.
struct SlurmSite {
  slurm_runner::SlurmOptions runner;
  std::vector<std::string> partitions;
};

/// How a site finds out what its machine can do. quick: about 1.5 s; full: about 8 s; none: its
/// pools stay unmeasured unless `SiteOptions::statement` is given.
enum class MeasureMode : std::uint8_t { none, quick, full };

struct SiteOptions {
  /// Absolute; created (0700) if missing. Holds keys, identity, journal, content and tasks.
  std::string folder;
  /// Unique at the hub; [a-z0-9-].
  std::string name;
  /// Two-character region code.
  std::string region;
  /// Needed at the first start only; later ones use what the first one stored.
  std::string join_token;
  /// What the site offers. Empty: one pool "default" with this machine as its only node.
  std::vector<topology::Pool> pools;
  /// Of the default pool. What the site keeps for itself out of this machine.
  topology::PriceTable price;
  topology::UserLine user_line;
  core::MilliCpus cpus_kept;
  core::Bytes memory_kept{512LL << 20};
  /// Disk space for jobs. 0: half of what is free when the site joins.
  core::Bytes scratch;
  std::optional<core::ComputeClass> compute_class;  // Empty: as measured.
  topology::Network network = topology::Network::gang;
  /// How sensitive the data of jobs here may be; likewise of the default pool.
  core::Classification cleared = core::Classification::open;
  /// "ADDRESS:PORT" where other sites of the hub pull datasets that lie here
  /// (docs/formats/data-grant.md); empty: they get them from the hub.
  std::string data_listen;
  /// What those sites are told to dial; empty: the data listener's own address.
  std::string data_address;
  /// Named environments that jobs may ask for; their names become the default pool's software.
  std::vector<execution::Software> software;

  /// Set: pools are discovered in Slurm at the joining, and tasks are submitted to it.
  /// docs/slurm.md.
  std::optional<SlurmSite> slurm;

  /// The command that ends in execution_runners::run_launcher; "--folder" and the launcher's folder
  /// are appended. argv[0] is absolute: {"/proc/self/exe", "launcher"}.
  std::vector<std::string> launcher_argv;
  /// stop() ends the running tasks and the launcher too. Otherwise they go on without the agent.
  bool stop_tasks = false;

  MeasureMode measure = MeasureMode::quick;
  /// Asked between the steps of a measurement: true ends it, and the start, with `stopping`.
  std::function<bool()> should_stop;
  /// A statement made elsewhere; subject and signature are filled in. Wins over `measure`.
  std::optional<measurement::Statement> statement;
  /// Where devices are looked for: another root than "/" in rehearsals.
  std::string device_root = "/";

  /// Folders of tasks that the hub has settled are kept so long, and at most so many bytes of them.
  core::Duration keep_tasks = core::hours(24 * 7);
  core::Bytes keep_tasks_bytes{20LL << 30};
  /// Of inputs, which are given up when space is needed, and outputs together.
  core::Bytes content_bytes_max{64LL << 30};

  /// JSON lines about what happens. Empty: standard error; "-": nowhere.
  std::string log_path;
  /// Called when the journal's disk begins to refuse (why), and with null when it takes again; on a
  /// thread of the service, which must not wait. The log file has a line too, if it can be written.
  std::function<void(const core::Error* failure)> on_store_change;

  /// The journal's snapshots: one after so many records (and every ten minutes).
  std::uint64_t snapshot_records = 100'000;
  /// "NAME:COUNT": the process kills itself at that passing of a fail point (fail_points.h), for
  /// tests of crashes. Empty: never.
  std::string fail_point;

  /// What the site says of itself in its record; at the first start only (site_amendment.h changes
  /// it). Place: GB/T 2260, six digits. Claimed: rates of one node of each of its pools; a
  /// statement that cannot back one is refused (claim_above_measured).
  std::string place;
  std::optional<core::Time> commissioned;
  std::vector<core::Rate> claimed;
  std::vector<identity::Alias> aka;
};

/// Owns the journal, the engine's thread, the link to the hub, and the runner of this machine.
class SiteService {
 public:
  /// Opens or makes the folder, joins the hub at the first start, replays the journal, attaches to
  /// the launcher (tasks of an earlier agent go on) and starts the threads. Does not wait for the
  /// hub, except to join. Refuses with bad_argument (options), bad_token, unreachable or
  /// certificate_refused (joining), store_* (journal), io_failed.
  static core::Result<std::unique_ptr<SiteService>> start(SiteOptions options);

  /// stop().
  ~SiteService();
  SiteService(const SiteService&) = delete;
  SiteService& operator=(const SiteService&) = delete;

  /// Ends threads and connections; what was decided is durable. Running tasks go on unless
  /// SiteOptions::stop_tasks. Idempotent; blocks for seconds at most.
  void stop();

  /// True once the channel is open, a heartbeat was answered and the hub has taken every statement
  /// of this start (at once when nothing is measured). Waits up to `timeout`.
  bool wait_until_ready(core::Duration timeout);

  /// The last heartbeat was answered within limits::site_lost_after.
  bool is_connected() const;

  /// Registered identifier and certificate fingerprint (hex) of this site.
  const std::string& identifier() const;
  const std::string& fingerprint() const;
  /// The offer as it was sent to the hub.
  const std::vector<topology::Pool>& pools() const;

 private:
  class Parts;
  explicit SiteService(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace intertie::service
