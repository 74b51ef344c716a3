#include "database.h"

#include <cassert>

#include <sqlite3.h>

namespace intertie::storage_sqlite {
namespace {

core::Reason reason_of(int code) {
  switch (code & 0xff) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_FORMAT:
    case SQLITE_TOOBIG:
      return core::Reason::store_damaged;
    case SQLITE_FULL:
    case SQLITE_IOERR:
    case SQLITE_READONLY:
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_AUTH:
    case SQLITE_NOMEM:
    case SQLITE_PROTOCOL:
    case SQLITE_NOLFS:
    case SQLITE_INTERRUPT:
      return core::Reason::store_unavailable;
    case SQLITE_ERROR:  // A table or column is missing, so the file is not what it says it is.
    case SQLITE_SCHEMA:
    case SQLITE_MISMATCH:
    case SQLITE_CONSTRAINT:
      return core::Reason::store_damaged;
    default:
      return core::Reason::internal;
  }
}

}  // namespace

core::Error make_error(sqlite3* connection, int code, std::string_view during) {
  std::string detail(during);
  detail += ": ";
  detail += connection == nullptr ? sqlite3_errstr(code) : sqlite3_errmsg(connection);
  detail += " (SQLite code " + std::to_string(code) + ")";
  const int system_error = connection == nullptr ? 0 : sqlite3_system_errno(connection);
  if (system_error != 0) detail += ", errno " + std::to_string(system_error);
  return {reason_of(code), std::move(detail)};
}

Statement& Statement::bind(int parameter, std::int64_t value) {
  const int code = sqlite3_bind_int64(statement_.get(), parameter, value);
  assert(code == SQLITE_OK);
  return *this;
}

Statement& Statement::bind(int parameter, std::string_view blob) {
  // A null pointer would bind NULL instead of an empty blob.
  const char* bytes = blob.data() == nullptr ? "" : blob.data();
  const int code =
      sqlite3_bind_blob64(statement_.get(), parameter, bytes, blob.size(), SQLITE_STATIC);
  assert(code == SQLITE_OK);
  return *this;
}

Statement& Statement::bind_text(int parameter, std::string_view text) {
  const int code = sqlite3_bind_text64(statement_.get(), parameter, text.data(), text.size(),
                                       SQLITE_STATIC, SQLITE_UTF8);
  assert(code == SQLITE_OK);
  return *this;
}

Statement& Statement::bind_null(int parameter) {
  const int code = sqlite3_bind_null(statement_.get(), parameter);
  assert(code == SQLITE_OK);
  return *this;
}

core::Result<bool> Statement::step() {
  const int code = sqlite3_step(statement_.get());
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return make_error(connection_, code, sqlite3_sql(statement_.get()));
}

core::Result<void> Statement::run() {
  const core::Result<bool> stepped = step();
  reset();
  if (!stepped.has_value()) return stepped.error();
  assert(!*stepped);
  return {};
}

void Statement::reset() { sqlite3_reset(statement_.get()); }

std::int64_t Statement::column_integer(int column) const {
  return sqlite3_column_int64(statement_.get(), column);
}

std::string_view Statement::column_blob(int column) const {
  const void* bytes = sqlite3_column_blob(statement_.get(), column);
  const int length = sqlite3_column_bytes(statement_.get(), column);
  return bytes == nullptr
             ? std::string_view{}
             : std::string_view(static_cast<const char*>(bytes), static_cast<std::size_t>(length));
}

bool Statement::is_null(int column) const {
  return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL;
}

bool Statement::is_text(int column) const {
  return sqlite3_column_type(statement_.get(), column) == SQLITE_TEXT;
}

void Statement::Finalize::operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }

core::Result<Database> Database::open(const std::string& path, const ConnectionOptions& options) {
  const int mode = options.access == Access::write ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY;
  sqlite3* connection = nullptr;
  const int code = sqlite3_open_v2(path.c_str(), &connection,
                                   mode | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, nullptr);
  Database database;
  database.connection_.reset(connection);
  if (code != SQLITE_OK) return make_error(connection, code, path);
  sqlite3_busy_timeout(connection, static_cast<int>(options.lock_wait.count / 1'000));
  // No mmap: a failing disk must be an error code, not SIGBUS, and mapped pages count as memory.
  const std::string settings =
      "PRAGMA mmap_size=0; PRAGMA trusted_schema=OFF; PRAGMA temp_store=MEMORY; PRAGMA "
      "cache_size=-" +
      std::to_string(options.cache.count / 1024);
  if (auto set = database.execute(settings); !set.has_value()) return set.error();
  return database;
}

core::Result<Statement> Database::prepare(std::string_view sql) const {
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v3(connection_.get(), sql.data(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  if (code != SQLITE_OK) return make_error(connection_.get(), code, sql);
  return Statement(connection_.get(), statement);
}

core::Result<void> Database::execute(const std::string& sql) const {
  const int code = sqlite3_exec(connection_.get(), sql.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return make_error(connection_.get(), code, sql);
  return {};
}

core::Result<std::int64_t> Database::read_integer(std::string_view sql) const {
  core::Result<Statement> statement = prepare(sql);
  if (!statement.has_value()) return statement.error();
  const core::Result<bool> has_row = statement->step();
  if (!has_row.has_value()) return has_row.error();
  if (!*has_row) return {core::Reason::store_damaged, "no row: " + std::string(sql)};
  return statement->column_integer(0);
}

void Database::keep_wal_on_close() const {
  const int code =
      sqlite3_db_config(connection_.get(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  assert(code == SQLITE_OK);
}

void Database::Close::operator()(sqlite3* connection) const { sqlite3_close_v2(connection); }

}  // namespace intertie::storage_sqlite
