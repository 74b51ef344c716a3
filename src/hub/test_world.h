// A hub with its engine, an in-memory log and hand-driven sites, for tests that read as a story.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "intertie/codec/cbor.h"
#include "intertie/codec/json.h"
#include "intertie/crypto/signature.h"
#include "intertie/engine/engine.h"
#include "intertie/engine/replay.h"
#include "intertie/execution/usage_record.h"
#include "intertie/hub/machine.h"
#include "intertie/hub/submission.h"
#include "intertie/identity/envelope.h"
#include "intertie/measurement/signed_statement.h"
#include "intertie/storage/memory_store.h"

#include "settlement.h"

namespace intertie::hub {

/// Appends at once, unless the test holds it back.
class DirectLog final : public engine::LogPort {
 public:
  explicit DirectLog(storage::Store& store) : store_(store) {}
  void start_append(std::shared_ptr<const storage::Batch> batch) override {
    batch_ = std::move(batch);
  }
  std::optional<core::Result<storage::LogPosition>> poll_append() override {
    if (!batch_ || is_held) return std::nullopt;
    auto outcome = store_.append(*batch_);
    batch_.reset();
    return outcome;
  }
  bool is_held = false;

 private:
  storage::Store& store_;
  std::shared_ptr<const storage::Batch> batch_;
};

class TestWorld {
 public:
  static constexpr core::Time kStart{1'800'000'000'000'000};

  TestWorld() { open(); }

  // Closes the hub and opens it again from its log.
  void restart() {
    engine_.reset();
    machine_.reset();
    log_.reset();
    store_.reset();
    disk_.crash(false);
    open();
  }

  Reply must(Command command) {
    auto reply = ask(std::move(command));
    EXPECT_TRUE(reply.has_value()) << core::to_text(reply.error());
    return std::move(*reply);
  }

  core::Result<Reply> ask(Command command) {
    std::optional<core::Result<Reply>> answer;
    engine_->submit(std::move(command), [&](core::Result<Reply> reply) { answer = reply; });
    settle();
    return answer.value();
  }

  // Runs the engine until it has nothing left to do at this time.
  void settle() {
    for (int turn = 0; turn < 10'000; ++turn) {
      if (!engine_->poll(now) && engine_->is_idle()) return;
    }
    FAIL() << "the engine does not come to rest";
  }

  void advance(core::Duration duration) {
    now = now + duration;
    clock.boot += duration;
    settle();
  }

  void create_hub(std::int64_t fee_per_mille = 10, const std::string& region = "22") {
    must(CreateHub{{region + "R00000000001XX", region, "test", "CNY", "", fee_per_mille}});
    must(CreatePrincipal{"ada", Role::user, 0, {}});
    must(CreatePrincipal{"plant", Role::provider, 0, {}});
    must(CreatePrincipal{"root", Role::operator_, 0, {}});
    must(Deposit{{1, 1}, "ada", core::Money{1'000'000'000}});
  }

  struct TestSite {
    std::uint32_t handle = 0;
    std::string identifier;
    crypto::KeyPair key;
    engine::Outbox outbox;
    std::uint64_t seen = 0;  // Last row of the hub that was read.
  };

  static topology::Pool make_pool(std::int64_t cores) {
    topology::Pool pool;
    pool.name = "cpu";
    pool.region = "22";
    pool.cpus_per_node = core::MilliCpus{cores * 1000};
    pool.memory_per_node = core::Bytes{16LL << 30};
    pool.nodes = {{"n0", true}};
    pool.isolation = topology::Isolation::namespace_;
    pool.network = topology::Network::gang;
    pool.price = {core::Money{3'600'000}, core::Money{}, core::Money{}, {}};  // 1 micro a cpu-ms.
    return pool;
  }

  std::unique_ptr<TestSite> join(const std::string& name, topology::Pool pool,
                                 std::string seal_key = {}) {
    auto site = std::make_unique<TestSite>(
        TestSite{0,
                 machine().state().facts.region + "S" + name,
                 crypto::KeyPair::from_seed(std::vector<std::uint8_t>(32, std::uint8_t(name[0]))),
                 {},
                 0});
    JoinSite command;
    command.site.name = name;
    command.site.identifier = site->identifier;
    command.site.region = machine().state().facts.region;
    command.site.operator_account = "plant";
    pool.identifier = machine().state().facts.region + "P" + name;
    command.pools = {std::move(pool)};
    command.sign_key = crypto::to_text(site->key.public_key());
    command.nonce = "nonce-" + name;
    command.seal_key = std::move(seal_key);
    site->handle = std::get<Joined>(must(std::move(command))).site;
    EXPECT_TRUE(open_channel(*site).has_value());
    return site;
  }

  core::Result<Reply> open_channel(TestSite& site) {
    return ask(
        OpenSiteChannel{site.handle,
                        {"inc-" + site.identifier, site.outbox.last_number(),
                         crypto::to_text(site.outbox.last_hash()), inbox_[site.handle].received,
                         crypto::to_text(inbox_[site.handle].hash)}});
  }

  void measure(TestSite& site, core::Duration valid = core::hours(24)) {
    measurement::Statement statement;
    statement.subject = site.identifier;
    statement.record_hash = "sha256:0";
    statement.method = measurement::kMethod;
    statement.method_version = measurement::kMethodVersion;
    statement.started = now - core::seconds(10);
    statement.ended = now;
    statement.expires = now + valid;
    statement.machine.usable_cpus = core::MilliCpus{1000};
    statement.machine.cores = statement.machine.hardware_threads = statement.machine.packages = 1;
    statement.machine.memory = statement.machine.usable_memory = core::Bytes{1 << 30};
    measurement::Figure figure;
    figure.what = measurement::Measure::fp64;
    figure.kernel = "test";
    figure.repeats = 5;
    figure.per_cpu_second = figure.wall_clock = {1'000'000'000, 900'000'000, 1'100'000'000};
    figure.cpu_per_wall_permille = 1000;
    figure.peak = 2'000'000'000;
    figure.peak_kernel = "test";
    statement.figures = {figure};
    auto signed_statement = measurement::sign_statement(statement, site.key);
    ASSERT_TRUE(signed_statement.has_value()) << core::to_text(signed_statement.error());
    say(site, execution::StatementReport{0, signed_statement->envelope});
  }

  // The site sends one message and acknowledges all it has read.
  RowsAccepted say(TestSite& site, const execution::SiteMessage& message) {
    const std::string payload = codec::to_cbor(message);
    const std::uint64_t number = site.outbox.push(payload, 0, 0);
    const auto reply = must(
        AcceptSiteRows{site.handle, "inc-" + site.identifier, number, {payload}, site.seen, clock});
    return std::get<RowsAccepted>(reply);
  }

  // The rows that the site has not read yet.
  std::vector<execution::HubMessage> read_rows(TestSite& site) {
    std::vector<execution::HubMessage> messages;
    for (const engine::ChannelRow* row : machine().state().sites[site.handle].outbox.find_rows(
             site.seen, engine_->durable_index(), 1000)) {
      messages.push_back(codec::from_cbor<execution::HubMessage>(row->payload).value());
      inbox_[site.handle].accept(row->number, row->payload);
      site.seen = row->number;
    }
    return messages;
  }

  void beat(TestSite& site) { must(BeatSite{site.handle, {}, clock}); }

  static JobDocument make_document(std::int64_t cpus = 1) {
    JobDocument document;
    document.run = {"true"};
    document.need.cpus = core::MilliCpus{cpus * 1000};
    document.need.memory = core::Bytes{1 << 20};
    document.timeout = core::minutes(10);
    return document;
  }

  core::Result<SubmittedJob> submit(const JobDocument& document, std::string_view key = {}) {
    auto submission = prepare_submission(
        document, key.empty() ? std::nullopt : std::optional<std::string_view>(key));
    if (!submission) return submission.error();
    return std::get<Submitted>(must(SubmitJobs{0, {std::move(*submission)}})).jobs.front();
  }

  std::string make_usage(const TestSite& site, const execution::StartAttempt& start,
                         core::Time from, core::Time to, std::uint32_t number = 1,
                         bool is_last = true) const {
    execution::UsageRecord record;
    record.site = site.identifier;
    record.pool = "cpu";
    record.key = {start.job, start.attempt, 0};
    record.number = number;
    record.from = from;
    record.to = to;
    for (const execution::TaskSlot& slot : start.slots) {
      record.reserved.cpus += slot.cpus;
      record.reserved.memory += slot.memory;
      record.reserved.devices += static_cast<std::int64_t>(slot.devices.size());
    }
    record.is_last = is_last;
    return identity::seal_envelope(execution::kUsagePayloadType, codec::to_json(record), site.key)
        .value();
  }

  // Plays one attempt at the site from start to end.
  void run(TestSite& site, const execution::StartAttempt& start, core::Duration length,
           std::int32_t exit_code = 0) {
    const core::Time began = now;
    say(site, execution::AttemptStarted{start.job, start.attempt, began});
    advance(length);
    say(site,
        execution::UsageReport{start.job, start.attempt, make_usage(site, start, began, now)});
    execution::AttemptEnded ended{start.job, start.attempt, now, {}, "", {{0, exit_code, 0}}, {}};
    if (exit_code != 0) ended.failure = core::Reason::exited_nonzero;
    say(site, ended);
  }

  core::Money balance(const std::string& account) {
    return machine().state().ledger.find_account(account)->balance;
  }

  std::uint64_t durable() const { return engine_->durable_index(); }
  HubMachine& machine() { return *machine_; }
  DirectLog& log() { return *log_; }
  storage::Store& store() { return *store_; }

  core::Time now = kStart;
  HubClock clock{core::hours(1), 1};  // Steps of `now` leave it alone.

 private:
  void open() {
    store_ = storage::open_memory_store(disk_).value();
    machine_ = std::make_unique<HubMachine>();
    auto reader = store_->open_reader().value();
    auto snapshots = store_->open_snapshots().value();
    auto report = engine::replay_store(*machine_, *reader, *snapshots);
    ASSERT_TRUE(report.has_value()) << core::to_text(report.error());
    machine_->note_clock(clock);
    machine_->start(now);
    log_ = std::make_unique<DirectLog>(*store_);
    engine_ = std::make_unique<engine::Engine<HubMachine>>(*machine_, *log_, report->last,
                                                           report->last_time);
  }

  storage::MemoryDisk disk_{storage::Incarnation{1}};
  std::unique_ptr<storage::Store> store_;
  std::unique_ptr<HubMachine> machine_;
  std::unique_ptr<DirectLog> log_;
  std::unique_ptr<engine::Engine<HubMachine>> engine_;
  std::map<std::uint32_t, engine::Inbox> inbox_;
};

}  // namespace intertie::hub
