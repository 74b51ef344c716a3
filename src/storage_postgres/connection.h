// libpq as values: a connection that never waits without end, parameters and rows in binary.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "intertie/core/result.h"
#include "intertie/core/time.h"

#include "values.h"

struct pg_conn;
struct pg_result;

namespace intertie::storage_postgres {

/// SQL that a connection prepares at its first use. Both texts are literals.
struct Statement {
  const char* name;
  const char* sql;
};

/// The rows of one result. Columns count from 0.
class Rows {
 public:
  Rows() = default;
  explicit Rows(pg_result* result) : result_(result) {}

  int size() const;
  bool is_null(int row, int column) const;
  /// Valid as long as these rows.
  std::string_view bytes(int row, int column) const;
  /// An int4 or int8.
  std::int64_t integer(int row, int column) const;
  bool boolean(int row, int column) const;

 private:
  struct Clear {
    void operator()(pg_result* result) const;
  };
  std::unique_ptr<pg_result, Clear> result_;
};

/// One connection; one thread at a time. After an error of a call `is_broken` says whether it can
/// still be used; a writer drops it in any case.
class Connection {
 public:
  /// Connects, within `patience`; each later call gives up after `patience` without a byte.
  /// bad_argument: not a connection string, or one with a password. Else store_unavailable.
  static core::Result<Connection> open(const std::string& connection, core::Duration patience);

  /// Runs statements without parameters; rows are ignored.
  core::Result<void> execute(const std::string& sql);

  core::Result<Rows> query(const Statement& statement, const Values& values = {});

  /// The same in two halves: other work can be done while the server is at it.
  core::Result<void> send(const Statement& statement, const Values& values);
  core::Result<Rows> receive();

  /// Queues a statement of a batch; what is queued up to sync() is one transaction.
  core::Result<void> queue(const Statement& statement, const Values& values);
  /// Sends what is queued so far without ending the transaction.
  core::Result<void> push();
  /// Ends the batch: it is committed if this succeeds, unknown if the connection broke.
  core::Result<void> sync();

  /// Waits for a notification of a LISTEN; false: none came in time.
  core::Result<bool> wait_notification(core::Duration wait);

  bool is_broken() const;
  int server_process() const;
  /// The server's code of the last error that it reported ("23514"); empty: none.
  const std::string& last_code() const { return last_code_; }

 private:
  struct Finish {
    void operator()(pg_conn* connection) const;
  };
  Connection(pg_conn* connection, core::Duration patience)
      : connection_(connection), patience_(patience) {}
  core::Result<void> finish_connecting();
  core::Result<void> prepare(const Statement& statement);
  core::Result<void> flush();
  core::Result<void> wait_socket(bool wants_write);
  core::Result<pg_result*> next_result();
  core::Error make_error(std::string_view during);
  core::Error note_failure(const pg_result* result, std::string_view during);

  std::unique_ptr<pg_conn, Finish> connection_;
  core::Duration patience_;
  std::set<std::string_view> prepared_;
  std::string last_code_;
  int queued_ = 0;            // Results that the batch will give.
  bool is_given_up_ = false;  // It did not answer in time.
};

}  // namespace intertie::storage_postgres
