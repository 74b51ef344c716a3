// Reading a store through a connection of its own, which is made anew when it breaks.
#pragma once

#include <memory>

#include "intertie/storage/store.h"
#include "intertie/storage_postgres/postgres_store.h"

#include "connection.h"

namespace intertie::storage_postgres {

/// A connection for reading a store that must have this incarnation.
class ReadingConnection {
 public:
  ReadingConnection(const PostgresOptions& options, const storage::Incarnation& incarnation)
      : options_(options), incarnation_(incarnation) {}

  /// Runs `read(connection)`, which must have no effect; once more on a new connection if the one
  /// at hand has broken since its last use.
  template <class Read>
  auto run(const Read& read) -> decltype(read(std::declval<Connection&>())) {
    for (bool is_first = true;; is_first = false) {
      const bool was_there = connection_.has_value();
      if (auto connected = connect(); !connected) return connected.error();
      auto result = read(*connection_);
      if (result.has_value() || !connection_->is_broken()) return result;
      connection_.reset();
      if (!was_there || !is_first) return result;
    }
  }

  core::Result<void> connect();

  /// After connect().
  Connection& get() { return *connection_; }
  core::Error drop_if_broken(core::Error error) {
    if (connection_->is_broken()) connection_.reset();
    return error;
  }

 private:
  PostgresOptions options_;
  storage::Incarnation incarnation_;
  std::optional<Connection> connection_;
};

std::unique_ptr<storage::Reader> make_postgres_reader(const PostgresOptions& options,
                                                      const storage::Incarnation& incarnation);

}  // namespace intertie::storage_postgres
