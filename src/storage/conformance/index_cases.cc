// Conformance of the index and of the snapshots.
#include <algorithm>
#include <array>

#include "case_kit.h"
#include "case_list.h"

namespace intertie::storage::conformance {
namespace {

std::vector<std::string> list_keys(Reader& reader, const Scan& scan, Findings& findings) {
  std::vector<std::string> keys;
  for (IndexRow& row : findings.need(reader.scan_index(scan), "scan")) {
    keys.push_back(std::move(row.key));
  }
  return keys;
}

}  // namespace

std::string run_index_order(StoreHost& host) {
  Findings findings;
  auto store = open(host, findings);
  if (store == nullptr) return findings.take();
  const std::string zero(1, '\0');
  // In the order of unsigned bytes; written in another one.
  const std::vector<std::string> keys{
      zero, zero + "a", "A",     "a",       "a" + zero, "a" + zero + zero,
      "aa", "ab",       "a\x7f", "a\x80",   "a\xff",    "a\xff\xff",
      "b",  "\x80",     "\xff",  "\xff\xff"};
  Batch batch;
  batch.records.push_back(make_record(1));
  for (auto key = keys.rbegin(); key != keys.rend(); ++key) {
    batch.writes.push_back(put(7, *key, "value of " + *key));
  }
  batch.writes.push_back(put(6, "zz", "another table"));
  batch.writes.push_back(put(8, zero, "another table"));
  findings.need(store->append(batch), "append");
  const auto reader = findings.need(store->open_reader(), "open_reader");
  for (const std::string& prefix :
       {std::string(), std::string("a"), "a" + zero, std::string("a\xff"), std::string("\xff"),
        std::string("c"), zero, std::string("\xff\xff")}) {
    std::vector<std::string> expected;
    for (const std::string& key : keys) {
      if (key.starts_with(prefix)) expected.push_back(key);
    }
    for (const Direction direction : {Direction::ascending, Direction::descending}) {
      if (direction == Direction::descending) std::reverse(expected.begin(), expected.end());
      for (std::size_t limit = 1; limit <= expected.size() + 1; ++limit) {
        Scan scan{7, prefix, std::nullopt, limit, direction};
        std::vector<std::string> paged;
        for (;;) {
          const auto page = list_keys(*reader, scan, findings);
          paged.insert(paged.end(), page.begin(), page.end());
          if (page.size() < limit || paged.size() > keys.size()) break;
          scan.after_key = page.back();
        }
        findings.expect(paged == expected, "pages of " + std::to_string(limit));
      }
    }
    // After a key that is not there, and after one outside of the prefix.
    const auto from_start =
        list_keys(*reader, {7, prefix, zero, 99, Direction::ascending}, findings);
    std::reverse(expected.begin(), expected.end());
    std::erase(expected, zero);
    findings.expect(from_start == expected, "after a key before the prefix");
  }
  const auto value = findings.need(reader->read_index(7, "a" + zero), "read_index");
  findings.expect(value == "value of a" + zero, "values are bytes");
  findings.expect(!findings.need(reader->read_index(7, "zz"), "read_index"), "tables are apart");
  return findings.take();
}

std::string run_index_writes(StoreHost& host) {
  Findings findings;
  auto store = open(host, findings);
  if (store == nullptr) return findings.take();
  Batch first;
  first.records.push_back(make_record(1));
  first.writes = {put(1, "twice", "old"), put(1, "gone", "x"),   erase(1, "gone"),
                  erase(1, "back"),       put(1, "back", "new"), put(1, "twice", "new"),
                  erase(1, "never")};
  findings.need(store->append(first), "append");
  const auto reader = findings.need(store->open_reader(), "open_reader");
  const auto rows = [&] { return findings.need(reader->scan_index({1, "", {}, 99, {}}), "scan"); };
  findings.expect(rows() == std::vector<IndexRow>{{"back", "new"}, {"twice", "new"}},
                  "the last write to a key wins");
  Batch second;
  second.records.push_back(make_record(2));
  second.writes = {put(1, "twice", ""), erase(1, "back")};
  findings.need(store->append(second), "append");
  findings.expect(rows() == std::vector<IndexRow>{{"twice", ""}}, "put replaces, erase removes");
  return findings.take();
}

std::string run_index_rebuild(StoreHost& host) {
  Findings findings;
  auto store = open_filled(host, 100, findings);
  if (store == nullptr) return findings.take();
  const auto read_up_to = [&] {
    const auto reader = findings.need(store->open_reader(), "open_reader");
    return findings.need(reader->read_indexed_up_to(), "read_indexed_up_to");
  };
  const auto read_rows = [&] {
    const auto reader = findings.need(store->open_reader(), "open_reader");
    auto rows = findings.need(reader->scan_index({1, "", {}, 999, {}}), "scan");
    const auto more = findings.need(reader->scan_index({2, "", {}, 999, {}}), "scan");
    rows.insert(rows.end(), more.begin(), more.end());
    return rows;
  };
  findings.expect(read_up_to() == 100, "an append moves the index along");
  const std::vector<IndexRow> before = read_rows();
  findings.expect(before.size() == 101, "all rows");
  findings.need(store->clear_index(), "clear_index");
  findings.expect(read_up_to() == 0 && read_rows().empty(), "cleared");
  Batch without_writes = make_batch(101, 1);
  without_writes.writes.clear();
  findings.need(store->append(without_writes), "append while the index is behind");
  findings.expect(read_up_to() == 0, "the index stays behind");
  store.reset();
  store = open(host, findings);
  if (store == nullptr) return findings.take();
  findings.need(store->extend_index(make_batch(1, 60).writes, 60), "extend");
  findings.expect(read_up_to() == 60, "half rebuilt");
  findings.need(store->extend_index(make_batch(61, 40).writes, 101), "extend");
  findings.expect(read_up_to() == 101, "rebuilt");
  findings.expect(read_rows() == before, "the same rows as before");
  findings.need(store->append(make_batch(102, 1)), "append");
  findings.expect(read_up_to() == 102 && read_rows().size() == 102, "and on it goes");
  return findings.take();
}

std::string run_snapshots(StoreHost& host) {
  Findings findings;
  auto store = open(host, findings);
  if (store == nullptr) return findings.take();
  std::vector<Snapshot> written;
  for (int i = 0; i < 4; ++i) {
    const LogPosition last =
        findings.need(store->append(make_batch(store->last().index + 1, 5)), "append");
    std::string bytes(static_cast<std::size_t>(i) * 100'000, static_cast<char>('a' + i));
    written.push_back(make_snapshot(last, std::move(bytes)));
    const auto snapshots = findings.need(store->open_snapshots(), "open_snapshots");
    findings.need(snapshots->write_snapshot(written.back()), "write_snapshot");
    findings.need(snapshots->write_snapshot(written.back()), "write_snapshot again");
    const auto reader = findings.need(store->open_reader(), "open_reader");
    const auto found = findings.need(find_latest_snapshot(*reader, *snapshots), "find");
    findings.expect(found.snapshot == written.back(), "the newest is found");
    findings.expect(found.skipped.empty(), "none is skipped");
  }
  store.reset();
  host.flip_byte(StoredPart::snapshot, 20, 150);
  store = open(host, findings);
  if (store == nullptr) return findings.take();
  const auto snapshots = findings.need(store->open_snapshots(), "open_snapshots");
  const auto reader = findings.need(store->open_reader(), "open_reader");
  const auto indexes = findings.need(snapshots->list_snapshots(), "list");
  findings.expect(indexes == std::vector<LogIndex>{20, 15}, "the last two are kept");
  findings.expect_refusal(snapshots->read_snapshot(10), core::Reason::not_found, "an old one");
  findings.expect_refusal(snapshots->read_snapshot(20), core::Reason::store_damaged, "flipped");
  const auto found = findings.need(find_latest_snapshot(*reader, *snapshots), "find");
  findings.expect(found.snapshot == written[2], "the older one serves");
  findings.expect(found.skipped.size() == 1 && found.skipped[0].index == 20, "and it is reported");
  findings.expect(verify(*store, findings).first_damaged_index() == 20, "verify names it");
  return findings.take();
}

std::string run_foreign_snapshots(StoreHost& host) {
  Findings findings;
  auto store = open_filled(host, 10, findings);
  if (store == nullptr) return findings.take();
  const auto snapshots = findings.need(store->open_snapshots(), "open_snapshots");
  const auto reader = findings.need(store->open_reader(), "open_reader");
  LogPosition other = store->last();
  other.chain.bytes[5] ^= 1;
  findings.need(snapshots->write_snapshot(make_snapshot(other, "of another history")), "write");
  findings.need(snapshots->write_snapshot(make_snapshot({11, other.chain}, "ahead")), "write");
  const auto found = findings.need(find_latest_snapshot(*reader, *snapshots), "find");
  findings.expect(!found.snapshot.has_value(), "neither is used");
  findings.expect(found.skipped.size() == 2, "both are reported");
  return findings.take();
}

}  // namespace intertie::storage::conformance
