#include "case_kit.h"

namespace intertie::storage::conformance {

Record make_record(LogIndex index) {
  Record record;
  record.index = index;
  record.time = {1'000'000 + static_cast<std::int64_t>(index) * 10};
  record.kind = static_cast<std::uint16_t>(index % 7);
  record.version = static_cast<std::uint16_t>(1 + index % 3);
  record.head = "head " + std::to_string(index);
  record.head.push_back('\0');  // Bytes, not text.
  record.head.push_back(static_cast<char>(index));
  if (index % 3 == 0) record.body = std::string(index * 50 % 9'000 + 1, static_cast<char>(index));
  return record;
}

Batch make_batch(LogIndex first, std::size_t count) {
  Batch batch;
  for (LogIndex index = first; index < first + count; ++index) {
    batch.records.push_back(make_record(index));
    batch.writes.push_back(put(1, "job/" + std::to_string(index), std::to_string(index)));
    batch.writes.push_back(put(2, "last", std::to_string(index)));
  }
  return batch;
}

std::vector<ReadRecord> read_log(Store& store, Findings& findings) {
  std::vector<ReadRecord> log;
  const auto reader = findings.need(store.open_reader(), "open_reader");
  if (reader == nullptr) return log;
  const auto visit = [&log](const HeadView& head) {
    Record record{head.index, head.time, head.kind, head.version, std::string(head.head), {}};
    log.push_back({std::move(record), head.body_digest, head.chain});
    return true;
  };
  const auto count = findings.need(read_checked_heads(*reader, 1, SIZE_MAX, visit), "read_heads");
  findings.expect(count == log.size(), "read_heads returns how many it visited");
  for (ReadRecord& read : log) {
    const Body body = findings.need(reader->read_body(read.record.index), "read_body");
    if (body.state == BodyState::present) read.record.body = body.bytes;
  }
  return log;
}

VerifyReport verify(Store& store, Findings& findings) {
  const auto reader = findings.need(store.open_reader(), "open_reader");
  const auto snapshots = findings.need(store.open_snapshots(), "open_snapshots");
  if (reader == nullptr || snapshots == nullptr) return {};
  return findings.need(verify_store(*reader, *snapshots), "verify_store");
}

Snapshot make_snapshot(const LogPosition& position, std::string bytes) {
  const crypto::Digest state_digest = crypto::compute_sha256(bytes);
  return {position.index, state_digest, position.chain, std::move(bytes)};
}

std::unique_ptr<Store> open(StoreHost& host, Findings& findings, FailHook fail_hook) {
  return findings.need(host.open(std::move(fail_hook)), "open");
}

std::unique_ptr<Store> open_filled(StoreHost& host, std::size_t count, Findings& findings) {
  auto store = open(host, findings);
  if (store != nullptr) findings.need(store->append(make_batch(1, count)), "append");
  return store;
}

}  // namespace intertie::storage::conformance
