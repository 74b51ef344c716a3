// The storage port on SQLite: one folder, no server.
#pragma once

#include <memory>
#include <string>

#include "intertie/core/quantity.h"
#include "intertie/core/result.h"
#include "intertie/storage/copy.h"
#include "intertie/storage/fail_point.h"
#include "intertie/storage/store.h"

namespace intertie::storage_sqlite {

/// The newest format this program writes and reads.
inline constexpr int format_version = 2;

/// Where a store lives and what it may use. A store is a folder (mode 0700) of files (0600):
///   store.db, store.db-wal, store.db-shm   SQLite in WAL mode: log, bodies, index
///   snapshot-<index, 20 digits>            see storage/snapshot.h
///   lock                                   held (flock) by the one process that writes
///   head                                   the last record that was acknowledged (head_file.h)
struct SqliteOptions {
  std::string folder;                           // Created if missing; its parent must exist.
  core::Bytes writer_cache{2 << 20};            // SQLite's page cache of the writer.
  core::Bytes reader_cache{512 << 10};          // The same for each Reader.
  int checkpoint_pages = 4'000;                 // The WAL's length at which it is folded back.
  core::Duration lock_wait = core::seconds(5);  // How long to wait for SQLite's own locks.
  storage::FailHook fail_hook = {};
};

/// Opens the store for writing; creates it, with a random incarnation, if there is none, and
/// migrates an older format. A Reader or Snapshots is a connection of its own.
/// store_unavailable: another process (or Store) has it open for writing; disk trouble.
/// store_damaged: not a store; or its log does not end with the record that it should end with
/// (records are missing at the end, or the log is not the one that was acknowledged). O(log n).
/// version_too_new.
core::Result<std::unique_ptr<storage::Store>> open_sqlite_store(SqliteOptions options);

/// A store opened to look at it: works beside a running writer, changes nothing.
struct SqliteView {
  storage::Incarnation incarnation{};
  std::unique_ptr<storage::Reader> reader;
  std::unique_ptr<storage::Snapshots> snapshots;  // Only to read from.
};

/// For `log verify` and the like. The errors of open_sqlite_store; not_found: no store there.
core::Result<SqliteView> open_sqlite_view(const SqliteOptions& options);

/// Copies the store in `options.folder` to the folder `path`, which must not exist, also while
/// another process writes to it: the newest snapshots, then the database as of one moment after
/// them (VACUUM INTO, so without free pages), all synced; `path` appears only when the copy is
/// complete.
core::Result<void> write_sqlite_backup(const SqliteOptions& options, const std::string& path);

/// A new store of this incarnation in `options.folder`, to be filled (storage/copy.h).
/// already_exists: there is something at that place. Its folder appears when it is complete.
core::Result<std::unique_ptr<storage::CopyTarget>> make_sqlite_copy(
    SqliteOptions options, const storage::Incarnation& incarnation);

}  // namespace intertie::storage_sqlite
