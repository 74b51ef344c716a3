// The tables, what every opener checks first, and the SQL that more than one file uses.
#pragma once

#include <optional>

#include "intertie/core/result.h"
#include "intertie/storage/record.h"

#include "connection.h"

namespace intertie::storage_postgres {

/// The advisory lock of the one writing process of a database.
inline constexpr const char* kLockKey = "1230263124, 1";  // "ITST"
/// Told at each append.
inline constexpr const char* kChannel = "intertie_log";

/// What a sound store says about itself; nothing: there is no schema yet. version_too_new;
/// store_damaged: a schema of this name that is not ours.
core::Result<std::optional<storage::Incarnation>> read_incarnation(Connection& connection);

/// Creates schema and tables in one transaction, unless another process just did. `fresh` becomes
/// the incarnation.
core::Result<void> create_schema(Connection& connection, const storage::Incarnation& fresh);

/// The statements of create_schema, without a transaction around them.
core::Result<void> create_tables(Connection& connection, const storage::Incarnation& fresh);

/// The last record's index and chain digest.
core::Result<storage::LogPosition> read_last_position(Connection& connection,
                                                      const storage::Incarnation& incarnation);

/// The row of `store`.
struct StoreRow {
  storage::LogPosition last;
  storage::LogIndex indexed_up_to = 0;
  std::int64_t epoch = 0;
};
/// Waits for a transaction that is just changing it.
core::Result<StoreRow> read_store_row(Connection& connection);

/// The random bytes of a new store.
core::Result<storage::Incarnation> make_incarnation();

/// A digest's 32 bytes; false: of another length.
bool read_digest(std::string_view bytes, crypto::Digest& digest);

}  // namespace intertie::storage_postgres
