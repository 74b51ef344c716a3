// A copy of a running store.
#pragma once

#include <string>

#include "intertie/core/result.h"
#include "intertie/storage_sqlite/sqlite_store.h"

namespace intertie::storage_sqlite {

/// Copies the store in `options.folder` to the folder `path`, which must not exist: the newest
/// snapshots, then the database as of one moment after them (VACUUM INTO, so without free pages),
/// all synced; `path` appears only when the copy is complete.
core::Result<void> write_backup(const SqliteOptions& options, const std::string& path);

}  // namespace intertie::storage_sqlite
