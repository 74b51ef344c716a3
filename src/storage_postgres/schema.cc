#include "schema.h"

#include <sys/random.h>

#include <algorithm>

#include "intertie/storage/chain.h"
#include "intertie/storage_postgres/postgres_store.h"

namespace intertie::storage_postgres {
namespace {

// docs/formats/postgres-store.md says what each column means.
//   store      one row, written in every transaction of the log: where the log ends, how far the
//              index reflects it, and the epoch of who may write. A write by anybody else makes
//              is_led false, which the CHECK refuses together with the rest of its transaction.
//   leader     one row: how the leader's processes shows that it lives, and where it answers. Apart
//              from `store`, so that a beat never waits for an append.
//   snapshots  in pieces, since a value of a server is at most 1 GB.
constexpr const char* kTables = R"(
  CREATE SCHEMA intertie;
  CREATE TABLE intertie.store(
    id int4 PRIMARY KEY CHECK (id = 1),
    format int4 NOT NULL,
    incarnation bytea NOT NULL CHECK (length(incarnation) = 16),
    last_index int8 NOT NULL,
    last_chain bytea NOT NULL,
    indexed_up_to int8 NOT NULL,
    epoch int8 NOT NULL,
    is_led boolean NOT NULL CONSTRAINT only_the_leader_writes CHECK (is_led)
  ) WITH (fillfactor = 20, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_scale_factor = 0);
  CREATE TABLE intertie.leader(
    id int4 PRIMARY KEY CHECK (id = 1),
    epoch int8 NOT NULL,
    beat int8 NOT NULL,
    address text NOT NULL
  ) WITH (fillfactor = 20, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_scale_factor = 0);
  CREATE TABLE intertie.log(
    idx int8 PRIMARY KEY CHECK (idx >= 1),
    time int8 NOT NULL,
    kind int4 NOT NULL CHECK (kind BETWEEN 0 AND 65535),
    version int4 NOT NULL CHECK (version BETWEEN 0 AND 65535),
    body_digest bytea,
    chain bytea NOT NULL,
    head bytea NOT NULL);
  CREATE TABLE intertie.bodies(
    idx int8 PRIMARY KEY,
    is_erased boolean NOT NULL,
    bytes bytea NOT NULL);
  CREATE TABLE intertie.entries(
    tab int4 NOT NULL,
    key bytea NOT NULL,
    value bytea NOT NULL,
    PRIMARY KEY (tab, key)
  ) WITH (fillfactor = 90);
  CREATE TABLE intertie.snapshots(
    idx int8 NOT NULL,
    part int4 NOT NULL,
    bytes bytea NOT NULL,
    PRIMARY KEY (idx, part));
  ALTER TABLE intertie.snapshots ALTER COLUMN bytes SET STORAGE EXTERNAL;
  INSERT INTO intertie.leader VALUES (1, 0, 0, '');
)";

constexpr Statement kSelectSchema{"select_schema",
                                  "SELECT to_regnamespace('intertie') IS NOT NULL,"
                                  " to_regclass('intertie.store') IS NOT NULL"};
constexpr Statement kSelectFormat{"select_format",
                                  "SELECT format, incarnation FROM intertie.store"};
constexpr Statement kInsertStore{
    "insert_store",
    "INSERT INTO intertie.store VALUES (1, $1::int8::int4, $2::bytea, 0, $3::bytea, 0, 0, true)"};
constexpr Statement kSelectLast{"select_last",
                                "SELECT idx, chain FROM intertie.log ORDER BY idx DESC LIMIT 1"};
constexpr Statement kSelectRow{"select_row",
                               "SELECT last_index, last_chain, indexed_up_to, epoch"
                               " FROM intertie.store WHERE id = 1 FOR NO KEY UPDATE"};

core::Error not_ours() {
  return {core::Reason::store_damaged,
          "the database has a schema `intertie` that is not a store of this program; name another "
          "database"};
}

}  // namespace

bool read_digest(std::string_view bytes, crypto::Digest& digest) {
  if (bytes.size() != digest.bytes.size()) return false;
  std::copy(bytes.begin(), bytes.end(), digest.bytes.begin());
  return true;
}

core::Result<storage::Incarnation> make_incarnation() {
  storage::Incarnation incarnation{};
  if (::getentropy(incarnation.data(), incarnation.size()) != 0) {
    return {core::Reason::store_unavailable, "the system gives no random bytes"};
  }
  return incarnation;
}

core::Result<std::optional<storage::Incarnation>> read_incarnation(Connection& connection) {
  const core::Result<Rows> found = connection.query(kSelectSchema);
  if (!found) return found.error();
  const bool has_schema = found->boolean(0, 0);
  const bool has_store = found->boolean(0, 1);
  if (!has_schema) return std::optional<storage::Incarnation>();
  if (!has_store) return not_ours();
  const core::Result<Rows> row = connection.query(kSelectFormat);
  if (!row) return connection.is_broken() ? row.error() : not_ours();
  if (row->size() != 1) return not_ours();
  const std::int64_t format = row->integer(0, 0);
  if (format > format_version) {
    return {core::Reason::version_too_new, "store format " + std::to_string(format) +
                                               "; this program reads up to " +
                                               std::to_string(format_version)};
  }
  storage::Incarnation incarnation{};
  const std::string_view bytes = row->bytes(0, 1);
  if (format < 1 || bytes.size() != incarnation.size()) return not_ours();
  std::copy(bytes.begin(), bytes.end(), incarnation.begin());
  return std::optional(incarnation);
}

core::Result<void> create_tables(Connection& connection, const storage::Incarnation& fresh) {
  if (auto done = connection.execute(kTables); !done) return done;
  Values values;
  values.add(std::int64_t{format_version});
  values.add(std::string(reinterpret_cast<const char*>(fresh.data()), fresh.size()));
  values.add(storage::chain_genesis(fresh));
  const core::Result<Rows> inserted = connection.query(kInsertStore, values);
  if (!inserted) return inserted.error();
  return {};
}

core::Result<void> create_schema(Connection& connection, const storage::Incarnation& fresh) {
  // Whoever comes second waits here, and finds the schema.
  auto done = connection.execute("BEGIN; SELECT pg_advisory_xact_lock(1230263124, 2)");
  if (!done) return done;
  const auto found = read_incarnation(connection);
  if (!found) return found.error();
  if (found->has_value()) return connection.execute("COMMIT");
  if (done = create_tables(connection, fresh); !done) return done;
  return connection.execute("COMMIT");
}

core::Result<storage::LogPosition> read_last_position(Connection& connection,
                                                      const storage::Incarnation& incarnation) {
  const core::Result<Rows> row = connection.query(kSelectLast);
  if (!row) return row.error();
  if (row->size() == 0) return storage::LogPosition{0, storage::chain_genesis(incarnation)};
  storage::LogPosition last;
  last.index = static_cast<storage::LogIndex>(row->integer(0, 0));
  if (!read_digest(row->bytes(0, 1), last.chain)) {
    return {core::Reason::store_damaged,
            "record " + std::to_string(last.index) + ": its chain digest has a wrong length"};
  }
  return last;
}

core::Result<StoreRow> read_store_row(Connection& connection) {
  const core::Result<Rows> row = connection.query(kSelectRow);
  if (!row) return row.error();
  StoreRow found;
  if (row->size() != 1 || !read_digest(row->bytes(0, 1), found.last.chain)) {
    return {core::Reason::store_damaged, "the store's own row is missing"};
  }
  found.last.index = static_cast<storage::LogIndex>(row->integer(0, 0));
  found.indexed_up_to = static_cast<storage::LogIndex>(row->integer(0, 2));
  found.epoch = row->integer(0, 3);
  return found;
}

}  // namespace intertie::storage_postgres
