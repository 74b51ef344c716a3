// Whether the log ends where it should: the last record is known in two more places than the log.
#pragma once

#include <string>

#include "intertie/core/result.h"
#include "intertie/storage/record.h"

#include "database.h"

namespace intertie::storage_sqlite {

// A damaged page of the log's tree can hide records without any error of SQLite's, and a lost WAL
// takes whole transactions with it. Both leave a log that is shorter and verifies. So the last
// record's index and chain digest also stand
//   in the table `store`, written in the append's transaction (format 2): exactly the log's end;
//   in the file `head` (head_file.h), written after it: at most the log's end.

/// What the row of `store` and the log's tree say of the log's end, read as of one moment.
/// store_damaged: they differ, and how. A file of format 1 has no such row and passes. O(log n).
core::Result<void> check_stored_end(const Database& database);

/// store_damaged: the log does not hold `acknowledged` (index 0: nothing was). O(log n).
core::Result<void> check_acknowledged(const Database& database,
                                      const storage::LogPosition& acknowledged);

}  // namespace intertie::storage_sqlite
