// The storage port: log, snapshots and index of one hub or agent. Adapters implement it.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "intertie/core/result.h"
#include "intertie/storage/index.h"
#include "intertie/storage/record.h"
#include "intertie/storage/snapshot.h"

// Errors, everywhere in the port:
//   store_unavailable  the disk is full, read-only, locked or failing: the call may be repeated;
//   store_damaged      what is stored does not verify: only a backup or a rebuild helps;
//   version_too_new    a newer program wrote the store (only when opening).
namespace intertie::storage {

/// Sees one head at a time, in order. Returns whether to go on. It must not call the same Reader.
using HeadVisitor = std::function<bool(const HeadView&)>;

/// Reads what is durable. One thread at a time; any number of Readers beside the one Store. Each
/// call sees everything that an append acknowledged before the call began.
class Reader {
 public:
  virtual ~Reader() = default;

  /// The last record's index and chain digest.
  virtual core::Result<LogPosition> read_last() = 0;

  /// The chain's digest at `index` (0: the genesis). not_found beyond the end. O(log n).
  virtual core::Result<crypto::Digest> read_chain_at(LogIndex index) = 0;

  /// Visits the heads from `from_index` (>= 1) in order, at most `limit`, as they were when the
  /// call began; returns how many were visited. Does not check the chain: see
  /// read_checked_heads (verify.h).
  virtual core::Result<std::size_t> read_heads(LogIndex from_index, std::size_t limit,
                                               const HeadVisitor& visitor) = 0;

  /// The body of one record, checked against its digest. not_found if there is no such record.
  virtual core::Result<Body> read_body(LogIndex index) = 0;

  /// The value at a key of the index, or nothing.
  virtual core::Result<std::optional<std::string>> read_index(TableId table,
                                                              const std::string& key) = 0;

  /// A page of a table; see Scan.
  virtual core::Result<std::vector<IndexRow>> scan_index(const Scan& scan) = 0;

  /// The index reflects the log up to here. Below the log's last index: rebuild it.
  virtual core::Result<LogIndex> read_indexed_up_to() = 0;

  /// What is wrong with how the adapter keeps records, in words, at most `limit` (>= 1); empty:
  /// nothing. Above all what could hide records from all the calls above. Walks the whole store,
  /// so it is for verification (verify.h) alone.
  virtual core::Result<std::vector<std::string>> find_store_damage(std::size_t limit) = 0;
};

/// The snapshots of a store. A thread of its own may write them while the Store appends.
class Snapshots {
 public:
  virtual ~Snapshots() = default;

  /// Durable on return; then all but the newest snapshots_kept are removed.
  virtual core::Result<void> write_snapshot(const Snapshot& snapshot) = 0;

  /// The indexes for which there is a snapshot, newest first, unchecked.
  virtual core::Result<std::vector<LogIndex>> list_snapshots() = 0;

  /// One snapshot, checked against its own digest: store_damaged; not_found. Whether it fits the
  /// log is checked by find_latest_snapshot (verify.h), which callers use.
  virtual core::Result<Snapshot> read_snapshot(LogIndex index) = 0;
};

/// What becomes durable together.
struct Batch {
  std::vector<Record> records;     // 1 to limits::batch_events_max; continue the log without gap.
  std::vector<IndexWrite> writes;  // Applied in order; the last one to a key wins.
};

/// The one writer of a store. One thread at a time (not necessarily the same one).
class Store {
 public:
  virtual ~Store() = default;

  virtual const Incarnation& incarnation() const = 0;

  /// The position after the last acknowledged append (or what was found when opening). O(1).
  virtual LogPosition last() const = 0;

  /// Appends the records and applies the writes: all or nothing, durable on return; gives the new
  /// last position. Also moves indexed_up_to, which must have been at the log's end if there are
  /// writes. Asserts that records continue the log (index = last + 1, ...).
  /// too_large: a record, key or value is over its limit; nothing was written.
  /// After store_unavailable the outcome is unknown: the Store stays usable and *the same batch*
  /// must be given again until it succeeds; if it had become durable after all, the call only
  /// confirms it. last() does not move meanwhile.
  virtual core::Result<LogPosition> append(const Batch& batch) = 0;

  /// Makes the body of a record unreadable for good, on this disk; backups are not touched. The
  /// chain still verifies. Idempotent. not_found: no such record.
  virtual core::Result<void> erase_body(LogIndex index) = 0;

  /// Empties every table of the index and sets indexed_up_to to 0.
  virtual core::Result<void> clear_index() = 0;

  /// One step of a rebuild: the writes that follow from the records (indexed_up_to, up_to].
  virtual core::Result<void> extend_index(const std::vector<IndexWrite>& writes,
                                          LogIndex up_to) = 0;

  /// A complete copy that can be opened as a store, at `path`, which must not exist. Any
  /// thread; appends may go on meanwhile and are in the copy or not.
  virtual core::Result<void> write_backup(const std::string& path) = 0;

  /// Any thread. A Reader or Snapshots must not outlive its Store.
  virtual core::Result<std::unique_ptr<Reader>> open_reader() = 0;
  virtual core::Result<std::unique_ptr<Snapshots>> open_snapshots() = 0;
};

/// Whether `batch` may follow `last`: asserts the indexes and times, refuses with too_large.
/// Shared by the adapters.
core::Result<void> check_batch(const LogPosition& last, const Batch& batch);

/// The same for index writes alone.
core::Result<void> check_writes(const std::vector<IndexWrite>& writes);

}  // namespace intertie::storage
