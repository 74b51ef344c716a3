// The writing connection: its statements, and how one is opened so that what it finds is durable.
#pragma once

#include <string>
#include <vector>

#include "intertie/core/result.h"
#include "intertie/storage/chain.h"
#include "intertie/storage/store.h"
#include "intertie/storage_sqlite/sqlite_store.h"

#include "database.h"

namespace intertie::storage_sqlite {

/// One open connection with a transaction at most. After any error it is thrown away: closing it
/// rolls back, and the next one starts from what the disk holds.
class WriterConnection {
 public:
  /// Makes the WAL's content durable first (a process killed between write and sync, or a failed
  /// sync, may have left a transaction that recovery would show although it is in memory only),
  /// then opens, migrates, and sets WAL, synchronous=FULL and secure_delete. store_damaged also
  /// when the log does not end where it was written to (log_end.h).
  static core::Result<WriterConnection> open(const SqliteOptions& options,
                                             const storage::Incarnation& fresh);

  core::Result<storage::Incarnation> read_incarnation() const;
  core::Result<storage::LogPosition> read_last(const storage::Incarnation& incarnation);
  core::Result<storage::LogIndex> read_indexed_up_to();

  core::Result<void> begin() { return begin_.run(); }
  core::Result<void> commit() { return commit_.run(); }

  core::Result<void> insert_record(const storage::Record& record, const storage::Link& link);

  /// Applies the writes in key order, the last one to each key: fewer pages are touched twice.
  core::Result<void> write_entries(const std::vector<storage::IndexWrite>& writes);
  core::Result<void> clear_entries();
  core::Result<void> set_indexed_up_to(storage::LogIndex index);

  /// The last record of the transaction's append, and how far the index reflects the log.
  core::Result<void> set_end(const storage::LogPosition& last, storage::LogIndex indexed_up_to);

  /// store_damaged unless the log has this record (log_end.h).
  core::Result<void> check_holds(const storage::LogPosition& acknowledged) const;

  /// Overwrites the body with zeros (secure_delete) and marks it erased.
  core::Result<void> erase_body(storage::LogIndex index);

  /// Folds the whole WAL back and empties it: store_unavailable if a reader is in the way.
  core::Result<void> empty_wal();

  /// To be called before a connection is dropped after an error: what its WAL holds may be in
  /// memory only and must not be folded into the database before it is made durable.
  void keep_wal_on_close() const;

 private:
  explicit WriterConnection(Database database) : database_(std::move(database)) {}
  core::Result<void> prepare();

  Database database_;  // Before its statements, so that it is closed after them.
  Statement begin_;
  Statement commit_;
  Statement insert_record_;
  Statement insert_body_;
  Statement put_entry_;
  Statement erase_entry_;
  Statement clear_entries_;
  Statement set_indexed_up_to_;
  Statement set_end_;
  Statement select_indexed_up_to_;
  Statement select_last_;
  Statement erase_body_;
};

}  // namespace intertie::storage_sqlite
