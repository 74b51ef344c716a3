// Conformance under random steps: the store against a plain model.
#include <algorithm>
#include <map>
#include <utility>

#include "intertie/core/random.h"

#include "case_kit.h"
#include "case_list.h"

namespace intertie::storage::conformance {
namespace {

using Key = std::pair<TableId, std::string>;

// What the store must hold, in the plainest possible form.
struct Model {
  std::vector<Record> records;
  std::vector<bool> is_erased;
  std::map<Key, std::string> index;

  void apply(const Batch& batch) {
    for (const Record& record : batch.records) {
      records.push_back(record);
      is_erased.push_back(false);
    }
    for (const IndexWrite& write : batch.writes) {
      index.erase({write.table, write.key});
      if (write.value.has_value()) index.emplace(Key{write.table, write.key}, *write.value);
    }
  }
};

class RandomSteps {
 public:
  RandomSteps(StoreHost& host, std::uint64_t seed) : host_(host), random_(seed) {}

  std::string run(int steps) {
    reopen();
    for (int i = 0; i < steps && store_ != nullptr; ++i) {
      step();
      if (i % 100 == 99) compare_all();
    }
    if (store_ != nullptr) compare_all();
    const std::string findings = findings_.take();
    return findings.empty() ? findings : findings + "seed of the random steps: 1\n";
  }

 private:
  void step() {
    const std::uint64_t die = random_.below(100);
    if (die < 45) {
      append();
    } else if (die < 55) {
      erase_body();
    } else if (die < 75) {
      compare_scan();
    } else if (die < 90) {
      compare_record();
    } else if (die < 95) {
      rebuild_index();
    } else {
      reopen();
    }
  }

  void reopen() {
    reader_.reset();
    store_.reset();
    store_ = open(host_, findings_, [this](FailPoint) -> core::Result<void> {
      if (!random_.chance(fails_in_100_, 100)) return {};
      return {core::Reason::store_unavailable, "injected"};
    });
    if (store_ == nullptr) return;
    findings_.expect(store_->last().index == model_.records.size(), "last index after opening");
    open_reader();
  }

  void open_reader() {
    reader_ = findings_.need(store_->open_reader(), "open_reader");
    if (reader_ == nullptr) store_.reset();
  }

  std::string make_key() {
    std::string key(1 + random_.below(3), 'a');
    for (char& c : key) c = "ab\xff\x01"[random_.below(4)];
    return key;
  }

  Batch make_random_batch() {
    Batch batch;
    const std::uint64_t count = 1 + random_.below(random_.chance(1, 20) ? 200 : 5);
    for (std::uint64_t i = 0; i < count; ++i) {
      Record record = make_record(model_.records.size() + 1 + i);
      record.head.resize(random_.below(400), static_cast<char>(random_.below(256)));
      record.body.resize(random_.chance(1, 2) ? 0 : random_.below(20'000), 'b');
      batch.records.push_back(std::move(record));
    }
    for (std::uint64_t i = random_.below(12); i > 0; --i) {
      const auto table = static_cast<TableId>(random_.below(3));
      const bool is_put = random_.chance(2, 3);
      batch.writes.push_back(is_put ? put(table, make_key(), std::to_string(random_.next()))
                                    : storage::erase(table, make_key()));
    }
    return batch;
  }

  // Until it succeeds, as the engine does, with failures on the way.
  void append() {
    const Batch batch = make_random_batch();
    fails_in_100_ = random_.chance(1, 5) ? 40 : 0;
    core::Result<LogPosition> appended = store_->append(batch);
    for (int tries = 0; !appended.has_value() && tries < 100; ++tries) {
      appended = store_->append(batch);
    }
    fails_in_100_ = 0;
    const LogPosition last = findings_.need(std::move(appended), "append in the end");
    model_.apply(batch);
    findings_.expect(last.index == model_.records.size(), "index after append");
  }

  void erase_body() {
    if (model_.records.empty()) return;
    const LogIndex index = 1 + random_.below(model_.records.size());
    findings_.need(store_->erase_body(index), "erase_body");
    if (!model_.records[index - 1].body.empty()) model_.is_erased[index - 1] = true;
  }

  void rebuild_index() {
    findings_.need(store_->clear_index(), "clear_index");
    std::vector<IndexWrite> writes;
    for (const auto& [key, value] : model_.index)
      writes.push_back(put(key.first, key.second, value));
    random_.shuffle(writes);
    findings_.need(store_->extend_index(writes, model_.records.size()), "extend_index");
  }

  void compare_scan() {
    Scan scan;
    scan.table = static_cast<TableId>(random_.below(3));
    if (random_.chance(1, 2)) scan.prefix = make_key();
    if (random_.chance(1, 2)) scan.after_key = make_key();
    scan.limit = 1 + random_.below(30);
    if (random_.chance(1, 2)) scan.direction = Direction::descending;
    const bool is_up = scan.direction == Direction::ascending;
    std::vector<IndexRow> expected;
    for (const auto& [key, value] : model_.index) {
      const std::string& name = key.second;
      const bool is_after =
          !scan.after_key || (is_up ? name > *scan.after_key : name < *scan.after_key);
      if (key.first == scan.table && name.starts_with(scan.prefix) && is_after) {
        expected.push_back({name, value});
      }
    }
    if (!is_up) std::reverse(expected.begin(), expected.end());
    if (expected.size() > scan.limit) expected.resize(scan.limit);
    findings_.expect(findings_.need(reader_->scan_index(scan), "scan") == expected, "scan");
  }

  void compare_record() {
    if (model_.records.empty()) return;
    const LogIndex index = 1 + random_.below(model_.records.size());
    const Record& record = model_.records[index - 1];
    const auto visited = reader_->read_heads(index, 1, [&](const HeadView& head) {
      findings_.expect(head.index == index && head.head == record.head &&
                           head.time == record.time && head.kind == record.kind &&
                           head.version == record.version,
                       "record " + std::to_string(index));
      return true;
    });
    findings_.expect(findings_.need(visited, "read_heads") == 1, "one record");
    const BodyState state = record.body.empty()           ? BodyState::none
                            : model_.is_erased[index - 1] ? BodyState::erased
                                                          : BodyState::present;
    const Body expected{state, state == BodyState::present ? record.body : std::string()};
    findings_.expect(findings_.need(reader_->read_body(index), "read_body") == expected, "body");
  }

  void compare_all() {
    const std::vector<ReadRecord> log = read_log(*store_, findings_);
    findings_.expect(log.size() == model_.records.size(), "the log's length");
    const VerifyReport report = verify(*store_, findings_);
    findings_.expect(report.is_sound(), "sound");
    const auto erased = std::count(model_.is_erased.begin(), model_.is_erased.end(), true);
    findings_.expect(report.bodies_erased == static_cast<std::uint64_t>(erased), "erased bodies");
    for (TableId table = 0; table < 3; ++table) {
      std::vector<IndexRow> expected;
      for (const auto& [key, value] : model_.index) {
        if (key.first == table) expected.push_back({key.second, value});
      }
      findings_.expect(
          findings_.need(reader_->scan_index({table, "", {}, 999, {}}), "scan") == expected,
          "whole table " + std::to_string(table));
    }
  }

  StoreHost& host_;
  core::Random random_;
  Findings findings_;
  Model model_;
  std::uint64_t fails_in_100_ = 0;
  std::unique_ptr<Store> store_;
  std::unique_ptr<Reader> reader_;  // Destroyed before the store.
};

}  // namespace

std::string run_random_steps(StoreHost& host) { return RandomSteps(host, 1).run(1'000); }

}  // namespace intertie::storage::conformance
