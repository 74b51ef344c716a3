// A site's agent, driven by hand: its engine on a log in memory, no clock, no processes.
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "intertie/agent/machine.h"
#include "intertie/codec/cbor.h"
#include "intertie/codec/json.h"
#include "intertie/core/limits.h"
#include "intertie/core/random.h"
#include "intertie/engine/engine.h"
#include "intertie/engine/replay.h"
#include "intertie/execution/usage_record.h"
#include "intertie/identity/envelope.h"
#include "intertie/storage/memory_store.h"

namespace intertie::agent {
namespace {

using core::Reason;
using execution::TaskEnd;
using Kind = Action::Kind;

class DirectLog final : public engine::LogPort {
 public:
  explicit DirectLog(storage::Store& store) : store_(store) {}
  void start_append(std::shared_ptr<const storage::Batch> batch) override {
    batch_ = std::move(batch);
  }
  std::optional<core::Result<storage::LogPosition>> poll_append() override {
    if (!batch_) return std::nullopt;
    auto outcome = store_.append(*batch_);
    batch_.reset();
    return outcome;
  }

 private:
  storage::Store& store_;
  std::shared_ptr<const storage::Batch> batch_;
};

class AgentTest : public testing::Test {
 protected:
  static constexpr core::Time kStart{1'800'000'000'000'000};
  static constexpr core::Time kBoot{5'000'000};  // The machine was started five seconds ago.
  core::Time boot_ = kBoot;                      // Goes on with advance(), whatever now_ does.
  std::optional<core::Time> began_boot_;

  void SetUp() override {
    open();
    must(CreateSite{{"90S0000100000AXX", {"cpu"}}});
  }

  void open() {
    store_ = storage::open_memory_store(*disk_).value();
    auto reader = store_->open_reader().value();
    auto snapshots = store_->open_snapshots().value();
    machine_ = std::make_unique<AgentMachine>(key_);
    const auto report = engine::replay_store(*machine_, *reader, *snapshots).value();
    log_ = std::make_unique<DirectLog>(*store_);
    engine_ = std::make_unique<engine::Engine<AgentMachine>>(*machine_, *log_, report.last,
                                                             report.last_time);
  }

  // The agent is killed and started again.
  void restart() {
    const std::string before = machine_->encode_state();
    engine_.reset();
    log_.reset();
    machine_.reset();
    store_.reset();
    disk_->crash(false);
    open();
    EXPECT_EQ(machine_->encode_state(), before);
  }

  core::Result<Reply> ask(Command command) {
    std::optional<core::Result<Reply>> answer;
    engine_->submit(std::move(command), [&](core::Result<Reply> reply) { answer = reply; });
    settle();
    return answer.value();
  }
  void must(Command command) {
    const auto reply = ask(std::move(command));
    ASSERT_TRUE(reply.has_value()) << core::to_text(reply.error());
  }
  void settle() {
    for (int turn = 0; turn < 1'000; ++turn) {
      if (!engine_->poll(now_) && engine_->is_idle()) return;
    }
    FAIL() << "the engine does not come to rest";
  }
  void advance(core::Duration duration) {
    now_ = now_ + duration;
    boot_ = boot_ + duration;
    settle();
  }

  void send(const execution::HubMessage& message) {
    const std::uint64_t number = hub_.push(codec::to_cbor(message), 0, 0);
    must(AcceptHubRows{{{number, hub_.rows().back().payload, "{}"}}});
  }
  void order(std::uint64_t job, std::uint32_t ranks = 1) {
    execution::StartAttempt order;
    order.job = job;
    order.attempt = 1;
    for (std::uint32_t rank = 0; rank < ranks; ++rank) {
      order.slots.push_back({rank, 0, core::MilliCpus{1'500}, core::Bytes{1 << 20}, {rank}});
    }
    order.time_limit = core::hours(1);
    send(order);
  }
  void stop(std::uint64_t job) { send(execution::StopAttempt{job, 1, Reason::cancelled_by_user}); }

  void begin(std::uint64_t job, std::uint32_t ranks = 1) {
    order(job, ranks);
    must(ReportStaged{job, 1});
    for (std::uint32_t rank = 0; rank < ranks; ++rank) {
      must(ReportRankStarted{{job, 1, rank}, now_});
    }
  }
  void end(std::uint64_t job, std::uint32_t rank, TaskEnd how = TaskEnd::exited, int code = 0) {
    execution::TaskResult result;
    result.key = {job, 1, rank};
    result.end = how;
    result.exit_code = code;
    if (how != TaskEnd::start_failed) {
      result.started = began_.value_or(now_);
      result.ended = now_;
      result.started_boottime =
          core::Duration{began_boot_.value_or(boot_ - (result.ended - result.started)).micros};
      result.ended_boottime = core::Duration{boot_.micros};
      result.measured.cpu_user = core::seconds(3);
    }
    must(ReportRankEnded{result});
  }

  std::vector<Kind> find_kinds(core::Time boot_now = kBoot) const {
    std::vector<Kind> kinds;
    for (const Action& action : machine_->find_actions(boot_now)) kinds.push_back(action.kind);
    return kinds;
  }

  // Everything the hub was ever told and has not acknowledged.
  std::vector<execution::SiteMessage> read_messages() const {
    std::vector<execution::SiteMessage> messages;
    for (const engine::ChannelRow& row : machine_->state().outbox.rows()) {
      messages.push_back(codec::from_cbor<execution::SiteMessage>(row.payload).value());
    }
    return messages;
  }
  template <class Message>
  std::vector<Message> find() const {
    std::vector<Message> found;
    for (const execution::SiteMessage& each : read_messages()) {
      if (const auto* message = std::get_if<Message>(&each)) found.push_back(*message);
    }
    return found;
  }
  std::vector<execution::UsageRecord> read_usage() const {
    std::vector<execution::UsageRecord> records;
    const crypto::Digest id = crypto::compute_key_digest(key_.public_key());
    for (const execution::UsageReport& report : find<execution::UsageReport>()) {
      const auto opened = identity::open_envelope(
          report.envelope, execution::kUsagePayloadType, [&](const crypto::Digest& asked) {
            return asked == id ? std::optional(key_.public_key()) : std::nullopt;
          });
      EXPECT_TRUE(opened.has_value());
      records.push_back(
          codec::from_json<execution::UsageRecord>(opened->payload, codec::Boundary::strict)
              .value());
    }
    return records;
  }

  crypto::KeyPair key_ = crypto::KeyPair::from_seed(std::vector<std::uint8_t>(32, 7));
  std::unique_ptr<storage::MemoryDisk> disk_ =
      std::make_unique<storage::MemoryDisk>(storage::Incarnation{1});
  std::unique_ptr<storage::Store> store_;
  std::unique_ptr<AgentMachine> machine_;
  std::unique_ptr<DirectLog> log_;
  std::unique_ptr<engine::Engine<AgentMachine>> engine_;
  engine::Outbox hub_;
  core::Time now_ = kStart;
  std::optional<core::Time> began_;
};

TEST_F(AgentTest, AnOrderBecomesStagingStartEndUsageAndReport) {
  order(1);
  EXPECT_EQ(find_kinds(), std::vector{Kind::stage});
  must(ReportStaged{1, 1});
  must(NoteHubAnswer{kBoot});
  EXPECT_EQ(find_kinds(), std::vector{Kind::start});
  must(ReportRankStarted{{1, 1, 0}, now_});
  EXPECT_TRUE(find_kinds().empty());
  ASSERT_EQ(find<execution::AttemptStarted>().size(), 1u);
  EXPECT_EQ(find<execution::AttemptStarted>()[0].at, kStart);
  began_ = now_;
  advance(core::seconds(90));
  end(1, 0);
  EXPECT_EQ(find_kinds(), std::vector{Kind::collect});
  must(ReportCollected{1, 1, {{"a", "sha256:00", core::Bytes{4}}}, ""});
  EXPECT_TRUE(find_kinds().empty());

  const auto usage = read_usage();
  ASSERT_EQ(usage.size(), 1u);
  EXPECT_EQ(usage[0].site, "90S0000100000AXX");
  EXPECT_EQ(usage[0].pool, "cpu");
  EXPECT_EQ(usage[0].from, kStart);
  EXPECT_EQ(usage[0].to, kStart + core::seconds(90));
  EXPECT_EQ(usage[0].reserved, (execution::ReservedUse{{1'500}, {1 << 20}, 1}));
  EXPECT_EQ(usage[0].measured.cpu_user, core::seconds(3));
  EXPECT_TRUE(usage[0].is_last);
  const auto ended = find<execution::AttemptEnded>();
  ASSERT_EQ(ended.size(), 1u);
  EXPECT_FALSE(ended[0].failure.has_value());
  EXPECT_EQ(ended[0].outputs.size(), 1u);
  // The last usage record goes before the end.
  EXPECT_TRUE(std::holds_alternative<execution::AttemptEnded>(read_messages().back()));
  send(execution::ForgetAttempt{1, 1});
  EXPECT_TRUE(machine_->state().attempts.empty());
}

TEST_F(AgentTest, NothingStartsWithoutAFreshAnswerOfTheHub) {
  order(1);
  must(ReportStaged{1, 1});
  EXPECT_TRUE(find_kinds(core::Time{0}).empty());  // Not even right after the machine's start.
  EXPECT_TRUE(find_kinds(kBoot).empty());
  must(NoteHubAnswer{kBoot});
  const core::Duration fresh = core::limits::site_lost_after - core::limits::clock_margin;
  EXPECT_EQ(find_kinds(kBoot + fresh - core::milliseconds(1)), std::vector{Kind::start});
  EXPECT_TRUE(find_kinds(kBoot + fresh).empty());
  must(NoteHubAnswer{kBoot - core::seconds(60)});  // A late answer takes nothing back.
  EXPECT_EQ(find_kinds(kBoot), std::vector{Kind::start});
  restart();
  EXPECT_TRUE(find_kinds(kBoot).empty());
}

TEST_F(AgentTest, StopsInEachPhase) {
  order(1);
  stop(1);  // While staging.
  ASSERT_EQ(find<execution::AttemptNotStarted>().size(), 1u);
  EXPECT_EQ(find<execution::AttemptNotStarted>()[0].reason, Reason::cancelled_by_user);
  must(ReportStaged{1, 1});  // The stager was not fast enough.
  EXPECT_TRUE(find_kinds().empty());

  order(2);
  must(ReportStaged{2, 1});
  must(NoteHubAnswer{kBoot});
  stop(2);  // While ready: the runner may have been asked already.
  EXPECT_EQ(find_kinds(), std::vector{Kind::stop});
  must(ReportNotStarted{{2, 1, Reason::start_failed, ""}});
  EXPECT_EQ(find<execution::AttemptNotStarted>().back().reason, Reason::cancelled_by_user);

  begin(3);
  stop(3);  // While running.
  EXPECT_EQ(find_kinds(), std::vector{Kind::stop});
  end(3, 0, TaskEnd::cancelled, 143);
  EXPECT_EQ(find_kinds(), std::vector{Kind::collect});
  stop(3);  // Too late: it is being collected.
  must(ReportCollected{3, 1, {}, "out"});
  EXPECT_EQ(find<execution::AttemptEnded>().back().failure, Reason::cancelled_by_user);
  EXPECT_EQ(read_usage().size(), 1u);
  EXPECT_EQ(machine_->find_running().size(), 0u);
}

TEST_F(AgentTest, AGangFallsWithItsFirstRank) {
  begin(1, 3);
  EXPECT_EQ(find<execution::AttemptStarted>().size(), 1u);
  end(1, 2, TaskEnd::exited, 9);
  EXPECT_EQ(machine_->state().attempts.at({1, 1}).stop, Reason::gang_broken);
  EXPECT_EQ(find_kinds(), std::vector{Kind::stop});
  end(1, 0, TaskEnd::cancelled, 143);
  EXPECT_TRUE(read_usage().empty());  // One rank still runs.
  end(1, 1, TaskEnd::cancelled, 143);
  ASSERT_EQ(read_usage().size(), 1u);
  EXPECT_EQ(read_usage()[0].reserved, (execution::ReservedUse{{4'500}, {3 << 20}, 3}));
  EXPECT_EQ(read_usage()[0].measured.cpu_user, core::seconds(9));
  must(ReportCollected{1, 1, {}, ""});
  const auto ended = find<execution::AttemptEnded>();
  ASSERT_EQ(ended.size(), 1u);
  EXPECT_EQ(ended[0].failure, Reason::exited_nonzero);  // The cause, not its consequences.
  EXPECT_EQ(ended[0].ranks.size(), 3u);
}

TEST_F(AgentTest, AGangStartsWhenItsLastRankDoes) {
  order(1, 2);
  must(ReportStaged{1, 1});
  must(ReportRankStarted{{1, 1, 1}, now_});
  EXPECT_TRUE(find<execution::AttemptStarted>().empty());
  must(ReportRankStarted{{1, 1, 1}, now_});
  EXPECT_TRUE(find<execution::AttemptStarted>().empty());
  must(ReportRankStarted{{1, 1, 0}, now_});
  EXPECT_EQ(find<execution::AttemptStarted>().size(), 1u);
}

TEST_F(AgentTest, WhatNeverRanIsNotBilled) {
  order(1);
  must(ReportStaged{1, 1});
  end(1, 0, TaskEnd::start_failed, 127);
  EXPECT_EQ(find<execution::AttemptNotStarted>().back().reason, Reason::start_failed);
  EXPECT_TRUE(read_usage().empty());

  // Cancelled before its command ran: an end without a start.
  order(2);
  must(ReportStaged{2, 1});
  stop(2);
  execution::TaskResult result;
  result.key = {2, 1, 0};
  result.end = TaskEnd::cancelled;
  must(ReportRankEnded{result});
  EXPECT_EQ(find<execution::AttemptNotStarted>().back().reason, Reason::cancelled_by_user);
  EXPECT_TRUE(read_usage().empty());
  EXPECT_TRUE(find<execution::AttemptEnded>().empty());
}

TEST_F(AgentTest, AnEndSeenBeforeItsStartIsStillBilledFromItsStart) {
  order(1);
  must(ReportStaged{1, 1});
  began_ = now_;
  advance(core::seconds(5));
  end(1, 0);
  ASSERT_EQ(find<execution::AttemptStarted>().size(), 1u);
  EXPECT_EQ(find<execution::AttemptStarted>()[0].at, kStart);
  ASSERT_EQ(read_usage().size(), 1u);
  EXPECT_EQ(read_usage()[0].from, kStart);
}

TEST_F(AgentTest, UsageRecordsFollowWithoutGaps) {
  const auto note = [this] {
    must(NoteMeasured{{1, 1, 0}, {core::seconds(1), {}, {}, {}, {}, {}, {}}, boot_});
  };
  begin(1);
  began_ = now_;
  began_boot_ = boot_;
  note();
  advance(core::limits::usage_interval - core::seconds(1));
  note();
  EXPECT_TRUE(read_usage().empty());
  advance(core::seconds(2));
  note();
  ASSERT_EQ(read_usage().size(), 1u);
  EXPECT_EQ(read_usage()[0].to - kStart, core::limits::usage_interval + core::seconds(1));
  restart();
  advance(core::seconds(5));
  note();  // From here on it is measured again; what was before is in the last record.
  advance(core::limits::usage_interval);
  note();
  advance(core::limits::usage_interval);
  note();
  advance(core::seconds(7));
  end(1, 0);
  const auto usage = read_usage();
  ASSERT_EQ(usage.size(), 4u);
  EXPECT_EQ(usage[0].measured.cpu_user, core::seconds(1));
  EXPECT_EQ(usage[3].measured.cpu_user, core::seconds(2));  // Three in all.
  EXPECT_EQ(usage[3].to - usage[3].from, core::seconds(12));
  for (std::size_t i = 1; i < usage.size(); ++i) {
    EXPECT_TRUE(execution::check_follows(usage[i - 1], usage[i]).has_value()) << i;
  }
  EXPECT_EQ(usage.back().to, now_);
  EXPECT_TRUE(usage.back().is_last);
}

TEST_F(AgentTest, AStepOfItsClockBillsNothing) {
  for (const core::Duration step : {core::hours(3), -core::hours(3)}) {
    const std::uint64_t job = step > core::Duration{} ? 1 : 2;
    began_.reset();
    began_boot_.reset();
    begin(job);
    began_ = now_;
    began_boot_ = boot_;
    const std::size_t before = read_usage().size();
    must(NoteMeasured{{job, 1, 0}, {}, boot_});
    now_ = now_ + step;
    advance(core::limits::usage_interval);
    must(NoteMeasured{{job, 1, 0}, {}, boot_});
    advance(core::minutes(2));
    end(job, 0);
    const auto usage = read_usage();
    ASSERT_EQ(usage.size(), before + 2);
    EXPECT_EQ(usage.back().to - usage[before].from,
              core::limits::usage_interval + core::minutes(2));
  }
}

TEST_F(AgentTest, ForgettingEndsWhatRunsAndThenItsMemory) {
  begin(1);
  send(execution::ForgetAttempt{1, 1});
  EXPECT_EQ(find_kinds(), std::vector{Kind::stop});
  EXPECT_EQ(machine_->find_running().size(), 1u);  // It may still run: the hub must know.
  end(1, 0, TaskEnd::cancelled, 143);
  must(ReportCollected{1, 1, {}, ""});
  EXPECT_TRUE(machine_->state().attempts.empty());

  order(2);
  send(execution::ForgetAttempt{2, 1});  // While staging: nothing has to be stopped.
  EXPECT_TRUE(machine_->state().attempts.empty());
  EXPECT_EQ(ask(ReportStaged{2, 1}).error().reason, Reason::not_found);
}

TEST_F(AgentTest, StoppingWhatAnOlderJournalHasForgottenIsAnswered) {
  send(execution::StopAttempt{7, 1, Reason::cancelled_by_user});
  const auto messages = read_messages();
  ASSERT_EQ(messages.size(), 1u);
  const auto& refusal = std::get<execution::AttemptNotStarted>(messages[0]);
  EXPECT_EQ(refusal.job, 7u);
  EXPECT_EQ(refusal.reason, Reason::cancelled_by_user);
  EXPECT_TRUE(machine_->state().attempts.empty());
}

TEST_F(AgentTest, HubRowsAreTakenOnceAndInOrder) {
  order(1);
  const std::string repeated = hub_.rows().front().payload;
  must(AcceptHubRows{{{1, repeated, "{}"}}});
  EXPECT_EQ(machine_->state().attempts.size(), 1u);
  const auto early = ask(AcceptHubRows{{{9, repeated, "{}"}}});
  EXPECT_EQ(std::get<HubRowsTaken>(*early).received, 1u);
  // What makes no sense is acknowledged, so that it blocks nothing behind it.
  hub_.push("no message", 0, 0);
  const auto odd = ask(AcceptHubRows{{{2, "no message", ""}}});
  EXPECT_EQ(std::get<HubRowsTaken>(*odd).received, 2u);
  EXPECT_EQ(machine_->state().inbox.hash, hub_.last_hash());
  order(2);
  EXPECT_EQ(machine_->state().attempts.size(), 2u);
}

TEST_F(AgentTest, RowsGoWhenTheHubHasThem) {
  begin(1);
  must(AddStatement{{0, std::string(20'000, 's')}});  // Longer than most heads.
  const std::uint64_t last = machine_->state().outbox.last_number();
  ASSERT_EQ(last, 2u);
  must(AcknowledgeRows{1});
  EXPECT_EQ(machine_->state().outbox.size(), 1u);
  must(AcknowledgeRows{1});
  EXPECT_EQ(ask(AcknowledgeRows{3}).error().reason, Reason::channel_diverged);
  restart();
  EXPECT_EQ(machine_->state().outbox.last_number(), last);
}

TEST_F(AgentTest, ASnapshotIsTheStateItself) {
  begin(1, 2);
  end(1, 0, TaskEnd::exited, 3);
  must(NoteMeasured{{1, 1, 1}, {}, boot_});
  order(2);
  AgentMachine copy(key_);
  ASSERT_TRUE(copy.decode_state(machine_->encode_state()).has_value());
  EXPECT_EQ(copy.encode_state(), machine_->encode_state());
  // Rows are bytes: their hashes must come out the same on the other side.
  EXPECT_EQ(copy.state().outbox.last_hash(), machine_->state().outbox.last_hash());
  EXPECT_EQ(copy.state().outbox.rows().front().payload,
            machine_->state().outbox.rows().front().payload);
}

// Random histories: whatever happens in whatever order, each attempt is reported over at most
// once, usage follows without gaps and stops before the end, and a replay gives the same state.
TEST_F(AgentTest, RandomHistoriesKeepTheRules) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE(seed);
    engine_.reset();
    store_.reset();
    disk_ = std::make_unique<storage::MemoryDisk>(storage::Incarnation{1});
    hub_ = {};
    open();
    must(CreateSite{{"90S0000100000AXX", {"cpu"}}});
    core::Random random(seed);
    const auto pick = [&](std::uint64_t bound) { return random.below(bound); };
    for (int step = 0; step < 120; ++step) {
      const std::uint64_t job = 1 + pick(4);
      const auto rank = static_cast<std::uint32_t>(pick(2));
      const auto ignore = [](const core::Result<Reply>&) {};
      switch (pick(9)) {
        case 0:
          order(job, 2);
          break;
        case 1:  // A hub stops only what it has started.
          if (machine_->state().attempts.contains({job, 1})) stop(job);
          break;
        case 2:
          ignore(ask(ReportStaged{job, 1}));
          break;
        case 3:
          ignore(ask(ReportRankStarted{{job, 1, rank}, now_}));
          break;
        case 4:
          ignore(ask(ReportCollected{job, 1, {}, ""}));
          break;
        case 5:
          advance(core::minutes(static_cast<std::int64_t>(pick(25))));
          break;
        case 6:
          restart();
          break;
        default: {
          execution::TaskResult result;
          result.key = {job, 1, rank};
          result.end = pick(2) == 0 ? TaskEnd::exited : TaskEnd::lost;
          result.started = now_ - core::seconds(1);
          result.ended = now_;
          ignore(ask(ReportRankEnded{result}));
        }
      }
    }
    for (std::uint64_t job = 1; job <= 4; ++job) {
      std::optional<execution::UsageRecord> previous;
      int ends = 0;
      for (const execution::SiteMessage& each : read_messages()) {
        if (const auto* end = std::get_if<execution::AttemptEnded>(&each)) ends += end->job == job;
        if (const auto* no = std::get_if<execution::AttemptNotStarted>(&each))
          ends += no->job == job;
      }
      EXPECT_LE(ends, 1);
      for (const execution::UsageRecord& record : read_usage()) {
        if (record.key.job != job) continue;
        if (previous) {
          EXPECT_TRUE(execution::check_follows(*previous, record).has_value());
        }
        previous = record;
      }
    }
  }
}

}  // namespace
}  // namespace intertie::agent
