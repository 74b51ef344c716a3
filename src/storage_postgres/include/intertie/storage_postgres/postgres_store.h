// The storage port on PostgreSQL: one database, one hub, several processes of which one writes.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "intertie/core/result.h"
#include "intertie/core/time.h"
#include "intertie/storage/copy.h"
#include "intertie/storage/fail_point.h"
#include "intertie/storage/store.h"

namespace intertie::storage_postgres {

/// The newest format this program writes and reads (docs/formats/postgres-store.md).
inline constexpr int format_version = 1;

/// Where a store lives, and how patient to be.
struct PostgresOptions {
  /// As libpq takes it: "postgres://USER@HOST:PORT/DATABASE" or "host=... dbname=...". Never with a
  /// password: libpq finds that in PGPASSFILE, ~/.pgpass, or the file named by `passfile=`.
  std::string connection;
  /// No byte for so long: the connection is given up.
  core::Duration patience = core::seconds(10);
  /// How long an opening writer tries for the lock that its predecessor may be just releasing.
  core::Duration lock_wait = core::seconds(1);
  storage::FailHook fail_hook = {};
  /// Called once, on a thread of the store, when another process has taken the lead: nothing can
  /// be written any more, ever. It must not wait, and not call the store.
  std::function<void()> on_deposed = {};
};

/// Whether the text names a store of this kind: it begins with postgres:// or postgresql://.
bool is_postgres_store(std::string_view place);

/// The connection string without what nobody else need see; for messages. Pure.
std::string describe_connection(const std::string& connection);

/// The port, and what a hub's processes on one database say to each other.
class PostgresStore : public storage::Store {
 public:
  /// The lead's number: one greater with each process that gained it. Checked in every write.
  virtual std::int64_t epoch() const = 0;

  /// Tells followers where the leader answers ("https://HOST:PORT"), with its next beat.
  virtual void announce(const std::string& address) = 0;

  /// Another process has taken the lead; see on_deposed.
  virtual bool is_deposed() const = 0;
};

/// Opens the store for writing: gains the lead (an advisory lock held by the writing connection,
/// and the next epoch). Creates schema and tables, with a random incarnation, if there are none.
/// store_unavailable: no connection, or another process leads. bad_argument: the connection string
/// is none or has a password; the server runs with fsync off. store_damaged: the schema is not
/// ours, or the log does not end with the record that it should end with. version_too_new.
core::Result<std::unique_ptr<PostgresStore>> open_postgres_store(PostgresOptions options);

/// A store opened to look at it: works beside a writer, changes nothing.
struct PostgresView {
  storage::Incarnation incarnation{};
  std::unique_ptr<storage::Reader> reader;
  std::unique_ptr<storage::Snapshots> snapshots;  // Only to read from.
};

/// For followers and `log verify`. Its reader connects anew after a lost connection. The errors of
/// open_postgres_store; not_found: no store there.
core::Result<PostgresView> open_postgres_view(const PostgresOptions& options);

/// A new store of this incarnation, to be filled (storage/copy.h), in one transaction.
/// already_exists: the database has a store.
core::Result<std::unique_ptr<storage::CopyTarget>> make_postgres_copy(
    const PostgresOptions& options, const storage::Incarnation& incarnation);

}  // namespace intertie::storage_postgres
