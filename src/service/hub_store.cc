#include "hub_store.h"

#include <utility>

#include "intertie/storage_sqlite/sqlite_store.h"

namespace intertie::service {

core::Result<HubStore> open_hub_store(const HubOptions& options, storage::FailHook fail_hook) {
  HubStore opened;
  if (options.store.empty()) {
    storage_sqlite::SqliteOptions sqlite;
    sqlite.folder = options.folder + "/store";
    sqlite.fail_hook = std::move(fail_hook);
    auto store = storage_sqlite::open_sqlite_store(std::move(sqlite));
    if (!store) return store.error();
    opened.store = *std::move(store);
    return opened;
  }
  if (!storage_postgres::is_postgres_store(options.store)) {
    return core::Error{core::Reason::bad_argument,
                       "store: expected postgres://USER@HOST:PORT/DATABASE"};
  }
  storage_postgres::PostgresOptions postgres;
  postgres.connection = options.store;
  postgres.fail_hook = std::move(fail_hook);
  postgres.on_deposed = options.on_deposed;
  auto store = storage_postgres::open_postgres_store(std::move(postgres));
  if (!store) return store.error();
  opened.shared = store->get();
  opened.store = *std::move(store);
  return opened;
}

}  // namespace intertie::service
