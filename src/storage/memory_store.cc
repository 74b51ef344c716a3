#include "intertie/storage/memory_store.h"

#include <algorithm>
#include <cassert>
#include <map>
#include <mutex>
#include <utility>
#include <vector>

#include "intertie/core/limits.h"
#include "intertie/storage/chain.h"

namespace intertie::storage {
namespace {

constexpr int kFormatVersion = 1;
constexpr std::size_t kHeadsPerLock = 256;

struct StoredRecord {
  Record record;  // Its body moves to `body`.
  Link link;
};

// What a file would hold. Copied when the disk begins to lie, so that a crash can go back.
struct Image {
  std::vector<std::shared_ptr<const StoredRecord>> log;
  std::vector<Body> bodies;
  std::map<std::pair<TableId, std::string>, std::string> index;
  LogIndex indexed_up_to = 0;
};

void apply_writes(const std::vector<IndexWrite>& writes, Image& image) {
  for (const IndexWrite& write : writes) {
    if (write.value.has_value()) {
      image.index.insert_or_assign({write.table, write.key}, *write.value);
    } else {
      image.index.erase({write.table, write.key});
    }
  }
}

void apply_batch(const Batch& batch, const std::vector<Link>& links, Image& image) {
  const bool index_is_current = image.indexed_up_to == image.log.size();
  for (std::size_t i = 0; i < batch.records.size(); ++i) {
    StoredRecord stored{batch.records[i], links[i]};
    Body body;
    body.state = stored.record.body.empty() ? BodyState::none : BodyState::present;
    body.bytes = std::exchange(stored.record.body, {});
    image.bodies.push_back(std::move(body));
    image.log.push_back(std::make_shared<const StoredRecord>(std::move(stored)));
  }
  assert(index_is_current || batch.writes.empty());
  apply_writes(batch.writes, image);
  if (index_is_current) image.indexed_up_to = image.log.size();
}

core::Error no_record(LogIndex index) {
  return {core::Reason::not_found, "record " + std::to_string(index)};
}

}  // namespace

struct MemoryDisk::Content {
  std::mutex mutex;
  Incarnation incarnation{};
  int format_version = kFormatVersion;
  bool is_open = false;
  Image image;
  std::optional<Image> durable;         // Only while the sync lies.
  std::optional<Batch> unacknowledged;  // Committed, but its append failed.
  std::map<LogIndex, std::string> snapshots;

  LogPosition last() const {
    if (image.log.empty()) return {0, chain_genesis(incarnation)};
    return {image.log.size(), image.log.back()->link.chain};
  }
};

namespace {

using Content = MemoryDisk::Content;
using Lock = std::lock_guard<std::mutex>;

class MemoryReader final : public Reader {
 public:
  explicit MemoryReader(Content& disk) : disk_(disk) {}

  core::Result<LogPosition> read_last() override {
    const Lock lock(disk_.mutex);
    return disk_.last();
  }

  core::Result<crypto::Digest> read_chain_at(LogIndex index) override {
    const Lock lock(disk_.mutex);
    if (index == 0) return chain_genesis(disk_.incarnation);
    if (index > disk_.image.log.size()) return no_record(index);
    return disk_.image.log[index - 1]->link.chain;
  }

  core::Result<std::size_t> read_heads(LogIndex from_index, std::size_t limit,
                                       const HeadVisitor& visitor) override {
    assert(from_index >= 1);
    LogIndex end = 0;
    {
      const Lock lock(disk_.mutex);
      end = disk_.image.log.size() + 1;
    }
    if (from_index >= end) return std::size_t{0};
    if (limit < end - from_index) end = from_index + limit;
    std::vector<std::shared_ptr<const StoredRecord>> part;
    for (LogIndex next = from_index; next < end;) {
      copy_records(next, std::min<LogIndex>(end, next + kHeadsPerLock), part);
      for (const auto& stored : part) {
        const Record& record = stored->record;
        const bool go_on = visitor({record.index, record.time, record.kind, record.version,
                                    record.head, stored->link.body_digest, stored->link.chain});
        ++next;
        if (!go_on) return next - from_index;
      }
    }
    return end - from_index;
  }

  core::Result<Body> read_body(LogIndex index) override {
    const Lock lock(disk_.mutex);
    if (index == 0 || index > disk_.image.log.size()) return no_record(index);
    const Body& body = disk_.image.bodies[index - 1];
    if (body.state != BodyState::erased &&
        digest_body(body.bytes) != disk_.image.log[index - 1]->link.body_digest) {
      return {core::Reason::store_damaged,
              "record " + std::to_string(index) + ": its body does not fit its digest"};
    }
    return body;
  }

  core::Result<std::optional<std::string>> read_index(TableId table,
                                                      const std::string& key) override {
    const Lock lock(disk_.mutex);
    const auto found = disk_.image.index.find({table, key});
    if (found == disk_.image.index.end()) return std::optional<std::string>{};
    return std::optional(found->second);
  }

  core::Result<std::vector<IndexRow>> scan_index(const Scan& scan) override {
    assert(scan.limit >= 1 && scan.limit <= core::limits::index_scan_rows_max);
    const Lock lock(disk_.mutex);
    std::vector<IndexRow> rows;
    const auto& index = disk_.image.index;
    // Plain and slow on purpose: it is the reference for the adapters' ranges.
    const auto visit = [&](const auto& entry) {
      const auto& [table, key] = entry.first;
      if (table != scan.table || !key.starts_with(scan.prefix)) return;
      if (scan.after_key.has_value()) {
        const bool is_after =
            scan.direction == Direction::ascending ? key > *scan.after_key : key < *scan.after_key;
        if (!is_after) return;
      }
      if (rows.size() < scan.limit) rows.push_back({key, entry.second});
    };
    const auto low = index.lower_bound({scan.table, scan.prefix});
    auto high = low;
    while (high != index.end() && high->first.first == scan.table &&
           high->first.second.starts_with(scan.prefix)) {
      ++high;
    }
    if (scan.direction == Direction::ascending) {
      std::for_each(low, high, visit);
    } else {
      std::for_each(std::make_reverse_iterator(high), std::make_reverse_iterator(low), visit);
    }
    return rows;
  }

  core::Result<std::vector<std::string>> find_store_damage(std::size_t) override {
    return std::vector<std::string>{};
  }

  core::Result<LogIndex> read_indexed_up_to() override {
    const Lock lock(disk_.mutex);
    return disk_.image.indexed_up_to;
  }

 private:
  void copy_records(LogIndex from, LogIndex end,
                    std::vector<std::shared_ptr<const StoredRecord>>& part) {
    const Lock lock(disk_.mutex);
    const auto& log = disk_.image.log;
    part.assign(log.begin() + static_cast<std::ptrdiff_t>(from - 1),
                log.begin() + static_cast<std::ptrdiff_t>(end - 1));
  }

  Content& disk_;
};

class MemorySnapshots final : public Snapshots {
 public:
  MemorySnapshots(Content& disk, const FailHook& fail_hook) : disk_(disk), fail_hook_(fail_hook) {}

  core::Result<void> write_snapshot(const Snapshot& snapshot) override {
    for (const FailPoint point : {FailPoint::snapshot_begin, FailPoint::snapshot_before_rename}) {
      if (auto passed = pass(point); !passed.has_value()) return passed;
    }
    std::string stored = encode_snapshot(disk_.incarnation, snapshot);
    {
      const Lock lock(disk_.mutex);
      disk_.snapshots.insert_or_assign(snapshot.index, std::move(stored));
      while (disk_.snapshots.size() > snapshots_kept)
        disk_.snapshots.erase(disk_.snapshots.begin());
    }
    return pass(FailPoint::snapshot_after_rename);
  }

  core::Result<std::vector<LogIndex>> list_snapshots() override {
    const Lock lock(disk_.mutex);
    std::vector<LogIndex> indexes;
    for (auto it = disk_.snapshots.rbegin(); it != disk_.snapshots.rend(); ++it) {
      indexes.push_back(it->first);
    }
    return indexes;
  }

  core::Result<Snapshot> read_snapshot(LogIndex index) override {
    const Lock lock(disk_.mutex);
    const auto found = disk_.snapshots.find(index);
    if (found == disk_.snapshots.end()) {
      return {core::Reason::not_found, "snapshot " + std::to_string(index)};
    }
    return decode_snapshot(disk_.incarnation, found->second);
  }

 private:
  core::Result<void> pass(FailPoint point) {
    return fail_hook_ ? fail_hook_(point) : core::Result<void>{};
  }

  Content& disk_;
  const FailHook& fail_hook_;
};

class MemoryStore final : public Store {
 public:
  MemoryStore(Content& disk, FailHook fail_hook)
      : disk_(disk), fail_hook_(std::move(fail_hook)), last_(disk.last()) {}

  ~MemoryStore() override {
    const Lock lock(disk_.mutex);
    disk_.is_open = false;
  }

  const Incarnation& incarnation() const override { return disk_.incarnation; }

  LogPosition last() const override { return last_; }

  core::Result<LogPosition> append(const Batch& batch) override {
    if (auto checked = check_batch(last_, batch); !checked.has_value()) return checked.error();
    const std::vector<Link> links = chain_batch(last_.chain, batch);
    for (const FailPoint point : {FailPoint::append_begin, FailPoint::append_before_commit}) {
      if (auto passed = pass(point); !passed.has_value()) return passed.error();
    }
    const auto passed = pass(FailPoint::append_after_commit);
    const Lock lock(disk_.mutex);
    if (!passed.has_value()) {
      disk_.unacknowledged = batch;
      return passed.error();
    }
    disk_.unacknowledged.reset();
    apply_batch(batch, links, disk_.image);
    last_ = disk_.last();
    return last_;
  }

  core::Result<void> erase_body(LogIndex index) override {
    if (auto passed = pass(FailPoint::erase_before_commit); !passed.has_value()) return passed;
    {
      const Lock lock(disk_.mutex);
      if (index == 0 || index > disk_.image.log.size()) return no_record(index);
      erase_in(disk_.image, index);
      if (disk_.durable.has_value() && index <= disk_.durable->log.size()) {
        erase_in(*disk_.durable, index);
      }
    }
    return pass(FailPoint::erase_after_commit);
  }

  core::Result<void> clear_index() override {
    if (auto passed = pass(FailPoint::index_before_commit); !passed.has_value()) return passed;
    {
      const Lock lock(disk_.mutex);
      disk_.image.index.clear();
      disk_.image.indexed_up_to = 0;
    }
    return pass(FailPoint::index_after_commit);
  }

  core::Result<void> extend_index(const std::vector<IndexWrite>& writes, LogIndex up_to) override {
    if (auto checked = check_writes(writes); !checked.has_value()) return checked;
    if (auto passed = pass(FailPoint::index_before_commit); !passed.has_value()) return passed;
    {
      const Lock lock(disk_.mutex);
      assert(up_to >= disk_.image.indexed_up_to && up_to <= disk_.image.log.size());
      apply_writes(writes, disk_.image);
      disk_.image.indexed_up_to = up_to;
    }
    return pass(FailPoint::index_after_commit);
  }

  core::Result<void> write_backup(const std::string& path) override {
    return {core::Reason::not_supported, "a store in memory has no files: " + path};
  }

  core::Result<std::unique_ptr<Reader>> open_reader() override {
    return std::unique_ptr<Reader>(std::make_unique<MemoryReader>(disk_));
  }

  core::Result<std::unique_ptr<Snapshots>> open_snapshots() override {
    return std::unique_ptr<Snapshots>(std::make_unique<MemorySnapshots>(disk_, fail_hook_));
  }

 private:
  static void erase_in(Image& image, LogIndex index) {
    Body& body = image.bodies[index - 1];
    if (body.state == BodyState::present) body = {BodyState::erased, {}};
  }

  core::Result<void> pass(FailPoint point) {
    return fail_hook_ ? fail_hook_(point) : core::Result<void>{};
  }

  Content& disk_;
  FailHook fail_hook_;
  LogPosition last_;
};

void flip(std::string& bytes, std::size_t offset) {
  assert(offset < bytes.size());
  bytes[offset] = static_cast<char>(bytes[offset] ^ 1);
}

}  // namespace

MemoryDisk::MemoryDisk(const Incarnation& incarnation) : content_(std::make_unique<Content>()) {
  content_->incarnation = incarnation;
}

MemoryDisk::~MemoryDisk() = default;

void MemoryDisk::crash(bool keep_unacknowledged) {
  const Lock lock(content_->mutex);
  assert(!content_->is_open);
  if (content_->durable.has_value()) {
    content_->image = *content_->durable;
  } else if (content_->unacknowledged.has_value() && keep_unacknowledged) {
    const Batch& batch = *content_->unacknowledged;
    apply_batch(batch, chain_batch(content_->last().chain, batch), content_->image);
  }
  content_->unacknowledged.reset();
}

void MemoryDisk::set_sync_lies(bool lies) {
  const Lock lock(content_->mutex);
  if (!lies) {
    content_->durable.reset();
  } else if (!content_->durable.has_value()) {
    content_->durable = content_->image;
  }
}

void MemoryDisk::set_format_version(int version) { content_->format_version = version; }

void MemoryDisk::flip_head_byte(LogIndex index, std::size_t offset) {
  const Lock lock(content_->mutex);
  StoredRecord changed = *content_->image.log.at(index - 1);
  flip(changed.record.head, offset);
  content_->image.log[index - 1] = std::make_shared<const StoredRecord>(std::move(changed));
}

void MemoryDisk::flip_chain_byte(LogIndex index, std::size_t offset) {
  const Lock lock(content_->mutex);
  StoredRecord changed = *content_->image.log.at(index - 1);
  changed.link.chain.bytes.at(offset) ^= 1;
  content_->image.log[index - 1] = std::make_shared<const StoredRecord>(std::move(changed));
}

void MemoryDisk::flip_body_byte(LogIndex index, std::size_t offset) {
  const Lock lock(content_->mutex);
  flip(content_->image.bodies.at(index - 1).bytes, offset);
}

void MemoryDisk::flip_snapshot_byte(LogIndex index, std::size_t offset) {
  const Lock lock(content_->mutex);
  flip(content_->snapshots.at(index), offset);
}

core::Result<std::unique_ptr<Store>> open_memory_store(MemoryDisk& disk, FailHook fail_hook) {
  Content& content = disk.content();
  if (content.format_version > kFormatVersion) {
    return {core::Reason::version_too_new,
            "store format " + std::to_string(content.format_version) + ", this program knows " +
                std::to_string(kFormatVersion)};
  }
  {
    const Lock lock(content.mutex);
    if (content.is_open) {
      return {core::Reason::store_unavailable, "the store is open for writing already"};
    }
    content.is_open = true;
  }
  return std::unique_ptr<Store>(std::make_unique<MemoryStore>(content, std::move(fail_hook)));
}

}  // namespace intertie::storage
