// Durable events a second and replay of both stores, beside a bare INSERT loop in the same run:
//   store_bench NEW_FOLDER postgres://... SECONDS
// The database must hold no store; both are left behind for a look.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>

#include <libpq-fe.h>

#include "intertie/storage/verify.h"
#include "intertie/storage_postgres/postgres_store.h"
#include "intertie/storage_sqlite/sqlite_store.h"

namespace {

namespace storage = intertie::storage;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kHeadBytes = 200;  // As a hub's records are on average, with body 300.
constexpr std::size_t kBodyBytes = 300;

double count_seconds(Clock::time_point since) {
  return std::chrono::duration<double>(Clock::now() - since).count();
}

storage::Batch make_batch(storage::LogIndex first, std::size_t count) {
  storage::Batch batch;
  for (storage::LogIndex index = first; index < first + count; ++index) {
    batch.records.push_back({index,
                             {1},
                             1,
                             1,
                             std::string(kHeadBytes, 'h'),
                             index % 4 == 0 ? std::string(kBodyBytes, 'b') : std::string()});
    batch.writes.push_back(
        storage::put(1, "job/" + std::to_string(index * 7'919 % 1'000'003), "v"));
  }
  return batch;
}

void measure(const char* name, storage::Store& store, double seconds) {
  for (const std::size_t count : {1, 50, 500}) {
    const auto began = Clock::now();
    std::size_t events = 0;
    while (count_seconds(began) < seconds) {
      if (!store.append(make_batch(store.last().index + 1, count))) std::abort();
      events += count;
    }
    std::printf("%s: batch %zu: %.0f durable events/s\n", name, count,
                static_cast<double>(events) / count_seconds(began));
  }
  const auto reader = store.open_reader().value();
  const auto began = Clock::now();
  const auto read =
      storage::read_checked_heads(*reader, 1, SIZE_MAX, [](const auto&) { return true; });
  const double took = count_seconds(began);
  std::printf("%s: replay: %.0f heads/s (%zu heads, chain checked)\n", name,
              static_cast<double>(read.value()) / took, *read);
}

// What the server can do at most with a row a commit.
void measure_bare(const std::string& place, double seconds) {
  PGconn* const connection = PQconnectdb(place.c_str());
  PQclear(PQexec(connection, "SET synchronous_commit = on"));
  PQclear(PQexec(connection, "CREATE TABLE bare(idx int8 PRIMARY KEY, head bytea)"));
  PQclear(PQprepare(connection, "bare", "INSERT INTO bare VALUES ($1::int8, $2::text::bytea)", 0,
                    nullptr));
  const std::string head(kHeadBytes, 'h');
  const auto began = Clock::now();
  int rows = 0;
  while (count_seconds(began) < seconds) {
    const std::string index = std::to_string(++rows);
    const char* values[] = {index.c_str(), head.c_str()};
    PGresult* const done = PQexecPrepared(connection, "bare", 2, values, nullptr, nullptr, 0);
    if (PQresultStatus(done) != PGRES_COMMAND_OK) std::abort();
    PQclear(done);
  }
  std::printf("bare INSERT loop: %.0f rows/s\n", rows / count_seconds(began));
  PQclear(PQexec(connection, "DROP TABLE bare"));
  PQfinish(connection);
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 4) return 2;
  const double seconds = std::atof(arguments[3]);
  measure_bare(arguments[2], seconds);
  auto sqlite = intertie::storage_sqlite::open_sqlite_store({.folder = arguments[1]});
  if (!sqlite) return 1;
  measure("SQLite", **sqlite, seconds);
  intertie::storage_postgres::PostgresOptions options;
  options.connection = arguments[2];
  auto postgres = intertie::storage_postgres::open_postgres_store(options);
  if (!postgres) return 1;
  measure("PostgreSQL", **postgres, seconds);
}
