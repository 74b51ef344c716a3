// The hub behind its listeners: store, engine, content, links to sites, keys.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "intertie/api/backend.h"
#include "intertie/hub/machine.h"
#include "intertie/service/hub_service.h"

#include "deadlines.h"
#include "engine_thread.h"
#include "fail_points.h"
#include "http_adapter.h"
#include "hub_datasets.h"
#include "hub_store.h"
#include "job_watchers.h"
#include "key_store.h"
#include "line_traffic.h"
#include "log.h"
#include "log_watchers.h"
#include "peer_data.h"
#include "peer_links.h"
#include "readers.h"
#include "site_links.h"
#include "snapshot_thread.h"
#include "worker_pool.h"

namespace intertie::service {

/// Implements what the routes need. Any thread, unless a member says otherwise.
class HubBackend final : public api::Backend {
 public:
  /// `log` and `fail_points` outlive it. Creates the hub in an empty folder. Refuses with what the
  /// store, the replay and the keys refuse.
  static core::Result<std::unique_ptr<HubBackend>> open(const HubOptions& options, Log& log,
                                                        FailPoints& fail_points);
  ~HubBackend() override;

  core::Time now() const override;
  hub::HubClock read_hub_clock() const override;
  void submit(hub::Command command, std::function<void(core::Result<hub::Reply>)> done) override;
  void read(
      std::function<DurableAction(const core::Result<const hub::HubMachine*>&)> look) override;
  void run_aside(std::function<void()> work) override;
  storage::Reader& reader() override;
  void watch_job(std::uint64_t job, core::Time deadline, std::function<void()> wake) override;
  void watch_log(storage::LogIndex after, std::function<void()> wake) override;
  api::Datasets& datasets() override { return *datasets_; }
  void read_site_file(const api::SiteFileRequest& request,
                      std::function<void(core::Result<api::SiteFilePiece>)> done) override;
  void attach_site_stream(std::uint32_t site, std::uint64_t after,
                          std::shared_ptr<api::Stream> stream) override;
  void take_site_answer(std::uint32_t site, std::uint64_t ask,
                        core::Result<api::SiteFilePiece> piece) override;
  const crypto::KeyPair& token_key() const override;
  std::vector<api::FormerTokenKey> former_token_keys() const override;
  const crypto::SealPublicKey& seal_key() const override;
  core::Result<crypto::Secret> open_box(std::string_view box,
                                        crypto::BoxContext context) const override;
  std::string peer_tls_key() const override;
  void read_peer_file(std::uint32_t peer, const api::PeerFileRequest& request,
                      std::function<void(core::Result<api::SiteFilePiece>)> done) override;
  void greet_peer(std::uint32_t peer) override;
  void ask_peer(std::uint32_t peer, api::PeerQuestion question,
                std::function<void(core::Result<std::string>)> done) override;
  void pace_line(const api::LineUse& use, std::int64_t wanted,
                 std::function<void(core::Result<std::int64_t>)> done) override;
  std::int64_t count_sent(const std::string& region) const override;
  void note_arrived(const std::string& region, std::int64_t bytes, core::Duration took) override {
    lines_.note_arrival(region, bytes, took);
  }
  void fetch_from_peer(api::PeerFetch ask,
                       std::function<void(core::Result<api::Response>)> done) override;
  core::Result<std::string> sign_record(std::string_view payload_type,
                                        std::string_view payload) override;
  std::string site_address() const override;
  std::string site_fingerprint() const override;
  std::string data_address() const override { return data_address_; }
  std::string service_metrics() override;

  /// Before the listeners serve.
  void set_site_address(std::string address) { site_address_ = std::move(address); }
  void set_data_address(std::string address) { data_address_ = std::move(address); }
  const HubKeys& keys() const { return *keys_; }
  const std::string& hub_id() const { return hub_id_; }
  AnswerSender& answers() { return answers_; }
  WorkerPool& workers() { return workers_; }

  /// Tells the followers on the same database where this leader answers.
  void announce(const std::string& user_address);
  /// Another process leads now.
  bool is_deposed() const { return shared_ != nullptr && shared_->is_deposed(); }

  /// Whether the principal exists; blocks for a turn of the engine.
  core::Result<void> check_principal(const std::string& name);

  /// Ends long polls, streams and questions, so that the listeners can stop in good order.
  void release_waiting();
  /// After the listeners have stopped: drains the engine, writes a snapshot, ends all threads; only
  /// the destructor may follow. False: see log.
  bool close(core::Duration grace);

 private:
  HubBackend(HubStore store, const HubOptions& options, Log& log, FailPoints& fail_points);
  core::Result<void> complete_index();
  core::Result<void> start_engine(const HubOptions& options);
  core::Result<void> open_keys(const HubOptions& options);
  core::Result<void> create_hub(const HubOptions& options);
  core::Result<void> submit_in_one_turn(std::vector<hub::Command> commands);
  void start_peers();
  std::shared_ptr<PeerLinks> find_peers();
  core::Result<std::string> read_body(storage::LogIndex index);
  void sweep_datasets();
  void keep_records();
  core::Result<void> forget_seal_keys(const std::string& folder);

  Log& log_;
  FailPoints& fail_points_;
  const std::unique_ptr<storage::Store> store_;
  storage_postgres::PostgresStore* const shared_;  // store_, if other processes may lead on it.
  std::optional<HubKeys> keys_;
  std::unique_ptr<HubDatasets> datasets_;
  std::string hub_id_;
  const std::uint64_t boot_id_;
  std::string site_address_;
  std::string data_address_;
  bool is_closed_ = false;
  std::atomic<std::uint64_t> commands_{0};
  std::atomic<std::uint64_t> batches_{0};

  Readers readers_;
  AnswerSender answers_;
  Deadlines deadlines_;
  WorkerPool workers_;
  WorkerPool sender_;  // One thread: rows leave in their order.
  JobWatchers watchers_;
  LogWatchers log_watchers_;
  SiteRows rows_;
  SiteAsks asks_;
  LineTraffic lines_;
  PeerData peer_data_{lines_};
  SnapshotThread<hub::HubMachine> snapshots_;
  std::shared_ptr<PeerLinks> peers_;  // Set once the keys are open.
  std::mutex peers_mutex_;
  std::unique_ptr<EngineThread<hub::HubMachine>> engine_;  // Last: it calls the others.
};

}  // namespace intertie::service
