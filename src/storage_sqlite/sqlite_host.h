// Test support: one SQLite store in a folder of its own, which can be damaged on purpose.
#pragma once

#include <string>

#include "intertie/storage/conformance.h"
#include "intertie/storage_sqlite/sqlite_store.h"

namespace intertie::storage_sqlite {

/// Makes a folder under the temporary one and removes it at the end.
class SqliteHost final : public storage::StoreHost {
 public:
  SqliteHost();
  ~SqliteHost() override;
  SqliteHost(const SqliteHost&) = delete;
  SqliteHost& operator=(const SqliteHost&) = delete;

  core::Result<std::unique_ptr<storage::Store>> open(storage::FailHook fail_hook) override;
  void flip_byte(storage::StoredPart part, storage::LogIndex index, std::size_t offset) override;
  void make_format_newer() override;

  /// Runs SQL on the closed store's database.
  void execute(const std::string& sql) const;

  /// The parent of the store's folder: a place for more.
  const std::string& place() const { return place_; }
  SqliteOptions options() const;

 private:
  std::string place_;
};

}  // namespace intertie::storage_sqlite
