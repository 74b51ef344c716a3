// Snapshots as files: written under a passing name, synced, renamed.
#pragma once

#include <memory>

#include "intertie/storage/store.h"
#include "intertie/storage_sqlite/sqlite_store.h"

namespace intertie::storage_sqlite {

std::unique_ptr<storage::Snapshots> open_snapshot_files(const std::string& folder,
                                                        const storage::Incarnation& incarnation,
                                                        const storage::FailHook& fail_hook);

/// The indexes of the snapshot files in `folder`, newest first.
core::Result<std::vector<storage::LogIndex>> list_snapshot_files(const std::string& folder);

/// The path of the snapshot at `index`.
std::string compute_snapshot_path(const std::string& folder, storage::LogIndex index);

/// Removes what an interrupted write left. Only the store's writer calls it, before it writes.
void remove_unfinished_snapshots(const std::string& folder);

}  // namespace intertie::storage_sqlite
