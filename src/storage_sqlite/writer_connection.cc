#include "writer_connection.h"

#include <algorithm>
#include <functional>
#include <tuple>

#include "durable_file.h"
#include "format.h"
#include "log_end.h"
#include "sqlite_reader.h"

namespace intertie::storage_sqlite {
namespace {

std::string_view as_text(const crypto::Digest& digest) {
  return {reinterpret_cast<const char*>(digest.bytes.data()), digest.bytes.size()};
}

}  // namespace

core::Result<WriterConnection> WriterConnection::open(const SqliteOptions& options,
                                                      const storage::Incarnation& fresh) {
  const std::string path = options.folder + std::string(kDatabaseName);
  if (auto made = make_file(path); !made.has_value()) return made.error();
  if (auto synced = rewrite_durably(path + "-wal"); !synced.has_value()) return synced.error();
  core::Result<Database> database =
      Database::open(path, {Access::write, options.writer_cache, options.lock_wait});
  if (!database.has_value()) return database.error();
  const core::Result<int> format = read_format(*database);
  if (!format.has_value()) return format.error();
  const std::string settings =
      "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA secure_delete=ON;"
      "PRAGMA journal_size_limit=67108864; PRAGMA wal_autocheckpoint=" +
      std::to_string(options.checkpoint_pages);
  if (auto set = database->execute(settings); !set.has_value()) return set.error();
  if (auto done = migrate(*database, *format, fresh); !done.has_value()) return done.error();
  WriterConnection connection(*std::move(database));
  if (auto prepared = connection.prepare(); !prepared.has_value()) return prepared.error();
  // Before anything is decided from a log that may be shorter than what was acknowledged.
  auto ends = check_stored_end(connection.database_);
  if (!ends.has_value()) return ends.error();
  return connection;
}

core::Result<void> WriterConnection::prepare() {
  struct Pair {
    Statement& statement;
    std::string_view sql;
  };
  for (const Pair& pair :
       {Pair{begin_, "BEGIN IMMEDIATE"}, Pair{commit_, "COMMIT"},
        Pair{insert_record_,
             "INSERT INTO log(idx, time, kind, version, body_digest, chain, head)"
             " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)"},
        Pair{insert_body_, "INSERT INTO bodies(idx, bytes) VALUES (?1, ?2)"},
        Pair{put_entry_,
             "INSERT INTO entries(tab, key, value) VALUES (?1, ?2, ?3)"
             " ON CONFLICT DO UPDATE SET value = excluded.value"},
        Pair{erase_entry_, "DELETE FROM entries WHERE tab = ?1 AND key = ?2"},
        Pair{clear_entries_, "DELETE FROM entries"},
        Pair{set_indexed_up_to_, "UPDATE store SET indexed_up_to = ?1"},
        Pair{set_end_, "UPDATE store SET last_index = ?1, last_chain = ?2, indexed_up_to = ?3"},
        Pair{select_indexed_up_to_, kSelectIndexedUpTo}, Pair{select_last_, kSelectLast},
        Pair{erase_body_, "UPDATE bodies SET bytes = 'erased' WHERE idx = ?1"}}) {
    core::Result<Statement> prepared = database_.prepare(pair.sql);
    if (!prepared.has_value()) return prepared.error();
    pair.statement = *std::move(prepared);
  }
  return {};
}

core::Result<storage::Incarnation> WriterConnection::read_incarnation() const {
  return storage_sqlite::read_incarnation(database_);
}

core::Result<storage::LogPosition> WriterConnection::read_last(
    const storage::Incarnation& incarnation) {
  return read_last_position(select_last_, incarnation);
}

core::Result<storage::LogIndex> WriterConnection::read_indexed_up_to() {
  const ResetAtEnd reset(select_indexed_up_to_);
  const core::Result<bool> has_row = select_indexed_up_to_.step();
  if (!has_row.has_value()) return has_row.error();
  if (!*has_row) return {core::Reason::store_damaged, "the store's own row is missing"};
  return static_cast<storage::LogIndex>(select_indexed_up_to_.column_integer(0));
}

core::Result<void> WriterConnection::insert_record(const storage::Record& record,
                                                   const storage::Link& link) {
  const auto index = static_cast<std::int64_t>(record.index);
  insert_record_.bind(1, index).bind(2, record.time.micros);
  insert_record_.bind(3, std::int64_t{record.kind}).bind(4, std::int64_t{record.version});
  if (record.body.empty()) {
    insert_record_.bind_null(5);
  } else {
    insert_record_.bind(5, as_text(link.body_digest));
  }
  insert_record_.bind(6, as_text(link.chain)).bind(7, record.head);
  if (auto inserted = insert_record_.run(); !inserted.has_value()) return inserted;
  if (record.body.empty()) return {};
  return insert_body_.bind(1, index).bind(2, record.body).run();
}

core::Result<void> WriterConnection::write_entries(const std::vector<storage::IndexWrite>& writes) {
  std::vector<const storage::IndexWrite*> order;
  order.reserve(writes.size());
  for (const storage::IndexWrite& write : writes) order.push_back(&write);
  std::stable_sort(order.begin(), order.end(), [](const auto* a, const auto* b) {
    return std::tie(a->table, a->key) < std::tie(b->table, b->key);
  });
  for (std::size_t i = 0; i < order.size(); ++i) {
    const storage::IndexWrite& write = *order[i];
    const bool is_overtaken = i + 1 < order.size() && order[i + 1]->table == write.table &&
                              order[i + 1]->key == write.key;
    if (is_overtaken) continue;
    Statement& statement = write.value.has_value() ? put_entry_ : erase_entry_;
    statement.bind(1, std::int64_t{write.table}).bind(2, write.key);
    if (write.value.has_value()) statement.bind(3, *write.value);
    if (auto written = statement.run(); !written.has_value()) return written;
  }
  return {};
}

void WriterConnection::keep_wal_on_close() const { database_.keep_wal_on_close(); }

core::Result<void> WriterConnection::clear_entries() { return clear_entries_.run(); }

core::Result<void> WriterConnection::set_indexed_up_to(storage::LogIndex index) {
  return set_indexed_up_to_.bind(1, static_cast<std::int64_t>(index)).run();
}

core::Result<void> WriterConnection::set_end(const storage::LogPosition& last,
                                             storage::LogIndex indexed_up_to) {
  set_end_.bind(1, static_cast<std::int64_t>(last.index)).bind(2, as_text(last.chain));
  return set_end_.bind(3, static_cast<std::int64_t>(indexed_up_to)).run();
}

core::Result<void> WriterConnection::check_holds(const storage::LogPosition& acknowledged) const {
  return check_acknowledged(database_, acknowledged);
}

core::Result<void> WriterConnection::erase_body(storage::LogIndex index) {
  return erase_body_.bind(1, static_cast<std::int64_t>(index)).run();
}

core::Result<void> WriterConnection::empty_wal() {
  const core::Result<std::int64_t> busy = database_.read_integer("PRAGMA wal_checkpoint(TRUNCATE)");
  if (!busy.has_value()) return busy.error();
  if (*busy != 0) return {core::Reason::store_unavailable, "a reader holds the WAL"};
  return {};
}

}  // namespace intertie::storage_sqlite
