// The database's format: numbered migrations, and what every opener checks first.
#pragma once

#include "intertie/core/result.h"
#include "intertie/storage/record.h"

#include "database.h"

namespace intertie::storage_sqlite {

/// The name of the database file within the store's folder.
inline constexpr std::string_view kDatabaseName = "/store.db";

/// What stands for an erased body from format 2 on: a text, where bodies are blobs.
inline constexpr std::string_view kErasedBody = "erased";

/// The format number of the file; 0: empty, new. version_too_new; store_damaged: not a store.
core::Result<int> read_format(const Database& database);

/// Brings a file of format `from` to the current one: each step in a transaction of its own.
/// `fresh` becomes the incarnation of a new store.
core::Result<void> migrate(const Database& database, int from, const storage::Incarnation& fresh);

core::Result<storage::Incarnation> read_incarnation(const Database& database);

}  // namespace intertie::storage_sqlite
