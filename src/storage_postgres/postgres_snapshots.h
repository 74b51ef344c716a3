// The snapshots of a store, in pieces in a table of their own.
#pragma once

#include <memory>

#include "intertie/storage/store.h"
#include "intertie/storage_postgres/postgres_store.h"

#include "connection.h"

namespace intertie::storage_postgres {

/// `epoch`: whose snapshots are taken; 0: only to read.
std::unique_ptr<storage::Snapshots> make_postgres_snapshots(const PostgresOptions& options,
                                                            const storage::Incarnation& incarnation,
                                                            std::int64_t epoch);

/// Puts an encoded snapshot in the place of any other at this index, within a transaction.
core::Result<void> write_snapshot_pieces(Connection& connection, storage::LogIndex index,
                                         const std::string& stored);

}  // namespace intertie::storage_postgres
