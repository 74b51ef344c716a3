// Which chunks of a dataset have arrived: verified and durable.
//
// The journal's file is a row of records, each 8 bytes: the chunk's index (4, big-endian) and the
// first 4 bytes of SHA-256(root | index). A record is appended after its chunk is durable, so a
// crash can lose records (their chunks come again) but never invent one; what is torn or belongs to
// another dataset does not verify and is left out.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "intertie/crypto/digest.h"

namespace intertie::transfer {

/// A set of chunk indices. Thread-confined.
class ChunkJournal {
 public:
  explicit ChunkJournal(std::uint32_t chunks) : has_(chunks, false) {}

  /// Reads a journal's file. Records that do not verify are skipped. O(bytes).
  static ChunkJournal replay(const crypto::Digest& root, std::uint32_t chunks,
                             std::string_view bytes);

  /// One record for the file.
  static std::string format_record(const crypto::Digest& root, std::uint32_t chunk);

  /// False: it was there. chunk < size().
  bool add(std::uint32_t chunk);
  /// It must come again (damaged on disk).
  void remove(std::uint32_t chunk);

  bool has(std::uint32_t chunk) const { return has_[chunk]; }
  std::uint32_t size() const { return static_cast<std::uint32_t>(has_.size()); }
  std::uint32_t count() const { return count_; }
  bool is_complete() const { return count_ == size(); }

  /// The missing chunks as ranges [first, last], ascending, at most `ranges_max` of them.
  std::vector<std::pair<std::uint32_t, std::uint32_t>> list_missing(std::size_t ranges_max) const;

 private:
  std::vector<bool> has_;
  std::uint32_t count_ = 0;
};

}  // namespace intertie::transfer
