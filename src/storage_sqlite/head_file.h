// The file `head`: which record was acknowledged last, kept beside the database.
#pragma once

#include <optional>
#include <string>

#include "intertie/core/result.h"
#include "intertie/storage/record.h"

#include "durable_file.h"

namespace intertie::storage_sqlite {

// Format (64 bytes, integers little endian), overwritten in place, within one sector:
//   0   "ITHEAD01"
//   8   index of the record
//   16  the chain's digest after it, 32 bytes
//   48  the first 16 bytes of SHA-256(the store's incarnation || bytes 0 to 47)
// It is written after an append was committed and is not synced there: an append costs one write to
// the page cache more (about 2 us), not a second sync. So it never promises more than the log held,
// a killed process loses nothing of it, and after a power cut it may be some seconds behind. What
// it is for: a WAL that was lost, cut or put back with everything that SQLite would have told.

/// What the file in the store's folder says. Empty: there is none (a backup, or a store of an
/// older program). store_damaged: it was changed, or is another store's.
core::Result<std::optional<storage::LogPosition>> read_head_file(
    const std::string& folder, const storage::Incarnation& incarnation);

/// The writer's hold on the file.
class HeadFile {
 public:
  HeadFile() = default;

  /// Creates the file or brings it up to `last`, durably on return.
  static core::Result<HeadFile> open(const std::string& folder,
                                     const storage::Incarnation& incarnation,
                                     const storage::LogPosition& last);

  /// Writes the newest position without a sync. What fails is passed over: the append stands, and
  /// the older promise in the file is still true.
  void note(const storage::LogPosition& last) const;

 private:
  HeadFile(FileDescriptor file, const storage::Incarnation& incarnation)
      : file_(std::move(file)), incarnation_(incarnation) {}

  FileDescriptor file_;
  storage::Incarnation incarnation_{};
};

}  // namespace intertie::storage_sqlite
