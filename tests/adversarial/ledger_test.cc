// Adversarial tests 29 and 30: money under retries and kills, and amounts at the ends of the range.
#include <map>
#include <memory>
#include <optional>
#include <set>

#include <gtest/gtest.h>

#include "intertie/codec/cbor.h"
#include "intertie/core/random.h"
#include "intertie/engine/engine.h"
#include "intertie/engine/replay.h"
#include "intertie/ledger/totals.h"
#include "intertie/storage/memory_store.h"

namespace intertie::adversarial {
namespace {

using core::Money;
using ledger::Entry;

/// A ledger as a state machine and nothing beside it: what is acknowledged, what replays.
class LedgerMachine {
 public:
  struct Event {
    std::optional<ledger::AccountTerms> opened;
    std::optional<Entry> entry;
  };
  using Command = Event;
  using Reply = bool;  // Whether it was a repeat.

  core::Result<Reply> decide(const Command& command, core::Time, engine::EventSink<Event>& sink) {
    const auto checked = command.opened ? check_open_account(ledger, *command.opened)
                                        : check_entry(ledger, *command.entry);
    if (!checked) return checked.error();
    if (*checked == ledger::Check::repeated) return true;
    sink.emit(command);
    return false;
  }
  bool has_work(core::Time) const { return false; }
  void work(core::Time, engine::EventSink<Event>&) {}
  void apply(const Event& event, engine::RecordPlace) {
    if (event.opened) {
      apply_open_account(ledger, *event.opened);
    } else {
      apply_entry(ledger, *event.entry);
    }
  }
  void index(const Event&, engine::RecordPlace, std::vector<storage::IndexWrite>&) const {}
  static engine::EncodedEvent encode(const Event& event) {
    if (event.opened) return {1, 1, codec::to_cbor(*event.opened)};
    return {2, 1, codec::to_cbor(*event.entry)};
  }
  static core::Result<Event> decode(std::uint16_t kind, std::uint16_t, std::string_view head) {
    Event event;
    if (kind == 1) {
      auto terms = codec::from_cbor<ledger::AccountTerms>(head, codec::Source::own);
      if (!terms) return terms.error();
      event.opened = std::move(*terms);
    } else {
      auto entry = codec::from_cbor<Entry>(head, codec::Source::own);
      if (!entry) return entry.error();
      event.entry = std::move(*entry);
    }
    return event;
  }
  static std::optional<std::uint64_t> subject(const Event&) { return std::nullopt; }
  std::string encode_state() const { return {}; }
  core::Result<void> decode_state(std::string_view) { return {}; }

  ledger::Ledger ledger;
};

class StoreLog final : public engine::LogPort {
 public:
  explicit StoreLog(storage::Store& store) : store_(store) {}
  void start_append(std::shared_ptr<const storage::Batch> batch) override {
    batch_ = std::move(batch);
  }
  std::optional<core::Result<storage::LogPosition>> poll_append() override {
    if (!batch_ || is_stuck) return std::nullopt;
    return store_.append(*std::exchange(batch_, nullptr));
  }
  bool is_stuck = false;

 private:
  storage::Store& store_;
  std::shared_ptr<const storage::Batch> batch_;
};

/// The process: killed at any moment, and started again from its disk.
class Bank {
 public:
  Bank() { start(); }

  void kill(bool keep_unacknowledged) {
    engine_.reset();
    log_.reset();
    machine_.reset();
    store_.reset();
    disk_.crash(keep_unacknowledged);
    start();
  }
  void submit(LedgerMachine::Event event, std::function<void(core::Result<bool>)> done) {
    engine_->submit(std::move(event), std::move(done));
  }
  void poll() { engine_->poll(core::Time{1}); }
  void set_stuck(bool is_stuck) { log_->is_stuck = is_stuck; }
  void settle() {
    for (int turn = 0; turn < 10'000 && !engine_->is_idle(); ++turn) poll();
  }
  const ledger::Ledger& ledger() const { return machine_->ledger; }
  std::unique_ptr<storage::Reader> open_reader() { return store_->open_reader().value(); }

 private:
  void start() {
    store_ = storage::open_memory_store(disk_).value();
    machine_ = std::make_unique<LedgerMachine>();
    const auto reader = store_->open_reader().value();
    const auto snapshots = store_->open_snapshots().value();
    const auto report = engine::replay_store(*machine_, *reader, *snapshots).value();
    log_ = std::make_unique<StoreLog>(*store_);
    engine_ = std::make_unique<engine::Engine<LedgerMachine>>(*machine_, *log_, report.last,
                                                              report.last_time);
  }

  storage::MemoryDisk disk_{storage::Incarnation{1}};
  std::unique_ptr<storage::Store> store_;
  std::unique_ptr<LedgerMachine> machine_;
  std::unique_ptr<StoreLog> log_;
  std::unique_ptr<engine::Engine<LedgerMachine>> engine_;
};

/// Sends a transfer until it has an answer; an answer is for good.
struct Client {
  Entry entry;
  std::optional<bool> done;  // Acknowledged; false: refused.
  std::uint64_t sent = 0;
};

Entry make_transfer(core::Random& random, std::uint64_t id) {
  const auto from = static_cast<std::uint32_t>(random.below(9));
  auto to = static_cast<std::uint32_t>(random.below(9));
  if (to == from) to = (to + 1) % 9;
  const Money amount{random.between(1, 500)};
  return {{7, id}, ledger::Memo::correction, {{{from}, -amount}, {{to}, amount}}};
}

void open_accounts(Bank& bank) {
  for (int i = 0; i < 9; ++i) {
    ledger::AccountTerms terms;
    terms.name = "account " + std::to_string(i);
    terms.may_go_negative = i == 0;  // The bank.
    terms.credit_limit = Money{i == 1 ? 300 : 0};
    bank.submit({terms, {}}, {});
  }
  bank.settle();
}

void check_money(const Bank& bank) {
  const auto dump = dump_ledger(bank.ledger());
  const auto totals = ledger::compute_totals(dump);
  ASSERT_EQ(totals.sum.count, 0);
  ASSERT_TRUE(totals.problems.empty()) << totals.problems.front();
  for (const ledger::Account& account : dump.accounts) {
    if (account.terms.may_go_negative) continue;
    ASSERT_GE(account.balance.count, -account.terms.credit_limit.count) << account.terms.name;
  }
}

// Every acknowledged id stands in the log exactly once, no refused one does, and none twice.
void check_log(Bank& bank, const std::map<std::uint64_t, bool>& verdicts) {
  std::map<std::uint64_t, int> seen;
  const auto reader = bank.open_reader();
  const auto read = reader->read_heads(1, SIZE_MAX, [&](const storage::HeadView& head) {
    if (head.kind == 2) ++seen[LedgerMachine::decode(2, 1, head.head).value().entry->id.low];
    return true;
  });
  ASSERT_TRUE(read.has_value());
  for (const auto& [id, times] : seen) ASSERT_EQ(times, 1) << "id " << id;
  for (const auto& [id, is_done] : verdicts) ASSERT_EQ(seen.contains(id), is_done) << "id " << id;
}

TEST(Adversarial, A29_SixtyFourClientsWithRetriesAndKillsMoveEachAmountOnce) {
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    SCOPED_TRACE(seed);
    core::Random random(seed);
    Bank bank;
    open_accounts(bank);
    std::vector<Client> clients(64);
    std::uint64_t next = 0;
    for (Client& client : clients) client.entry = make_transfer(random, ++next);
    std::map<std::uint64_t, bool> verdicts;
    int kills = 0;
    for (int step = 0; step < 4'000; ++step) {
      Client& client = clients[random.below(clients.size())];
      if (client.done) {
        verdicts[client.entry.id.low] = *client.done;
        client = {make_transfer(random, ++next), {}, 0};
      }
      // Also again while an earlier one is under way.
      ++client.sent;
      bank.submit({{}, client.entry}, [&client, id = client.entry.id](core::Result<bool> answer) {
        if (client.entry.id != id || client.done) return;
        if (answer) client.done = true;
        if (!answer && answer.error().reason == core::Reason::insufficient_funds &&
            client.sent == 1) {
          client.done = false;  // Sent once and refused: nothing of it is under way.
        }
      });
      if (random.chance(1, 3)) bank.poll();
      if (random.chance(1, 20)) bank.set_stuck(random.chance(1, 2));
      if (random.chance(1, 100)) {
        bank.kill(random.chance(1, 2));
        ++kills;
        check_money(bank);
        if (testing::Test::HasFatalFailure()) return;
      }
    }
    bank.set_stuck(false);
    bank.settle();
    bank.kill(false);
    check_money(bank);
    check_log(bank, verdicts);
    EXPECT_GT(kills, 10);
    EXPECT_GT(verdicts.size(), 300u);
  }
}

}  // namespace
}  // namespace intertie::adversarial
