// A log moved from one store to another, of any kind, with its hashes intact.
#pragma once

#include <cstdint>
#include <vector>

#include "intertie/core/result.h"
#include "intertie/storage/chain.h"
#include "intertie/storage/store.h"

namespace intertie::storage {

/// A record as a store keeps it: an erased body has its digest still.
struct StoredRecord {
  Record record;
  Link link;
  BodyState body = BodyState::none;
};

/// A new store that is being filled. It takes digests as they are given, which a Store does not:
/// an erased body's cannot be computed again. Until finish() there is nothing at its place.
class CopyTarget {
 public:
  virtual ~CopyTarget() = default;

  /// Records that continue what was added, in order.
  virtual core::Result<void> add_records(const std::vector<StoredRecord>& records) = 0;
  virtual core::Result<void> add_snapshot(const Snapshot& snapshot) = 0;
  /// Durable on return. The index is empty: rebuild it (engine/index_rebuild.h).
  virtual core::Result<void> finish(const LogPosition& last) = 0;
};

struct CopyReport {
  LogPosition last;
  std::uint64_t bodies = 0;
  std::uint64_t bodies_erased = 0;
  std::uint64_t snapshots = 0;
};

/// Copies what `reader` and `snapshots` show, up to the log's end as it was when the call began.
/// Chain and bodies are checked on the way: store_damaged, and nothing is left at the target's
/// place. Snapshots that do not fit the log are left out. Memory: a thousand records.
core::Result<CopyReport> copy_store(Reader& reader, Snapshots& snapshots, CopyTarget& target);

}  // namespace intertie::storage
