// Checked reading: replay with the chain verified, the newest sound snapshot, a whole-store audit.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "intertie/core/result.h"
#include "intertie/storage/store.h"

namespace intertie::storage {

/// Like Reader::read_heads, but each record is checked against the chain before it is visited:
/// store_damaged names the first record that does not fit. This is how the engine replays.
core::Result<std::size_t> read_checked_heads(Reader& reader, LogIndex from_index, std::size_t limit,
                                             const HeadVisitor& visitor);

struct SkippedSnapshot {
  LogIndex index = 0;
  std::string why;
};

struct FoundSnapshot {
  std::optional<Snapshot> snapshot;
  std::vector<SkippedSnapshot> skipped;  // Newer ones that could not be used, newest first.
};

/// The newest snapshot that is undamaged and whose chain digest is the log's at its index.
core::Result<FoundSnapshot> find_latest_snapshot(Reader& reader, Snapshots& snapshots);

/// `store`: how the records are kept, so that some may be hidden; it has no index of its own.
enum class DamagedPart : std::uint8_t { record, body, snapshot, store };

struct Damage {
  LogIndex index = 0;  // The record's or the snapshot's; of the store's: 0.
  DamagedPart part = DamagedPart::record;
  std::string detail;
};

struct VerifyReport {
  LogPosition last;
  std::uint64_t records = 0;
  std::uint64_t bodies = 0;
  std::uint64_t bodies_erased = 0;
  std::uint64_t snapshots = 0;
  LogIndex indexed_up_to = 0;
  std::vector<Damage> damages;  // At most damages_reported_max, by walking order.

  bool is_sound() const { return damages.empty(); }

  /// The lowest record or snapshot index among the damages; nothing if it is the store's alone.
  std::optional<LogIndex> first_damaged_index() const;
};

inline constexpr std::size_t damages_reported_max = 100;

/// Walks everything: the store's own make-up, chain, bodies, snapshots. Damage is in the report,
/// not an error; an error means that the store could not be read at all. Reads as fast as the disk
/// allows, with O(1) memory beside the largest snapshot.
core::Result<VerifyReport> verify_store(Reader& reader, Snapshots& snapshots);

}  // namespace intertie::storage
