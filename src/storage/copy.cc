#include "intertie/storage/copy.h"

#include <algorithm>
#include <utility>

#include "intertie/storage/verify.h"

namespace intertie::storage {
namespace {

constexpr std::size_t kRecordsPerStep = 1'000;
// Bodies are large, heads seldom.
constexpr std::size_t kBytesPerStep = 16u << 20;

core::Result<std::vector<StoredRecord>> read_step(Reader& reader, LogIndex from, LogIndex last) {
  std::vector<StoredRecord> records;
  std::size_t bytes = 0;
  const auto limit = static_cast<std::size_t>(std::min<LogIndex>(kRecordsPerStep, last + 1 - from));
  const auto visit = [&](const HeadView& head) {
    StoredRecord each;
    each.record = {head.index, head.time, head.kind, head.version, std::string(head.head), {}};
    each.link = {head.body_digest, head.chain};
    records.push_back(std::move(each));
    bytes += head.head.size();
    return bytes < kBytesPerStep;
  };
  if (auto read = read_checked_heads(reader, from, limit, visit); !read) return read.error();
  bytes = 0;
  for (std::size_t i = 0; i < records.size(); ++i) {
    StoredRecord& each = records[i];
    if (each.link.body_digest == empty_body_digest()) continue;
    core::Result<Body> body = reader.read_body(each.record.index);
    if (!body) return body.error();
    each.body = body->state;
    each.record.body = std::move(body->bytes);
    bytes += each.record.body.size();
    if (bytes >= kBytesPerStep) records.resize(i + 1);
  }
  return records;
}

core::Result<void> copy_snapshots(Reader& reader, Snapshots& snapshots, const LogPosition& last,
                                  CopyTarget& target, CopyReport& report) {
  auto indexes = snapshots.list_snapshots();
  if (!indexes) return indexes.error();
  std::reverse(indexes->begin(), indexes->end());  // The newest is written last, as it was.
  for (const LogIndex index : *indexes) {
    const core::Result<Snapshot> snapshot = snapshots.read_snapshot(index);
    if (!snapshot || index > last.index) continue;
    const core::Result<crypto::Digest> chain = reader.read_chain_at(index);
    if (!chain || *chain != snapshot->chain) continue;
    if (auto added = target.add_snapshot(*snapshot); !added) return added;
    ++report.snapshots;
  }
  return {};
}

}  // namespace

core::Result<CopyReport> copy_store(Reader& reader, Snapshots& snapshots, CopyTarget& target) {
  const core::Result<LogPosition> last = reader.read_last();
  if (!last) return last.error();
  CopyReport report;
  report.last = *last;
  for (LogIndex next = 1; next <= last->index;) {
    const auto records = read_step(reader, next, last->index);
    if (!records) return records.error();
    if (records->empty()) {
      return core::Error{core::Reason::store_damaged,
                         "record " + std::to_string(next) + " is gone"};
    }
    for (const StoredRecord& each : *records) {
      report.bodies += each.body == BodyState::present ? 1 : 0;
      report.bodies_erased += each.body == BodyState::erased ? 1 : 0;
    }
    if (auto added = target.add_records(*records); !added) return added.error();
    next += records->size();
  }
  if (auto done = copy_snapshots(reader, snapshots, *last, target, report); !done) {
    return done.error();
  }
  if (auto done = target.finish(*last); !done) return done.error();
  return report;
}

}  // namespace intertie::storage
