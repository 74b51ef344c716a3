// The SQLite store against the conformance cases.
#include "sqlite_host.h"

#include <stdlib.h>

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>
#include <sqlite3.h>

#include "snapshot_files.h"

namespace intertie::storage_sqlite {

using storage::StoredPart;

SqliteHost::SqliteHost() {
  place_ = (std::filesystem::temp_directory_path() / "intertie-storage-XXXXXX").string();
  if (::mkdtemp(place_.data()) == nullptr) std::abort();
}

SqliteHost::~SqliteHost() {
  std::error_code ignored;
  std::filesystem::remove_all(place_, ignored);
}

SqliteOptions SqliteHost::options() const {
  SqliteOptions options;
  options.folder = place_ + "/store";
  return options;
}

core::Result<std::unique_ptr<storage::Store>> SqliteHost::open(storage::FailHook fail_hook) {
  SqliteOptions with_hook = options();
  with_hook.fail_hook = std::move(fail_hook);
  return open_sqlite_store(with_hook);
}

void SqliteHost::execute(const std::string& sql) const {
  sqlite3* connection = nullptr;
  const std::string path = options().folder + "/store.db";
  ASSERT_EQ(sqlite3_open(path.c_str(), &connection), SQLITE_OK);
  EXPECT_EQ(sqlite3_exec(connection, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK)
      << sql << ": " << sqlite3_errmsg(connection);
  sqlite3_close(connection);
}

void SqliteHost::flip_byte(StoredPart part, storage::LogIndex index, std::size_t offset) {
  if (part == StoredPart::snapshot) {
    const std::string path = compute_snapshot_path(options().folder, index);
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    ASSERT_TRUE(file.is_open());
    file.seekg(static_cast<std::streamoff>(offset));
    const auto byte = static_cast<char>(file.get() ^ 1);
    file.seekp(static_cast<std::streamoff>(offset));
    file.put(byte);
    return;
  }
  const bool is_body = part == StoredPart::body;
  const char* column = is_body ? "bytes" : part == StoredPart::head ? "head" : "chain";
  sqlite3* connection = nullptr;
  const std::string path = options().folder + "/store.db";
  ASSERT_EQ(sqlite3_open(path.c_str(), &connection), SQLITE_OK);
  sqlite3_blob* blob = nullptr;
  ASSERT_EQ(sqlite3_blob_open(connection, "main", is_body ? "bodies" : "log", column,
                              static_cast<sqlite3_int64>(index), 1, &blob),
            SQLITE_OK)
      << sqlite3_errmsg(connection);
  char byte = 0;
  EXPECT_EQ(sqlite3_blob_read(blob, &byte, 1, static_cast<int>(offset)), SQLITE_OK);
  byte = static_cast<char>(byte ^ 1);
  EXPECT_EQ(sqlite3_blob_write(blob, &byte, 1, static_cast<int>(offset)), SQLITE_OK);
  sqlite3_blob_close(blob);
  sqlite3_close(connection);
}

void SqliteHost::make_format_newer() {
  execute("PRAGMA user_version = " + std::to_string(format_version + 1));
}

namespace {

class SqliteConformance : public testing::TestWithParam<storage::ConformanceCase> {};

TEST_P(SqliteConformance, Holds) {
  SqliteHost host;
  EXPECT_EQ(GetParam().run(host), "");
}

INSTANTIATE_TEST_SUITE_P(Storage, SqliteConformance,
                         testing::ValuesIn(storage::get_conformance_cases()),
                         [](const auto& test) { return std::string(test.param.name); });

}  // namespace
}  // namespace intertie::storage_sqlite
