#include "intertie/service/site_service.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

#include "intertie/core/limits.h"
#include "intertie/execution_runners/local_runner.h"
#include "intertie/measurement/class_rule.h"
#include "intertie/measurement/signed_statement.h"
#include "intertie/service/site_rotation.h"
#include "intertie/storage_sqlite/sqlite_store.h"

#include "clock.h"
#include "data_listener.h"
#include "fail_points.h"
#include "files.h"
#include "hub_datasets.h"
#include "site_clock.h"
#include "site_context.h"
#include "site_join.h"
#include "site_measure.h"
#include "site_preparer.h"
#include "site_record.h"
#include "site_runner.h"
#include "site_slurm.h"
#include "site_uplink.h"
#include "snapshot_thread.h"

namespace intertie::service {
namespace {

using execution_runners::LocalRunner;
using execution_runners::TaskRunner;

constexpr core::Duration kUpkeepInterval = core::minutes(10);
constexpr core::Duration kSnapshotInterval = core::minutes(10);
constexpr core::Duration kStopGrace = core::seconds(5);
constexpr core::Duration kRecordRetry = core::seconds(30);
constexpr core::Duration kRecordTimeout = core::seconds(6);  // A stop waits for it.

core::Result<void> check_options(const SiteOptions& options) {
  if (!options.folder.starts_with('/')) {
    return {core::Reason::bad_argument, "folder: expected an absolute path"};
  }
  if (options.launcher_argv.empty() || !options.launcher_argv.front().starts_with('/')) {
    return {core::Reason::bad_argument, "launcher_argv: expected an absolute program"};
  }
  return {};
}

/// The strongest level that a probe has proved here.
core::Result<topology::Isolation> find_isolation(LocalRunner& runner) {
  const auto reports = runner.read_isolation();
  if (!reports) return reports.error();
  topology::Isolation best = topology::Isolation::none;
  std::string failures;
  for (const execution::SandboxTrial& trial : *reports) {
    const execution::IsolationReport& report = trial.isolation;
    if (report.works) best = std::max(best, report.level);
    if (!report.works) failures += report.failure + "; ";
  }
  if (best != topology::Isolation::none) return best;
  return core::Error{core::Reason::not_supported, "no isolation level works: " + failures};
}

}  // namespace

/// In the order of construction; what stands lower uses what stands above.
class SiteService::Parts {
 public:
  explicit Parts(SiteOptions given) : options_(std::move(given)) {}
  ~Parts() { stop(); }
  Parts(const Parts&) = delete;
  Parts& operator=(const Parts&) = delete;

  core::Result<void> start() {
    if (auto done = check_options(options_); !done) return done;
    if (auto done = make_private_folder(options_.folder); !done) return done;
    auto log = Log::open(options_.log_path);
    if (!log) return log.error();
    log_ = std::move(*log);
    if (auto done = fail_points_.arm(options_.fail_point, Side::site); !done) return done;
    if (auto done = find_machine(); !done) return done;
    if (auto done = find_identity(); !done) return done;
    if (auto done = open_journal(); !done) return done;
    if (auto done = start_threads(); !done) return done;
    upkeep_thread_ = std::thread([this] { run_upkeep(); });
    log_->write(LogLevel::info, "site", "started", {{"site", identity_.site}});
    return {};
  }

  void stop() {
    {
      const std::lock_guard lock(mutex_);
      if (std::exchange(is_stopped_, true)) return;
      changed_.notify_all();
    }
    if (upkeep_thread_.joinable()) upkeep_thread_.join();
    if (data_listener_ != nullptr) data_listener_->stop(kStopGrace);
    if (uplink_ != nullptr) uplink_->stop();
    if (preparer_ != nullptr) preparer_->stop();
    if (runner_ != nullptr) runner_->stop(options_.stop_tasks);
    if (attached_ != nullptr && options_.stop_tasks) (void)attached_->stop(true);
    attached_.reset();
    if (engine_ != nullptr) {
      const bool is_clean = engine_->stop(kStopGrace);
      // The next start then replays nothing; the two folds of the journal are compared.
      if (is_clean) tell_failure("snapshot", snapshots_->finish(engine_->get_stopped_machine()));
      log_->write(is_clean ? LogLevel::info : LogLevel::warning, "site", "stopped");
    }
  }

  bool wait_until_ready(core::Duration timeout) {
    const auto deadline =
        std::chrono::steady_clock::now() + std::chrono::microseconds(timeout.count);
    {
      std::unique_lock lock(mutex_);
      const bool is_told =
          changed_.wait_until(lock, deadline, [this] { return is_measured_ || is_stopped_; });
      if (!is_told || is_stopped_) return false;
    }
    const auto left = std::chrono::duration_cast<std::chrono::microseconds>(
        deadline - std::chrono::steady_clock::now());
    return uplink_->wait_until_settled(core::Duration{std::max<std::int64_t>(left.count(), 0)});
  }

  bool is_connected() const {
    const auto answered = uplink_->answered_at();
    return answered && read_boot_time() - *answered < core::limits::site_lost_after;
  }

  const SiteIdentity& identity() const { return identity_; }
  const SiteKeys& keys() const { return *keys_; }
  const std::vector<topology::Pool>& pools() const { return pools_; }

 private:
  core::Result<void> find_machine() {
    runner_options_.folder = options_.folder + "/launcher";
    runner_options_.launcher = options_.launcher_argv;
    runner_options_.launcher.push_back("--folder");
    runner_options_.launcher.push_back(runner_options_.folder);
    auto attached = LocalRunner::attach(runner_options_);
    if (!attached) return attached.error();
    const auto isolation = find_isolation(**attached);
    if (!isolation) return isolation.error();
    isolation_ = *isolation;
    attach_ = [this]() -> core::Result<std::unique_ptr<TaskRunner>> {
      auto again = LocalRunner::attach(runner_options_);
      if (!again) return again.error();
      return std::unique_ptr<TaskRunner>(std::move(*again));
    };
    attached_ = std::move(*attached);
    if (options_.slurm) {
      // Here it has only shown what the nodes, which are taken to be alike, can do.
      (void)attached_->stop(true);
      attached_.reset();
    }
    auto machine = discover_site_machine(options_);
    if (!machine) return machine.error();
    machine_ = std::move(*machine);
    return {};
  }

  core::Result<void> find_identity() {
    if (auto done = finish_site_rotation(options_.folder); !done) return done;
    auto keys = open_site_keys(options_.folder, options_.name, read_clock());
    if (!keys) return keys.error();
    keys_.emplace(std::move(*keys));
    fail_points_.pass(ServicePoint::keys_after_write);
    auto known = read_site_identity(options_.folder);
    if (!known && known.error().reason != core::Reason::not_found) return known.error();
    if (!known && options_.join_token.empty()) {
      return {core::Reason::bad_argument, "join_token: this site has not joined a hub yet"};
    }
    // A default pool's class follows from the measurement, so that comes before the offer.
    if (auto measured = measure(); !measured) return measured;
    if (auto offered = make_offer(); !offered) return offered;
    if (!known) {
      fail_points_.pass(ServicePoint::join_before_send);
      known = join_hub({options_.join_token,
                        options_.name,
                        options_.region,
                        {},
                        pools_,
                        {},
                        options_.place,
                        options_.commissioned,
                        options_.claimed,
                        options_.aka},
                       *keys_);
      if (!known) return known.error();
      fail_points_.pass(ServicePoint::join_after_send);
      if (auto kept = write_site_identity(options_.folder, *known); !kept) return kept;
      fail_points_.pass(ServicePoint::identity_after_write);
    }
    identity_ = std::move(*known);
    return {};
  }

  core::Result<void> measure() {
    auto statement = obtain_statement(options_, read_clock(), fail_points_);
    if (!statement) return statement.error();
    statement_ = std::move(*statement);
    return {};
  }

  core::Result<void> make_offer() {
    pools_ = options_.pools;
    if (options_.slurm) return make_slurm_offer();
    for (const topology::Pool& pool : pools_) {
      if (pool.isolation > isolation_) {
        return {core::Reason::isolation_too_weak, "pool " + pool.name + " offers more than works"};
      }
    }
    if (!pools_.empty()) return {};
    pools_.push_back(make_default_pool(options_, machine_, isolation_));
    if (!statement_) return {};
    const auto chosen = measurement::choose_class(*statement_, {}, options_.compute_class);
    if (!chosen) return chosen.error();
    pools_.front().compute_class = *chosen;
    return {};
  }

  core::Result<void> make_slurm_offer() {
    topology::Pool model = make_default_pool(options_, machine_, isolation_);
    model.network = options_.network;
    if (statement_) {
      const auto chosen = measurement::choose_class(*statement_, {}, options_.compute_class);
      if (!chosen) return chosen.error();
      model.compute_class = *chosen;
    }
    const bool has_joined = read_site_identity(options_.folder).has_value();
    auto offer = find_slurm_offer(options_.folder, *options_.slurm, model, has_joined);
    if (!offer) return offer.error();
    slurm_options_ = options_.slurm->runner;
    if (auto made = slurm_runner::prepare_shared(slurm_options_.shared); !made) return made;
    slurm_options_.folder = options_.folder + "/slurm";
    slurm_options_.pools = std::move(*offer);
    slurm_options_.tell = [this](const std::string& text) {
      log_->write(LogLevel::warning, "site", "slurm", {{"text", text}});
    };
    for (const auto& each : slurm_options_.pools) pools_.push_back(each.pool);
    attach_ = [this]() -> core::Result<std::unique_ptr<TaskRunner>> {
      auto made = slurm_runner::SlurmRunner::attach(slurm_options_);
      if (!made) return made.error();
      return std::unique_ptr<TaskRunner>(std::move(*made));
    };
    return {};
  }

  core::Result<void> open_journal() {
    storage_sqlite::SqliteOptions sqlite;
    sqlite.folder = options_.folder + "/journal";
    sqlite.fail_hook = make_fail_hook(fail_points_, {});
    auto store = storage_sqlite::open_sqlite_store(std::move(sqlite));
    if (!store) return store.error();
    store_ = std::move(*store);
    EngineHooks<agent::AgentMachine> hooks;
    snapshots_ = std::make_unique<SnapshotThread<agent::AgentMachine>>(
        *store_, [this] { return std::make_unique<agent::AgentMachine>(keys_->sign); },
        SnapshotPolicy{options_.snapshot_records, kSnapshotInterval}, *log_);
    hooks.on_durable = [this](const agent::AgentMachine&, storage::LogIndex durable,
                              const std::vector<std::uint64_t>&) {
      snapshots_->note_durable(durable);
      if (SiteRunner* runner = woken_runner_.load()) runner->wake();
      if (SiteUplink* uplink = woken_uplink_.load()) uplink->wake();
    };
    hooks.on_store_change = [this](const core::Error* failure) {
      write_store_change(*log_, "site", failure);
      if (options_.on_store_change) options_.on_store_change(failure);
    };
    auto engine = SiteEngine::start(std::make_unique<agent::AgentMachine>(keys_->sign), *store_,
                                    std::move(hooks));
    if (!engine) return engine.error();
    engine_ = std::move(*engine);
    const engine::ReplayReport& replay = engine_->replay_report();
    snapshots_->note_start(replay.snapshot, replay.last.index);
    const auto site = read_durable<std::string>(
        *engine_, [](const agent::AgentMachine& machine) { return machine.state().facts.site; });
    if (!site) return site.error();
    if (site->empty()) {
      const auto created =
          submit_and_wait(*engine_, agent::CreateSite{{identity_.site, identity_.pools}});
      if (!created) return created.error();
    } else if (*site != identity_.site) {
      return {core::Reason::store_damaged, "the journal is that of site " + *site};
    }
    return {};
  }

  core::Result<void> start_threads() {
    auto clients =
        SiteHubClients::create({identity_.hub_address, identity_.hub_fingerprint}, *keys_);
    if (!clients) return clients.error();
    clients_.emplace(std::move(*clients));
    auto content = SiteContent::open(make_store_options(options_.folder + "/datasets",
                                                        options_.content_bytes_max, fail_points_));
    if (!content) return content.error();
    content_ = std::move(*content);
    if (auto done = open_data_listener(); !done) return done;
    auto tasks =
        SiteTasks::open((options_.slurm ? slurm_options_.shared : options_.folder) + "/tasks",
                        *content_, fail_points_);
    if (!tasks) return tasks.error();
    tasks_ = std::move(*tasks);
    context_.emplace(SiteContext{options_, machine_, pools_, isolation_, *clients_, identity_.hub,
                                 data_listener_ ? data_listener_->address() : std::string(),
                                 *store_, *engine_, *content_, *tasks_, *log_, keys_->seal,
                                 fail_points_, keys_->former_seals});
    auto preparer = SitePreparer::start(*context_);
    if (!preparer) return preparer.error();
    preparer_ = std::move(*preparer);
    if (options_.slurm) {
      auto attached = attach_();
      if (!attached) return attached.error();
      attached_ = std::move(*attached);
    }
    auto runner = SiteRunner::start(*context_, *preparer_, std::move(attached_), attach_);
    if (!runner) return runner.error();
    runner_ = std::move(*runner);
    woken_runner_ = runner_.get();
    SiteUplink::Hooks hooks;
    hooks.on_lease = [this](const agent::AttemptId& attempt, core::Time until) {
      runner_->extend_lease(attempt, until);
    };
    hooks.on_answer = [this] { runner_->wake(); };
    hooks.on_record_due = [this] {
      const std::lock_guard lock(mutex_);
      is_record_due_ = true;
      changed_.notify_all();
    };
    uplink_ = std::make_unique<SiteUplink>(*context_, std::move(hooks));
    woken_uplink_ = uplink_.get();
    uplink_->start();
    return {};
  }

  // Other sites of the hub; within a region no line is paced.
  core::Result<void> open_data_listener() {
    if (options_.data_listen.empty()) return {};
    const auto hub_key = crypto::parse_public_key(identity_.hub_sign_key);
    if (!hub_key) return hub_key.error();
    api::DataHolder holder{
        identity_.site,
        *hub_key,
        [] { return read_clock(); },
        [this](const std::string& owner, const crypto::Digest& root) {
          return content_->find(owner, root);
        },
        [this](const transfer::DatasetInfo& info, transfer::ByteSpan span) {
          return content_->read(info, span);
        },
        [](const api::LineUse&, std::int64_t wanted,
           const std::function<void(core::Result<std::int64_t>)>& done) { done(wanted); }};
    auto started =
        DataListener::start({options_.data_listen, options_.data_address, keys_->certificate_pem,
                             std::string(keys_->tls.export_private_pem().reveal_text())},
                            std::move(holder), answers_);
    if (!started) return started.error();
    data_listener_ = std::move(*started);
    return {};
  }

  core::Result<void> send_statement() {
    measurement::Statement statement = *statement_;
    statement.subject = identity_.site;
    statement.record_hash = crypto::to_text(crypto::compute_sha256(identity_.record));
    const auto sealed = measurement::sign_statement(statement, keys_->sign);
    if (!sealed) return sealed.error();
    for (std::uint32_t pool = 0; pool < pools_.size(); ++pool) {
      const auto added = submit_and_wait(*engine_, agent::AddStatement{{pool, sealed->envelope}});
      if (!added) return added.error();
    }
    return {};
  }

  /// Sends the measurement, renews it, and removes what nobody needs any more.
  void run_upkeep() {
    if (statement_) tell_failure("measurement", send_statement());
    {
      const std::lock_guard lock(mutex_);
      is_measured_ = true;
      changed_.notify_all();
    }
    while (true) {
      sweep();
      if (!wait_for_upkeep()) return;
      const bool is_due =
          statement_ && !options_.statement && compute_renewal(*statement_) <= read_clock();
      if (!is_due) continue;
      auto measured = measure();
      if (measured) measured = send_statement();
      tell_failure("measurement", measured);
    }
  }

  /// Signs what is due of the record meanwhile. False: the site stops.
  bool wait_for_upkeep() {
    const core::Time end = read_boot_time() + kUpkeepInterval;
    core::Time record_from;  // After a failure the hub goes on asking.
    while (true) {
      const core::Time now = read_boot_time();
      if (now >= end) return true;
      std::unique_lock lock(mutex_);
      const core::Time until =
          is_record_due_ && record_from > now ? std::min(record_from, end) : end;
      changed_.wait_for(lock, std::chrono::microseconds((until - now).count), [&] {
        return is_stopped_ || (is_record_due_ && record_from <= read_boot_time());
      });
      if (is_stopped_) return false;
      if (!is_record_due_ || record_from > read_boot_time()) continue;
      is_record_due_ = false;
      lock.unlock();
      if (!renew_record()) record_from = read_boot_time() + kRecordRetry;
    }
  }

  bool renew_record() {
    net::HttpClient client = clients_->make_client(kRecordTimeout);
    const auto renewed = renew_own_record(client, options_.folder, identity_, keys_->sign);
    if (renewed && *renewed) log_->write(LogLevel::info, "site", "record_renewed");
    if (!renewed) tell_failure("record", renewed.error());
    return renewed.has_value();
  }

  void sweep() {
    const auto needed = read_durable<std::vector<agent::AttemptId>>(
        *engine_, [](const agent::AgentMachine& machine) {
          std::vector<agent::AttemptId> ids;
          for (const auto& [id, attempt] : machine.state().attempts) ids.push_back(id);
          return ids;
        });
    if (!needed) return;
    // Nothing that was fetched under an earlier sealing key waits any more.
    if (needed->empty() && !keys_->former_seals.empty()) {
      tell_failure("former_seal_keys", put_former_seal_keys(options_.folder, {}));
    }
    const auto is_needed = [&](const agent::AttemptId& id) {
      return std::ranges::binary_search(*needed, id);
    };
    tasks_->sweep(is_needed, options_.keep_tasks, options_.keep_tasks_bytes);
    content_->sweep();
  }

  void tell_failure(const char* what, const core::Result<void>& outcome) {
    if (outcome) return;
    log_->write(LogLevel::warning, "site", what, {{"error", core::to_text(outcome.error())}});
  }

  const SiteOptions options_;
  std::unique_ptr<Log> log_;
  FailPoints fail_points_;
  LocalRunner::Options runner_options_;
  AttachRunner attach_;
  slurm_runner::SlurmOptions slurm_options_;  // Of a site with Slurm.
  std::unique_ptr<TaskRunner> attached_;      // Until the runner's thread takes it over.
  topology::Isolation isolation_ = topology::Isolation::none;
  SiteMachine machine_;
  std::optional<SiteKeys> keys_;
  std::optional<measurement::Statement> statement_;  // After the start: of the upkeep thread.
  std::vector<topology::Pool> pools_;
  SiteIdentity identity_;
  std::unique_ptr<storage::Store> store_;
  std::unique_ptr<SnapshotThread<agent::AgentMachine>> snapshots_;
  std::unique_ptr<SiteEngine> engine_;
  std::optional<SiteHubClients> clients_;
  std::unique_ptr<SiteContent> content_;
  std::unique_ptr<SiteTasks> tasks_;
  AnswerSender answers_{fail_points_};
  std::unique_ptr<DataListener> data_listener_;
  std::optional<SiteContext> context_;
  std::unique_ptr<SitePreparer> preparer_;
  std::unique_ptr<SiteRunner> runner_;
  std::unique_ptr<SiteUplink> uplink_;
  // For the engine's hook, which may run before they exist.
  std::atomic<SiteRunner*> woken_runner_{nullptr};
  std::atomic<SiteUplink*> woken_uplink_{nullptr};

  std::mutex mutex_;
  std::condition_variable changed_;
  bool is_stopped_ = false;
  bool is_measured_ = false;
  bool is_record_due_ = false;
  std::thread upkeep_thread_;
};

SiteService::SiteService(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

SiteService::~SiteService() = default;

core::Result<std::unique_ptr<SiteService>> SiteService::start(SiteOptions options) {
  auto parts = std::make_unique<Parts>(std::move(options));
  if (auto started = parts->start(); !started) return started.error();
  return std::unique_ptr<SiteService>(new SiteService(std::move(parts)));
}

void SiteService::stop() { parts_->stop(); }

bool SiteService::wait_until_ready(core::Duration timeout) {
  return parts_->wait_until_ready(timeout);
}

bool SiteService::is_connected() const { return parts_->is_connected(); }

const std::string& SiteService::identifier() const { return parts_->identity().site; }

const std::string& SiteService::fingerprint() const { return parts_->keys().fingerprint; }

const std::vector<topology::Pool>& SiteService::pools() const { return parts_->pools(); }

}  // namespace intertie::service
