// Conformance of the log: order, atomicity, bodies, damage.
#include <algorithm>
#include <array>
#include <atomic>
#include <thread>

#include "intertie/core/limits.h"

#include "case_kit.h"
#include "case_list.h"

namespace intertie::storage::conformance {

std::string run_new_store(StoreHost& host) {
  Findings findings;
  auto store = open(host, findings);
  if (store == nullptr) return findings.take();
  const Incarnation incarnation = store->incarnation();
  const LogPosition genesis{0, chain_genesis(incarnation)};
  findings.expect(store->last() == genesis, "an empty log ends at the genesis");
  findings.expect(read_log(*store, findings).empty(), "a new log is empty");
  const auto reader = findings.need(store->open_reader(), "open_reader");
  findings.expect(findings.need(reader->read_last(), "read_last") == genesis, "read_last");
  findings.expect(findings.need(reader->read_chain_at(0), "chain 0") == genesis.chain, "chain 0");
  findings.expect_refusal(reader->read_chain_at(1), core::Reason::not_found, "no chain at 1");
  findings.expect_refusal(reader->read_body(1), core::Reason::not_found, "no body 1");
  findings.expect_refusal(reader->read_body(0), core::Reason::not_found, "no body 0");
  findings.expect(findings.need(reader->read_indexed_up_to(), "indexed") == 0, "indexed up to 0");
  findings.expect_refusal(host.open({}), core::Reason::store_unavailable, "a second writer");
  const VerifyReport report = verify(*store, findings);
  findings.expect(report.is_sound() && report.records == 0, "a new store is sound");
  return findings.take();
}

std::string run_records_come_back(StoreHost& host) {
  Findings findings;
  std::vector<Record> written;
  crypto::Digest chain{};
  Incarnation incarnation{};
  const std::array<std::size_t, 5> counts{1, 3, 1, 40, 5'000};
  for (const std::size_t count : counts) {
    auto store = open(host, findings);  // Reopened for each batch.
    if (store == nullptr) return findings.take();
    if (written.empty()) chain = chain_genesis(incarnation = store->incarnation());
    findings.expect(store->incarnation() == incarnation, "the incarnation stays");
    findings.expect(store->last() == LogPosition{written.size(), chain}, "last() after opening");
    Batch batch = make_batch(written.size() + 1, count);
    batch.records.front().head.clear();  // Heads may be empty,
    batch.records.back().head.assign(core::limits::log_head_bytes_max, '\xfe');  // or large.
    const auto links = chain_batch(chain, batch);
    chain = links.back().chain;
    const auto last = findings.need(store->append(batch), "append");
    written.insert(written.end(), batch.records.begin(), batch.records.end());
    findings.expect(last == LogPosition{written.size(), chain}, "append gives the position");
    findings.expect(store->last() == last, "last() after append");
  }
  auto store = open(host, findings);
  if (store == nullptr) return findings.take();
  const std::vector<ReadRecord> log = read_log(*store, findings);
  if (!findings.expect(log.size() == written.size(), "all records")) return findings.take();
  for (std::size_t i = 0; i < log.size(); ++i) {
    findings.expect(log[i].record == written[i], "record " + std::to_string(i + 1));
  }
  findings.expect(log.back().chain == chain, "the last chain digest");
  const VerifyReport report = verify(*store, findings);
  findings.expect(report.is_sound(), "sound");
  findings.expect(report.records == written.size(), "all records verified");
  const auto bodies = std::count_if(written.begin(), written.end(),
                                    [](const Record& record) { return !record.body.empty(); });
  findings.expect(report.bodies == static_cast<std::uint64_t>(bodies), "all bodies verified");
  return findings.take();
}

std::string run_ranges(StoreHost& host) {
  Findings findings;
  auto store = open_filled(host, 5'000, findings);
  if (store == nullptr) return findings.take();
  const auto reader = findings.need(store->open_reader(), "open_reader");
  struct Range {
    LogIndex from;
    std::size_t limit;
    std::size_t stop_after;  // The visitor refuses more.
    std::size_t expected;
  };
  const std::array<Range, 8> ranges{{{1, 10, 99, 10},
                                     {4'991, 100, 99, 10},
                                     {5'000, 1, 99, 1},
                                     {5'001, 1, 99, 0},
                                     {9'999, 5, 99, 0},
                                     {7, 0, 99, 0},
                                     {1, SIZE_MAX, 4'500, 4'500},
                                     {3, 5, 1, 1}}};
  for (const Range& range : ranges) {
    LogIndex next = range.from;
    bool is_in_order = true;
    const auto visited = reader->read_heads(range.from, range.limit, [&](const HeadView& head) {
      is_in_order = is_in_order && head.index == next++;
      return next - range.from < range.stop_after;
    });
    findings.expect(is_in_order, "heads in order from " + std::to_string(range.from));
    findings.expect(findings.need(visited, "read_heads") == range.expected &&
                        next - range.from == range.expected,
                    "range from " + std::to_string(range.from));
  }
  const std::vector<ReadRecord> log = read_log(*store, findings);
  for (const LogIndex index : {1u, 2u, 4'096u, 4'097u, 5'000u}) {
    findings.expect(findings.need(reader->read_chain_at(index), "chain") == log[index - 1].chain,
                    "read_chain_at " + std::to_string(index));
  }
  return findings.take();
}

std::string run_failed_appends(StoreHost& host) {
  Findings findings;
  for (const bool reopens : {false, true}) {
    for (const FailPoint point : {FailPoint::append_begin, FailPoint::append_before_commit,
                                  FailPoint::append_after_commit}) {
      int failures_left = 0;
      const FailHook hook = [&](FailPoint reached) -> core::Result<void> {
        if (reached != point || failures_left == 0) return {};
        --failures_left;
        return {core::Reason::store_unavailable, "injected"};
      };
      auto store = open(host, findings, hook);
      if (store == nullptr) return findings.take();
      const LogPosition before = store->last();
      const Batch batch = make_batch(before.index + 1, 3);
      const LogPosition after{before.index + 3, chain_batch(before.chain, batch).back().chain};
      failures_left = 2;
      for (int i = 0; i < 2; ++i) {
        const auto refused = store->append(batch);
        // Once it is stored, a repetition confirms it without passing the point again.
        if (refused.has_value() && point == FailPoint::append_after_commit && i == 1) break;
        findings.expect_refusal(refused, core::Reason::store_unavailable, "append fails");
        findings.expect(store->last() == before, "last() does not move");
      }
      failures_left = 0;
      if (reopens) {
        store.reset();
        store = open(host, findings);
        if (store == nullptr) return findings.take();
        const bool is_all_or_nothing = store->last() == before || store->last() == after;
        findings.expect(is_all_or_nothing, "after reopening: all or nothing");
      }
      if (store->last() == before) {
        findings.expect(findings.need(store->append(batch), "repeated") == after, "repeated");
      }
      findings.expect(read_log(*store, findings).size() == after.index, "each record once");
      findings.expect(verify(*store, findings).is_sound(),
                      "sound after " + std::to_string(static_cast<int>(point)));
    }
  }
  return findings.take();
}

std::string run_limits(StoreHost& host) {
  Findings findings;
  auto store = open_filled(host, 3, findings);
  if (store == nullptr) return findings.take();
  namespace limits = core::limits;
  std::array<Batch, 5> batches;
  for (Batch& batch : batches) batch = make_batch(4, 2);
  batches[0].records[1].head.resize(limits::log_head_bytes_max + 1);
  batches[1].records[1].body.resize(limits::log_body_bytes_max + 1);
  batches[2].writes[1].key.resize(limits::index_key_bytes_max + 1);
  batches[3].writes[1].value->resize(limits::index_value_bytes_max + 1);
  batches[4] = make_batch(4, limits::batch_events_max + 1);
  for (const Batch& batch : batches) {
    findings.expect_refusal(store->append(batch), core::Reason::too_large, "over a limit");
  }
  findings.expect(store->last().index == 3, "nothing was written");
  Batch batch = make_batch(4, 2);
  batch.records[0].head.resize(limits::log_head_bytes_max);
  batch.records[1].body.resize(limits::log_body_bytes_max);
  batch.writes[0] = put(9, std::string(limits::index_key_bytes_max, '\xff'), "");
  batch.writes[1].value->resize(limits::index_value_bytes_max);
  findings.need(store->append(batch), "exactly at the limits");
  const auto reader = findings.need(store->open_reader(), "open_reader");
  findings.expect(findings.need(reader->read_body(5), "body").bytes == batch.records[1].body,
                  "the largest body");
  Scan scan;
  scan.table = 9;
  const auto rows = findings.need(reader->scan_index(scan), "scan");
  findings.expect(rows == std::vector<IndexRow>{{batch.writes[0].key, ""}},
                  "the largest key is in reach of a scan");
  return findings.take();
}

std::string run_bodies(StoreHost& host) {
  Findings findings;
  auto store = open_filled(host, 300, findings);
  if (store == nullptr) return findings.take();
  findings.need(store->erase_body(6), "erase");
  findings.need(store->erase_body(6), "erase again");
  findings.need(store->erase_body(180), "erase a large one");
  findings.need(store->erase_body(1), "erase what has no body");
  findings.expect_refusal(store->erase_body(0), core::Reason::not_found, "erase 0");
  findings.expect_refusal(store->erase_body(301), core::Reason::not_found, "erase 301");
  for (const bool is_reopened : {false, true}) {
    if (is_reopened) {
      store.reset();
      store = open(host, findings);
      if (store == nullptr) return findings.take();
    }
    const auto reader = findings.need(store->open_reader(), "open_reader");
    for (LogIndex index = 1; index <= 300; ++index) {
      const Record record = make_record(index);
      Body expected{record.body.empty() ? BodyState::none : BodyState::present, record.body};
      if (index == 6 || index == 180) expected = {BodyState::erased, {}};
      findings.expect(findings.need(reader->read_body(index), "read_body") == expected,
                      "body of record " + std::to_string(index));
    }
    const VerifyReport report = verify(*store, findings);
    findings.expect(report.is_sound(), "an erased body still verifies");
    findings.expect(report.bodies_erased == 2 && report.bodies == 98, "bodies counted");
  }
  return findings.take();
}

std::string run_damage(StoreHost& host) {
  Findings findings;
  {
    const auto store = open_filled(host, 60, findings);
    if (store == nullptr) return findings.take();
    const auto snapshots = findings.need(store->open_snapshots(), "open_snapshots");
    findings.need(snapshots->write_snapshot(make_snapshot(store->last(), "state")), "snapshot");
  }
  struct Flip {
    StoredPart part;
    LogIndex index;
    std::size_t offset;
  };
  const std::array<Flip, 10> flips{{{StoredPart::head, 1, 0},
                                    {StoredPart::head, 30, 6},
                                    {StoredPart::head, 60, 1},
                                    {StoredPart::body, 3, 0},
                                    {StoredPart::body, 33, 900},
                                    {StoredPart::chain, 1, 31},
                                    {StoredPart::chain, 42, 0},
                                    {StoredPart::chain, 59, 16},
                                    {StoredPart::snapshot, 60, 0},
                                    {StoredPart::snapshot, 60, 105}}};
  for (const Flip& flip : flips) {
    const std::string where = "flipped part " + std::to_string(static_cast<int>(flip.part)) +
                              " of " + std::to_string(flip.index);
    host.flip_byte(flip.part, flip.index, flip.offset);
    auto store = open(host, findings);
    if (store == nullptr) return findings.take();
    const VerifyReport report = verify(*store, findings);
    findings.expect(report.first_damaged_index() == flip.index, where + ": the right index");
    findings.expect(report.damages.size() == 1, where + ": one damage");
    findings.expect(report.records == 60, where + ": the walk goes on");
    if (flip.part == StoredPart::head || flip.part == StoredPart::chain) {
      const auto reader = findings.need(store->open_reader(), "open_reader");
      LogIndex visited = 0;
      const auto checked = read_checked_heads(*reader, 1, SIZE_MAX, [&](const HeadView& head) {
        visited = head.index;
        return true;
      });
      findings.expect_refusal(checked, core::Reason::store_damaged, where + ": replay stops");
      findings.expect(visited + 1 == flip.index, where + ": replay stops before it");
    }
    store.reset();
    host.flip_byte(flip.part, flip.index, flip.offset);  // Mended.
  }
  auto store = open(host, findings);
  if (store != nullptr) findings.expect(verify(*store, findings).is_sound(), "mended");
  return findings.take();
}

std::string run_reader_beside_writer(StoreHost& host) {
  Findings findings;
  auto store = open(host, findings);
  if (store == nullptr) return findings.take();
  const auto reader = findings.need(store->open_reader(), "open_reader");
  std::atomic<LogIndex> acknowledged = 0;
  std::atomic<bool> is_done = false;
  Findings of_reader;
  std::thread thread([&] {
    LogIndex seen = 0;
    while (!is_done) {
      const LogIndex at_least = acknowledged;
      LogIndex end = 0;
      const auto read = read_checked_heads(*reader, seen + 1, SIZE_MAX, [&](const HeadView& head) {
        end = head.index;
        return true;
      });
      of_reader.need(read, "read beside the writer");
      seen = std::max(seen, end);
      of_reader.expect(seen >= at_least, "what was acknowledged is seen");
      const auto last = of_reader.need(reader->read_index(2, "last"), "read_index");
      of_reader.expect(std::stoull(last.value_or("0")) >= at_least, "the index is as new");
    }
  });
  for (int i = 0; i < 50; ++i) {
    const auto last =
        findings.need(store->append(make_batch(store->last().index + 1, 4)), "append");
    acknowledged = last.index;
  }
  is_done = true;
  thread.join();
  return findings.take() + of_reader.take();
}

std::string run_newer_format(StoreHost& host) {
  Findings findings;
  open_filled(host, 3, findings).reset();
  host.make_format_newer();
  findings.expect_refusal(host.open({}), core::Reason::version_too_new, "a newer format");
  return findings.take();
}

}  // namespace intertie::storage::conformance
