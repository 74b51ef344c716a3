// A copy of a running store.
#include <filesystem>
#include <system_error>

#include "intertie/storage_sqlite/sqlite_store.h"

#include "durable_file.h"
#include "format.h"
#include "snapshot_files.h"

namespace intertie::storage_sqlite {
namespace {

core::Result<void> copy_snapshots(const std::string& from, const std::string& to) {
  const core::Result<std::vector<storage::LogIndex>> indexes = list_snapshot_files(from);
  if (!indexes.has_value()) return indexes.error();
  for (const storage::LogIndex index : *indexes) {
    const core::Result<std::string> stored = read_whole_file(compute_snapshot_path(from, index));
    if (!stored.has_value()) {
      // A newer snapshot may have pushed it out meanwhile.
      if (stored.error().reason == core::Reason::not_found) continue;
      return stored.error();
    }
    auto written = write_synced(compute_snapshot_path(to, index), *stored);
    if (!written.has_value()) return written;
  }
  return {};
}

core::Result<void> copy_database(const SqliteOptions& options, const std::string& to) {
  core::Result<Database> database =
      Database::open(options.folder + std::string(kDatabaseName),
                     {Access::read, options.reader_cache, options.lock_wait});
  if (!database.has_value()) return database.error();
  core::Result<Statement> copy = database->prepare("VACUUM INTO ?1");
  if (!copy.has_value()) return copy.error();
  const std::string path = to + std::string(kDatabaseName);
  // VACUUM INTO accepts an empty file, and so keeps the mode we give it.
  if (auto made = make_file(path); !made.has_value()) return made;
  if (auto copied = copy->bind_text(1, path).run(); !copied.has_value()) return copied;
  return sync_file(path);
}

core::Result<void> fill(const SqliteOptions& options, const std::string& unfinished,
                        const std::string& path) {
  if (auto made = make_folder(unfinished); !made.has_value()) return made;
  if (auto done = copy_snapshots(options.folder, unfinished); !done.has_value()) return done;
  if (auto done = copy_database(options, unfinished); !done.has_value()) return done;
  if (auto done = sync_folder(unfinished); !done.has_value()) return done;
  if (options.fail_hook) {
    auto passed = options.fail_hook(storage::FailPoint::backup_before_rename);
    if (!passed.has_value()) return passed;
  }
  return rename_durably(unfinished, path);
}

}  // namespace

core::Result<void> write_sqlite_backup(const SqliteOptions& options, const std::string& path) {
  if (options.fail_hook) {
    auto passed = options.fail_hook(storage::FailPoint::backup_begin);
    if (!passed.has_value()) return passed;
  }
  if (has_file(path)) return {core::Reason::io_failed, path + " exists already"};
  const std::string unfinished = path + ".part";
  std::error_code error;
  std::filesystem::remove_all(unfinished, error);  // Of an interrupted backup.
  if (error) return {core::Reason::io_failed, unfinished + ": " + error.message()};
  auto filled = fill(options, unfinished, path);
  if (!filled.has_value()) std::filesystem::remove_all(unfinished, error);
  return filled;
}

}  // namespace intertie::storage_sqlite
