#include "writer_connection.h"

#include <algorithm>
#include <chrono>
#include <thread>
#include <tuple>

namespace intertie::storage_postgres {
namespace {

// No statement's parameters get much longer than this.
constexpr std::size_t kBytesPerStatement = 8u << 20;

constexpr Statement kTryLock{"try_lock", "SELECT pg_try_advisory_lock(1230263124, 1)"};
// Ends the session that held the lock for this process before: its connection is lost to us, but
// the server may not know that yet. The epoch shows that nobody led since, and whoever took the
// lock in this very moment will gain the next epoch through a session of another number.
constexpr Statement kEndFormer{
    "end_former",
    "SELECT pg_terminate_backend(locks.pid) FROM pg_locks AS locks, intertie.store"
    " WHERE locks.locktype = 'advisory' AND locks.classid = 1230263124 AND locks.objid = 1"
    " AND locks.granted AND locks.database ="
    " (SELECT oid FROM pg_database WHERE datname = current_database())"
    " AND locks.pid = $1::int8::int4 AND store.epoch = $2"};
constexpr Statement kSelectSettings{
    "select_settings", "SELECT current_setting('synchronous_commit'), current_setting('fsync')"};
constexpr Statement kGainLead{
    "gain_lead", "UPDATE intertie.store SET epoch = epoch + 1, is_led = true RETURNING epoch"};
constexpr Statement kNameLeader{"name_leader",
                                "UPDATE intertie.leader SET epoch = $1, beat = 0, address = ''"};
constexpr Statement kBeginAppend{
    "begin_append",
    "UPDATE intertie.store SET last_index = $1, last_chain = $2, indexed_up_to = $3,"
    " is_led = (epoch = $4 AND last_index = $5 AND last_chain = $6) WHERE id = 1"};
constexpr Statement kBeginChange{"begin_change",
                                 "UPDATE intertie.store SET is_led = (epoch = $1) WHERE id = 1"};
constexpr Statement kInsertRecords{
    "insert_records",
    "INSERT INTO intertie.log SELECT * FROM unnest($1::int8[], $2::int8[], $3::int8[]::int4[],"
    " $4::int8[]::int4[], $5::bytea[], $6::bytea[], $7::bytea[])"};
constexpr Statement kInsertBodies{"insert_bodies",
                                  "INSERT INTO intertie.bodies SELECT idx, false, bytes"
                                  " FROM unnest($1::int8[], $2::bytea[]) AS given(idx, bytes)"};
constexpr Statement kPutEntries{"put_entries",
                                "INSERT INTO intertie.entries SELECT * FROM"
                                " unnest($1::int8[]::int4[], $2::bytea[], $3::bytea[])"
                                " ON CONFLICT (tab, key) DO UPDATE SET value = excluded.value"};
constexpr Statement kEraseEntries{
    "erase_entries",
    "DELETE FROM intertie.entries USING unnest($1::int8[]::int4[], $2::bytea[]) AS gone(tab, key)"
    " WHERE entries.tab = gone.tab AND entries.key = gone.key"};
constexpr Statement kClearEntries{"clear_entries", "TRUNCATE intertie.entries"};
constexpr Statement kSetIndexed{"set_indexed",
                                "UPDATE intertie.store SET indexed_up_to = $1 WHERE id = 1"};
constexpr Statement kEraseBody{
    "erase_body", "UPDATE intertie.bodies SET is_erased = true, bytes = '' WHERE idx = $1"};
constexpr Statement kSetEnd{"set_end",
                            "UPDATE intertie.store SET last_index = $1, last_chain = $2"};
constexpr Statement kNotify{"notify", "SELECT pg_notify('intertie_log', '')"};

core::Error no_lead() {
  return {core::Reason::store_unavailable, "another process leads on this database"};
}

}  // namespace

core::Result<WriterConnection> WriterConnection::connect(const PostgresOptions& options) {
  core::Result<Connection> opened = Connection::open(options.connection, options.patience);
  if (!opened) return opened.error();
  WriterConnection writer(*std::move(opened));
  if (auto done = writer.set_up(options.patience); !done) return done.error();
  return writer;
}

core::Result<WriterConnection> WriterConnection::open(const PostgresOptions& options,
                                                      const Lead& lead,
                                                      const storage::Incarnation& fresh) {
  core::Result<WriterConnection> opened = connect(options);
  if (!opened) return opened.error();
  WriterConnection writer = *std::move(opened);
  const auto found = read_incarnation(writer.connection_);
  if (!found) return found.error();
  if (!found->has_value()) {
    if (lead.epoch != 0) {
      return {core::Reason::store_damaged, "the database does not hold the store any more"};
    }
    if (auto done = create_schema(writer.connection_, fresh); !done) return done.error();
  }
  if (auto done = writer.lock(lead, options.lock_wait); !done) return done.error();
  return writer;
}

core::Result<WriterConnection> WriterConnection::open_new(const PostgresOptions& options,
                                                          const storage::Incarnation& incarnation) {
  core::Result<WriterConnection> opened = connect(options);
  if (!opened) return opened.error();
  WriterConnection writer = *std::move(opened);
  const auto found = read_incarnation(writer.connection_);
  if (!found) return found.error();
  if (found->has_value()) {
    return {core::Reason::already_exists,
            describe_connection(options.connection) + " has a store already"};
  }
  // The other store may be slow.
  auto done = writer.connection_.execute("SET idle_in_transaction_session_timeout = 0; BEGIN");
  if (done) done = create_tables(writer.connection_, incarnation);
  if (!done) return done.error();
  return writer;
}

core::Result<void> WriterConnection::finish_new(const storage::LogPosition& last) {
  Values values;
  values.add(static_cast<std::int64_t>(last.index)).add(last.chain);
  const core::Result<Rows> ended = connection_.query(kSetEnd, values);
  if (!ended) return ended.error();
  if (auto done = connection_.execute("COMMIT"); !done) return done;
  return connection_.execute("ANALYZE intertie.log, intertie.bodies");
}

core::Result<void> WriterConnection::set_up(core::Duration patience) {
  // A session whose client is gone ends soon, and with it the lock. One that stands still in the
  // middle of a transaction holds the row that a new leader must write. Plans: the tables' sizes
  // are unknown to the planner while they grow, and all statements are by key.
  const std::string wait = std::to_string(patience.count / 1'000);
  auto done = connection_.execute(
      "SET idle_in_transaction_session_timeout = '5s'; SET client_connection_check_interval = "
      "'1s'; SET tcp_keepalives_idle = 2; SET tcp_keepalives_interval = 1; SET "
      "tcp_keepalives_count = 3; SET tcp_user_timeout = 5000; SET lock_timeout = " +
      wait +
      "; SET jit = off; SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off; SET "
      "enable_hashjoin = off; SET enable_mergejoin = off");
  if (!done) return done;
  core::Result<Rows> settings = connection_.query(kSelectSettings);
  if (!settings) return settings.error();
  if (settings->bytes(0, 1) != "on") {
    return {core::Reason::bad_argument,
            "the server runs with fsync off, so no commit is safe: set fsync = on"};
  }
  const std::string_view commits = settings->bytes(0, 0);
  if (commits == "on" || commits == "remote_apply") return {};
  if (done = connection_.execute("SET synchronous_commit = on"); !done) return done;
  settings = connection_.query(kSelectSettings);
  if (!settings) return settings.error();
  if (settings->bytes(0, 0) == "on") return {};
  return {core::Reason::bad_argument, "the server does not let synchronous_commit be on"};
}

core::Result<void> WriterConnection::lock(const Lead& lead, core::Duration wait) {
  using Clock = std::chrono::steady_clock;
  const auto end = Clock::now() + std::chrono::microseconds(wait.count);
  for (bool is_first = true;; is_first = false) {
    const core::Result<Rows> locked = connection_.query(kTryLock);
    if (!locked) return locked.error();
    if (locked->boolean(0, 0)) return {};
    if (is_first && lead.epoch != 0) {
      Values former;
      former.add(std::int64_t{lead.server_process}).add(lead.epoch);
      const core::Result<Rows> ended = connection_.query(kEndFormer, former);
      if (!ended) return ended.error();
    }
    if (Clock::now() >= end) return no_lead();
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
}

core::Result<std::int64_t> WriterConnection::gain_lead() {
  if (auto done = connection_.execute("BEGIN"); !done) return done.error();
  const core::Result<Rows> gained = connection_.query(kGainLead);
  if (!gained) return gained.error();
  if (gained->size() != 1) {
    return {core::Reason::store_damaged, "the store's own row is missing"};
  }
  const std::int64_t epoch = gained->integer(0, 0);
  const core::Result<Rows> named = connection_.query(kNameLeader, std::move(Values().add(epoch)));
  if (!named) return named.error();
  if (auto done = connection_.execute("COMMIT"); !done) return done.error();
  return epoch;
}

core::Result<storage::Incarnation> WriterConnection::read_own_incarnation() {
  const auto found = read_incarnation(connection_);
  if (!found) return found.error();
  if (!found->has_value()) return {core::Reason::store_damaged, "the store is gone"};
  return **found;
}

core::Result<void> WriterConnection::begin_append(std::int64_t epoch,
                                                  const storage::LogPosition& from,
                                                  const storage::LogPosition& to,
                                                  storage::LogIndex indexed_up_to) {
  Values values;
  values.add(static_cast<std::int64_t>(to.index)).add(to.chain);
  values.add(static_cast<std::int64_t>(indexed_up_to)).add(epoch);
  values.add(static_cast<std::int64_t>(from.index)).add(from.chain);
  if (auto done = connection_.queue(kBeginAppend, values); !done) return done;
  return connection_.queue(kNotify, {});
}

core::Result<void> WriterConnection::begin_change(std::int64_t epoch) {
  return connection_.queue(kBeginChange, std::move(Values().add(epoch)));
}

core::Result<void> WriterConnection::insert_records(const storage::Batch& batch,
                                                    const std::vector<storage::Link>& links) {
  const std::size_t count = batch.records.size();
  for (std::size_t i = 0; i < count;) {
    Array index(Type::int8), time(Type::int8), kind(Type::int8), version(Type::int8);
    Array digest(Type::bytes), chain(Type::bytes), head(Type::bytes);
    Array body_index(Type::int8), body(Type::bytes);
    bool has_bodies = false;
    for (std::size_t bytes = 0; i < count && bytes < kBytesPerStatement; ++i) {
      const storage::Record& record = batch.records[i];
      index.add(static_cast<std::int64_t>(record.index));
      time.add(record.time.micros);
      kind.add(std::int64_t{record.kind});
      version.add(std::int64_t{record.version});
      chain.add(as_view(links[i].chain));
      head.add(record.head);
      bytes += record.head.size() + record.body.size() + 100;
      if (record.body.empty()) {
        digest.add_null();
        continue;
      }
      has_bodies = true;
      digest.add(as_view(links[i].body_digest));
      body_index.add(static_cast<std::int64_t>(record.index));
      body.add(record.body);
    }
    Values values;
    values.add(index).add(time).add(kind).add(version).add(digest).add(chain).add(head);
    if (auto done = connection_.queue(kInsertRecords, values); !done) return done;
    if (!has_bodies) continue;
    Values bodies;
    bodies.add(body_index).add(body);
    if (auto done = connection_.queue(kInsertBodies, bodies); !done) return done;
  }
  return {};
}

core::Result<void> WriterConnection::write_entries(const std::vector<storage::IndexWrite>& writes) {
  std::vector<const storage::IndexWrite*> order;
  order.reserve(writes.size());
  for (const storage::IndexWrite& write : writes) order.push_back(&write);
  std::stable_sort(order.begin(), order.end(), [](const auto* a, const auto* b) {
    return std::tie(a->table, a->key) < std::tie(b->table, b->key);
  });
  for (std::size_t i = 0; i < order.size();) {
    Array put_table(Type::int8), put_key(Type::bytes), put_value(Type::bytes);
    Array gone_table(Type::int8), gone_key(Type::bytes);
    std::size_t puts = 0;
    std::size_t erases = 0;
    for (std::size_t bytes = 0; i < order.size() && bytes < kBytesPerStatement; ++i) {
      const storage::IndexWrite& write = *order[i];
      const bool is_overtaken = i + 1 < order.size() && order[i + 1]->table == write.table &&
                                order[i + 1]->key == write.key;
      if (is_overtaken) continue;
      bytes += write.key.size() + 50;
      (write.value ? put_table : gone_table).add(std::int64_t{write.table});
      (write.value ? put_key : gone_key).add(write.key);
      ++(write.value ? puts : erases);
      if (!write.value) continue;
      put_value.add(*write.value);
      bytes += write.value->size();
    }
    if (puts > 0) {
      Values values;
      values.add(put_table).add(put_key).add(put_value);
      if (auto done = connection_.queue(kPutEntries, values); !done) return done;
    }
    if (erases > 0) {
      Values values;
      values.add(gone_table).add(gone_key);
      if (auto done = connection_.queue(kEraseEntries, values); !done) return done;
    }
  }
  return {};
}

core::Result<void> WriterConnection::clear_entries() {
  return connection_.queue(kClearEntries, {});
}

core::Result<void> WriterConnection::set_indexed_up_to(storage::LogIndex index) {
  return connection_.queue(kSetIndexed, std::move(Values().add(static_cast<std::int64_t>(index))));
}

core::Result<void> WriterConnection::erase_body(storage::LogIndex index) {
  return connection_.queue(kEraseBody, std::move(Values().add(static_cast<std::int64_t>(index))));
}

core::Result<void> WriterConnection::clean_bodies() {
  return connection_.execute("VACUUM intertie.bodies");
}

}  // namespace intertie::storage_postgres
