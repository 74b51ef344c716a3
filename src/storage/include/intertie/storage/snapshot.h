// Snapshots of the state: a start without replaying the whole log.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "intertie/core/result.h"
#include "intertie/storage/record.h"

namespace intertie::storage {

/// The state after the record `index`. `state_digest` is the engine's digest of the state;
/// `chain` must be the log's digest at `index`, or the snapshot belongs to another history.
struct Snapshot {
  LogIndex index = 0;
  crypto::Digest state_digest{};
  crypto::Digest chain{};
  std::string bytes;

  friend bool operator==(const Snapshot&, const Snapshot&) = default;
};

/// How many snapshots a store keeps: a damaged last one must not force a full replay.
inline constexpr std::size_t snapshots_kept = 2;

/// The snapshot as stored bytes, and back. Format (numbers little endian):
///   "ITSNAP01" incarnation[16] index[8] state_digest[32] chain[32] length[8] bytes
///   SHA-256 of everything before[32].
std::string encode_snapshot(const Incarnation& incarnation, const Snapshot& snapshot);

/// Refuses with store_damaged (digest, length, or another store's incarnation) or version_too_new
/// (a magic with a higher number). Cost: one SHA-256 of the bytes.
core::Result<Snapshot> decode_snapshot(const Incarnation& incarnation, std::string_view stored);

}  // namespace intertie::storage
