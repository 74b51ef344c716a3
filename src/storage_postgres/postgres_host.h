// Test support: a PostgreSQL server of the test's own, and stores in databases of it.
#pragma once

#include <sys/types.h>

#include <string>

#include "intertie/storage/conformance.h"
#include "intertie/storage_postgres/postgres_store.h"

namespace intertie::storage_postgres {

/// A server in a temporary folder, on a Unix socket and a free port of 127.0.0.1. As root it runs
/// as `nobody`, which the server insists on. It ends with this process, however that ends.
class TestServer {
 public:
  TestServer();
  ~TestServer();
  TestServer(const TestServer&) = delete;
  TestServer& operator=(const TestServer&) = delete;

  /// The one that all tests of this program share.
  static TestServer& shared();

  void start();
  /// SIGINT: connections are ended. SIGQUIT: as after a crash.
  void stop(int signal);

  std::string connect_to(const std::string& database) const;
  int port() const { return port_; }

  /// Runs SQL in a database; gives the first value of the first row as text.
  std::string execute(const std::string& database, const std::string& sql) const;

 private:
  std::string folder_;
  int port_ = 0;
  pid_t process_ = 0;
};

/// A database for one store.
class PostgresHost final : public storage::StoreHost {
 public:
  explicit PostgresHost(TestServer& server = TestServer::shared());
  ~PostgresHost() override;
  PostgresHost(const PostgresHost&) = delete;
  PostgresHost& operator=(const PostgresHost&) = delete;

  core::Result<std::unique_ptr<storage::Store>> open(storage::FailHook fail_hook) override;
  void flip_byte(storage::StoredPart part, storage::LogIndex index, std::size_t offset) override;
  void make_format_newer() override;

  std::string execute(const std::string& sql) const { return server_.execute(database_, sql); }
  PostgresOptions options() const;
  TestServer& server() { return server_; }
  const std::string& database() const { return database_; }

 private:
  TestServer& server_;
  std::string database_;
};

}  // namespace intertie::storage_postgres
