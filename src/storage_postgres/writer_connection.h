// The writing connection: it holds the lead's lock, and checks the lead's epoch in every write.
#pragma once

#include <vector>

#include "intertie/core/result.h"
#include "intertie/storage/chain.h"
#include "intertie/storage/store.h"
#include "intertie/storage_postgres/postgres_store.h"

#include "connection.h"
#include "schema.h"

namespace intertie::storage_postgres {

/// Who leads, as the writer knows it between its connections.
struct Lead {
  std::int64_t epoch = 0;  // 0: not gained yet.
  int server_process = 0;  // That held the lock last; 0: none.
};

/// One connection, dropped after any error. Each change is one transaction that begins with the
/// check of the epoch and is pushed to the server before `commit`.
class WriterConnection {
 public:
  /// Connects, checks that commits are synced, and locks. Creates the schema if there is none.
  static core::Result<WriterConnection> open(const PostgresOptions& options, const Lead& lead,
                                             const storage::Incarnation& fresh);

  /// Connects, and begins a transaction in which the store is made: already_exists. What follows
  /// up to finish_new is part of it.
  static core::Result<WriterConnection> open_new(const PostgresOptions& options,
                                                 const storage::Incarnation& incarnation);
  core::Result<void> finish_new(const storage::LogPosition& last);
  Connection& connection() { return connection_; }

  /// The next epoch becomes ours.
  core::Result<std::int64_t> gain_lead();
  core::Result<StoreRow> read_row() { return read_store_row(connection_); }
  core::Result<storage::Incarnation> read_own_incarnation();

  /// Begins a change that moves the log's end from `from` to `to`.
  core::Result<void> begin_append(std::int64_t epoch, const storage::LogPosition& from,
                                  const storage::LogPosition& to, storage::LogIndex indexed_up_to);
  /// Begins a change that leaves it.
  core::Result<void> begin_change(std::int64_t epoch);
  core::Result<void> insert_records(const storage::Batch& batch,
                                    const std::vector<storage::Link>& links);
  core::Result<void> write_entries(const std::vector<storage::IndexWrite>& writes);
  core::Result<void> clear_entries();
  core::Result<void> set_indexed_up_to(storage::LogIndex index);
  core::Result<void> erase_body(storage::LogIndex index);
  core::Result<void> push() { return connection_.push(); }
  core::Result<void> commit() { return connection_.sync(); }

  /// Outside of a change: the bytes that no row has any more are given back.
  core::Result<void> clean_bodies();

  int server_process() const { return connection_.server_process(); }

 private:
  // Connects, and checks that commits are synced.
  static core::Result<WriterConnection> connect(const PostgresOptions& options);
  explicit WriterConnection(Connection connection) : connection_(std::move(connection)) {}
  core::Result<void> set_up(core::Duration patience);
  core::Result<void> lock(const Lead& lead, core::Duration wait);

  Connection connection_;
};

}  // namespace intertie::storage_postgres
