#include "format.h"

#include <algorithm>
#include <array>
#include <string>

#include "intertie/storage_sqlite/sqlite_store.h"

namespace intertie::storage_sqlite {
namespace {

// "ITST", so that file(1) and we know the file.
constexpr std::int64_t kApplicationId = 0x49545354;

// Format 1:
//   store    one row: the incarnation, and up to which record the index reflects the log
//   log      one row a record: the heads lie dense, so that replay reads only what it needs
//            (one row a record reads 6 M rows/s here; a blob a batch would read 20 M, but the
//            digests take 0.6 us a record in either case, and this one SQL can look into)
//   bodies   the bodies, apart; NULL bytes: erased (format 1); no row: there was none
//   entries  the index; WITHOUT ROWID, so a table's rows lie in key order
// Format 2: `store` also has the last record's index and chain digest (NULL: none yet), written in
// the transaction of the append: a second place, in another page than the log's, so that a damaged
// tree that hides the log's end is noticed. The row is written at each append anyway. And an erased
// body is the text 'erased', since a row whose bytes were lost reads as NULL.
// kMigrations[i] leads from format i to i + 1 and is never changed once released.
constexpr std::array kMigrations = {
    R"(CREATE TABLE store(
         id INTEGER PRIMARY KEY CHECK (id = 1),
         incarnation BLOB NOT NULL,
         indexed_up_to INTEGER NOT NULL);
       CREATE TABLE log(
         idx INTEGER PRIMARY KEY,
         time INTEGER NOT NULL,
         kind INTEGER NOT NULL,
         version INTEGER NOT NULL,
         body_digest BLOB,
         chain BLOB NOT NULL,
         head BLOB NOT NULL);
       CREATE TABLE bodies(
         idx INTEGER PRIMARY KEY,
         bytes BLOB);
       CREATE TABLE entries(
         tab INTEGER NOT NULL,
         key BLOB NOT NULL,
         value BLOB NOT NULL,
         PRIMARY KEY (tab, key)) WITHOUT ROWID;
       PRAGMA application_id = 1230263124;)",
    R"(ALTER TABLE store ADD COLUMN last_index INTEGER NOT NULL DEFAULT 0;
       ALTER TABLE store ADD COLUMN last_chain BLOB;
       UPDATE store SET
         last_index = (SELECT coalesce(max(idx), 0) FROM log),
         last_chain = (SELECT chain FROM log ORDER BY idx DESC LIMIT 1);
       UPDATE bodies SET bytes = 'erased' WHERE bytes IS NULL;)",
};
static_assert(kMigrations.size() == format_version);
static_assert(kApplicationId == 1230263124);

core::Result<void> insert_incarnation(const Database& database,
                                      const storage::Incarnation& incarnation) {
  core::Result<Statement> insert =
      database.prepare("INSERT INTO store(id, incarnation, indexed_up_to) VALUES (1, ?1, 0)");
  if (!insert.has_value()) return insert.error();
  const std::string_view bytes(reinterpret_cast<const char*>(incarnation.data()),
                               incarnation.size());
  return insert->bind(1, bytes).run();
}

}  // namespace

core::Result<int> read_format(const Database& database) {
  const auto found = database.read_integer("PRAGMA user_version");
  if (!found.has_value()) return found.error();
  const auto application = database.read_integer("PRAGMA application_id");
  if (!application.has_value()) return application.error();
  const auto tables = database.read_integer("SELECT count(*) FROM sqlite_schema");
  if (!tables.has_value()) return tables.error();
  const bool is_new = *found == 0 && *application == 0 && *tables == 0;
  if (!is_new && (*application != kApplicationId || *found < 1)) {
    return {core::Reason::store_damaged, "the file is not a store of this program"};
  }
  if (*found > format_version) {
    return {core::Reason::version_too_new, "store format " + std::to_string(*found) +
                                               "; this program reads up to " +
                                               std::to_string(format_version)};
  }
  return static_cast<int>(*found);
}

core::Result<void> migrate(const Database& database, int from, const storage::Incarnation& fresh) {
  for (int format = from; format < format_version; ++format) {
    if (auto begun = database.execute("BEGIN IMMEDIATE"); !begun.has_value()) return begun;
    const auto index = static_cast<std::size_t>(format);
    if (auto done = database.execute(kMigrations[index]); !done.has_value()) return done;
    if (format == 0) {
      if (auto done = insert_incarnation(database, fresh); !done.has_value()) return done;
    }
    const std::string end = "PRAGMA user_version = " + std::to_string(format + 1) + "; COMMIT";
    if (auto done = database.execute(end); !done.has_value()) return done;
  }
  return {};
}

core::Result<storage::Incarnation> read_incarnation(const Database& database) {
  core::Result<Statement> select = database.prepare("SELECT incarnation FROM store WHERE id = 1");
  if (!select.has_value()) return select.error();
  const core::Result<bool> has_row = select->step();
  if (!has_row.has_value()) return has_row.error();
  storage::Incarnation incarnation{};
  const std::string_view bytes = *has_row ? select->column_blob(0) : std::string_view{};
  if (bytes.size() != incarnation.size()) {
    return {core::Reason::store_damaged, "the store has no incarnation"};
  }
  std::copy(bytes.begin(), bytes.end(), incarnation.begin());
  return incarnation;
}

}  // namespace intertie::storage_sqlite
