// SQLite's C API as values: connections and statements that close themselves, errors as reasons.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "intertie/core/quantity.h"
#include "intertie/core/result.h"

struct sqlite3;
struct sqlite3_stmt;

namespace intertie::storage_sqlite {

/// The error that SQLite reports on `connection` for `code` (a result code).
core::Error make_error(sqlite3* connection, int code, std::string_view during);

/// A prepared statement. Parameters count from 1, columns from 0. Bound bytes must stay alive
/// until the statement was reset.
class Statement {
 public:
  Statement() = default;
  Statement(sqlite3* connection, sqlite3_stmt* statement)
      : connection_(connection), statement_(statement) {}

  Statement& bind(int parameter, std::int64_t value);
  Statement& bind(int parameter, std::string_view blob);
  Statement& bind_text(int parameter, std::string_view text);
  Statement& bind_null(int parameter);

  /// True: a row stands ready to be read. False: done.
  core::Result<bool> step();

  /// Steps a statement without rows to its end, then resets it.
  core::Result<void> run();

  void reset();

  std::int64_t column_integer(int column) const;
  /// Valid until the next step or reset.
  std::string_view column_blob(int column) const;
  bool is_null(int column) const;
  bool is_text(int column) const;

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };
  sqlite3* connection_ = nullptr;
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

/// Resets a statement at the end of a scope, so that no read transaction stays open.
class ResetAtEnd {
 public:
  explicit ResetAtEnd(Statement& statement) : statement_(statement) {}
  ~ResetAtEnd() { statement_.reset(); }
  ResetAtEnd(const ResetAtEnd&) = delete;
  ResetAtEnd& operator=(const ResetAtEnd&) = delete;

 private:
  Statement& statement_;
};

enum class Access : std::uint8_t { read, write };

struct ConnectionOptions {
  Access access = Access::read;
  core::Bytes cache;
  core::Duration lock_wait;
};

/// One connection; one thread at a time. Its statements must be destroyed before it.
class Database {
 public:
  /// The file must exist. Sets cache and waiting; reads the file's header.
  static core::Result<Database> open(const std::string& path, const ConnectionOptions& options);

  core::Result<Statement> prepare(std::string_view sql) const;

  /// Runs statements without parameters; rows are ignored.
  core::Result<void> execute(const std::string& sql) const;

  /// The first column of the first row, an integer.
  core::Result<std::int64_t> read_integer(std::string_view sql) const;

  /// Closing the last connection then leaves the WAL as it is, instead of folding it back.
  void keep_wal_on_close() const;

 private:
  struct Close {
    void operator()(sqlite3* connection) const;
  };
  std::unique_ptr<sqlite3, Close> connection_;
};

}  // namespace intertie::storage_sqlite
