// What the conformance cases cannot see: the lead, lost connections, a server that ends, refusals.
#include "intertie/storage_postgres/postgres_store.h"

#include <signal.h>

#include <atomic>

#include <gtest/gtest.h>

#include "intertie/storage/verify.h"

#include "postgres_host.h"

namespace intertie::storage_postgres {
namespace {

using storage::FailPoint;
using storage::LogIndex;

storage::Batch make_batch(LogIndex first, int count) {
  storage::Batch batch;
  for (int i = 0; i < count; ++i) {
    const LogIndex index = first + static_cast<LogIndex>(i);
    batch.records.push_back({index, {1}, 1, 1, "head " + std::to_string(index), "body"});
    batch.writes.push_back(storage::put(1, std::to_string(index), "value"));
  }
  return batch;
}

std::unique_ptr<PostgresStore> open(const PostgresHost& host, storage::FailHook hook = {}) {
  PostgresOptions options = host.options();
  options.fail_hook = std::move(hook);
  auto store = open_postgres_store(std::move(options));
  EXPECT_TRUE(store.has_value()) << core::to_text(store.error());
  return store.has_value() ? *std::move(store) : nullptr;
}

storage::VerifyReport verify(const PostgresHost& host) {
  const auto view = open_postgres_view(host.options());
  return storage::verify_store(*view.value().reader, *view.value().snapshots).value();
}

// Ends the session that holds the lead's lock, as the loss of its connection does.
constexpr const char* kEndLeader =
    "SELECT pg_terminate_backend(pid, 5000) FROM pg_locks WHERE locktype = 'advisory' AND granted"
    " AND classid = 1230263124 AND database ="
    " (SELECT oid FROM pg_database WHERE datname = current_database())";

TEST(PostgresOptions, RefuseAPassword) {
  for (const char* const text :
       {"postgres://ada:secret-word@127.0.0.1:1/x", "host=127.0.0.1 password=secret-word",
        "postgres://127.0.0.1/x?password=secret-word"}) {
    PostgresOptions options;
    options.connection = text;
    const auto store = open_postgres_store(options);
    ASSERT_FALSE(store.has_value());
    EXPECT_EQ(store.error().reason, core::Reason::bad_argument);
    EXPECT_EQ(core::to_text(store.error()).find("secret-word"), std::string::npos);
    EXPECT_EQ(describe_connection(text).find("secret-word"), std::string::npos);
  }
  PostgresOptions options;
  options.connection = "postgres://ada:secret-word@[bad";
  const auto store = open_postgres_store(options);
  ASSERT_FALSE(store.has_value());
  EXPECT_EQ(store.error().reason, core::Reason::bad_argument);
  EXPECT_EQ(core::to_text(store.error()).find("secret-word"), std::string::npos);
}

TEST(PostgresStore, RefusesAForeignSchemaAndLeavesItAlone) {
  PostgresHost host;
  host.execute("CREATE SCHEMA intertie; CREATE TABLE intertie.store(id int); ");
  const auto store = open_postgres_store(host.options());
  ASSERT_FALSE(store.has_value());
  EXPECT_EQ(store.error().reason, core::Reason::store_damaged);
  EXPECT_EQ(host.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'intertie'"), "1");
  const auto view = open_postgres_view(host.options());
  ASSERT_FALSE(view.has_value());
  EXPECT_EQ(view.error().reason, core::Reason::store_damaged);
}

TEST(PostgresView, FindsNoStoreInAnEmptyDatabase) {
  PostgresHost host;
  const auto view = open_postgres_view(host.options());
  ASSERT_FALSE(view.has_value());
  EXPECT_EQ(view.error().reason, core::Reason::not_found);
}

TEST(PostgresStore, CommitsAreSyncedEvenWhereTheDatabaseSaysOtherwise) {
  PostgresHost host;
  host.execute("ALTER DATABASE " + host.database() + " SET synchronous_commit = off");
  // Looked at from the commit's own session, through a trigger.
  open(host).reset();
  host.execute(
      "CREATE TABLE public.seen(setting text); CREATE FUNCTION look() RETURNS trigger LANGUAGE "
      "plpgsql AS "
      "$$ BEGIN INSERT INTO public.seen VALUES (current_setting('synchronous_commit')); RETURN "
      "NULL; END $$; CREATE TRIGGER look AFTER INSERT ON intertie.log EXECUTE FUNCTION look()");
  const auto done = open(host)->append(make_batch(1, 1));
  ASSERT_TRUE(done.has_value()) << core::to_text(done.error());
  EXPECT_EQ(host.execute("SELECT string_agg(setting, ',') FROM public.seen"), "on");
}

TEST(PostgresLead, EachOpeningGainsTheNextEpoch) {
  PostgresHost host;
  EXPECT_EQ(open(host)->epoch(), 1);
  EXPECT_EQ(open(host)->epoch(), 2);
}

TEST(PostgresLead, ADeposedLeaderCannotWriteAnything) {
  PostgresHost host;
  std::atomic<int> told = 0;
  PostgresOptions options = host.options();
  options.on_deposed = [&] { ++told; };
  const auto former = open_postgres_store(options).value();
  ASSERT_TRUE(former->append(make_batch(1, 3)).has_value());
  ASSERT_TRUE(former->open_snapshots().value()->write_snapshot({3, {}, former->last().chain, "s"}));
  host.execute(kEndLeader);
  const auto next = open(host);
  ASSERT_EQ(next->last(), former->last());
  ASSERT_TRUE(next->append(make_batch(4, 2)).has_value());
  EXPECT_EQ(former->append(make_batch(4, 1)).error().reason, core::Reason::store_unavailable);
  EXPECT_EQ(former->erase_body(1).error().reason, core::Reason::store_unavailable);
  EXPECT_EQ(former->clear_index().error().reason, core::Reason::store_unavailable);
  EXPECT_EQ(former->open_snapshots().value()->write_snapshot({2, {}, {}, "s"}).error().reason,
            core::Reason::store_unavailable);
  EXPECT_TRUE(former->is_deposed());
  EXPECT_EQ(told, 1);
  const storage::VerifyReport report = verify(host);
  EXPECT_TRUE(report.is_sound());
  EXPECT_EQ(report.last, next->last());
  EXPECT_EQ(report.bodies_erased, 0u);
  EXPECT_EQ(report.indexed_up_to, 5u);
}

// The epoch alone, without the lock: as if the server had given the lock away unnoticed.
TEST(PostgresLead, TheEpochIsCheckedWithinEveryWrite) {
  PostgresHost host;
  const auto store = open(host);
  ASSERT_TRUE(store->append(make_batch(1, 3)).has_value());
  host.execute("UPDATE intertie.store SET epoch = epoch + 1");
  EXPECT_FALSE(store->append(make_batch(4, 1)).has_value());
  EXPECT_EQ(verify(host).last.index, 3u);
  EXPECT_TRUE(store->append(make_batch(4, 1)).error().detail.find("lead") != std::string::npos);
  EXPECT_TRUE(store->is_deposed());
}

TEST(PostgresLead, AWriteThatDoesNotContinueTheLogIsRefused) {
  PostgresHost host;
  const auto store = open(host);
  ASSERT_TRUE(store->append(make_batch(1, 3)).has_value());
  host.execute(
      "UPDATE intertie.store SET last_chain = set_byte(last_chain, 0, 1 # "
      "get_byte(last_chain, 0))");
  EXPECT_FALSE(store->append(make_batch(4, 1)).has_value());
  EXPECT_EQ(store->append(make_batch(4, 1)).error().reason, core::Reason::store_damaged);
}

// The session ends at each step of an append; the same batch then stands in the log once.
TEST(PostgresStore, AConnectionLostAtAnyStepAppendsOnce) {
  for (const FailPoint point :
       {FailPoint::append_begin, FailPoint::append_before_commit, FailPoint::append_after_commit}) {
    PostgresHost host;
    bool is_armed = false;
    const auto store = open(host, [&](FailPoint reached) -> core::Result<void> {
      if (!is_armed || reached != point) return {};
      is_armed = false;
      host.execute(kEndLeader);
      // After the commit the caller only learns it if told so.
      if (reached != FailPoint::append_after_commit) return {};
      return {core::Reason::store_unavailable, "injected"};
    });
    ASSERT_TRUE(store->append(make_batch(1, 2)).has_value());
    const auto reader = store->open_reader().value();
    ASSERT_TRUE(reader->read_last().has_value());
    is_armed = true;
    const storage::Batch batch = make_batch(3, 2);
    EXPECT_FALSE(store->append(batch).has_value());
    EXPECT_EQ(store->last().index, 2u);
    ASSERT_TRUE(store->append(batch).has_value());
    ASSERT_TRUE(store->append(make_batch(5, 1)).has_value());
    EXPECT_EQ(store->epoch(), 1);
    EXPECT_EQ(reader->read_last().value(), store->last());
    const storage::VerifyReport report = verify(host);
    EXPECT_TRUE(report.is_sound());
    EXPECT_EQ(report.records, 5u);
  }
}

TEST(PostgresStore, GoesOnAfterTheServerWasGone) {
  TestServer server;
  PostgresHost host(server);
  const auto store = open(host);
  const auto reader = store->open_reader().value();
  ASSERT_TRUE(store->append(make_batch(1, 2)).has_value());
  ASSERT_TRUE(reader->read_last().has_value());
  LogIndex next = 3;
  for (const int how : {SIGINT, SIGQUIT}) {
    server.stop(how);
    EXPECT_EQ(store->append(make_batch(next, 2)).error().reason, core::Reason::store_unavailable);
    EXPECT_EQ(reader->read_last().error().reason, core::Reason::store_unavailable);
    EXPECT_EQ(open_postgres_view(host.options()).error().reason, core::Reason::store_unavailable);
    server.start();
    const auto done = store->append(make_batch(next, 2));
    ASSERT_TRUE(done.has_value()) << core::to_text(done.error());
    EXPECT_EQ(reader->read_last().value(), store->last());
    next += 2;
  }
  EXPECT_FALSE(store->is_deposed());
  EXPECT_EQ(verify(host).records, 6u);
}

TEST(PostgresStore, RefusesAServerWithoutFsync) {
  TestServer server;
  PostgresHost host(server);
  server.execute("postgres", "ALTER SYSTEM SET fsync = off");
  server.stop(SIGINT);
  server.start();
  EXPECT_EQ(open_postgres_store(host.options()).error().reason, core::Reason::bad_argument);
}

TEST(PostgresDamage, AMissingEndIsFound) {
  PostgresHost host;
  ASSERT_TRUE(open(host)->append(make_batch(1, 5)).has_value());
  EXPECT_TRUE(verify(host).is_sound());
  host.execute("DELETE FROM intertie.log WHERE idx = 5");
  EXPECT_FALSE(verify(host).is_sound());
  EXPECT_EQ(open_postgres_store(host.options()).error().reason, core::Reason::store_damaged);
}

TEST(PostgresDamage, AMissingRowIsFound) {
  PostgresHost host;
  ASSERT_TRUE(open(host)->append(make_batch(1, 5)).has_value());
  host.execute("DELETE FROM intertie.log WHERE idx = 2");
  EXPECT_FALSE(verify(host).is_sound());
}

TEST(PostgresStore, ConnectionsAreShortForAWhile) {
  PostgresHost host;
  const auto store = open(host);
  ASSERT_TRUE(store->append(make_batch(1, 1)).has_value());
  host.execute("CREATE ROLE plain LOGIN; ALTER DATABASE " + host.database() +
               " CONNECTION LIMIT 0");
  PostgresOptions options = host.options();
  options.connection.replace(options.connection.find("intertie@"), 9, "plain@");
  EXPECT_EQ(open_postgres_view(options).error().reason, core::Reason::store_unavailable);
  host.execute("ALTER DATABASE " + host.database() + " CONNECTION LIMIT -1");
  EXPECT_TRUE(store->append(make_batch(2, 1)).has_value());
}

}  // namespace
}  // namespace intertie::storage_postgres
