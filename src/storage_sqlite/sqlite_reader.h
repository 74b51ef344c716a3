// Reading a store through a connection of its own.
#pragma once

#include <memory>

#include "intertie/storage/store.h"
#include "intertie/storage_sqlite/sqlite_store.h"

#include "database.h"

namespace intertie::storage_sqlite {

/// Opens a reading connection on a store that exists.
core::Result<std::unique_ptr<storage::Reader>> open_sqlite_reader(
    const SqliteOptions& options, const storage::Incarnation& incarnation);

/// The last record's index and chain digest, on any connection.
core::Result<storage::LogPosition> read_last_position(Statement& select_last,
                                                      const storage::Incarnation& incarnation);

inline constexpr std::string_view kSelectLast =
    "SELECT idx, chain FROM log ORDER BY idx DESC LIMIT 1";
inline constexpr std::string_view kSelectIndexedUpTo = "SELECT indexed_up_to FROM store";

}  // namespace intertie::storage_sqlite
