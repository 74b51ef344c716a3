// Where a hub keeps its log: a folder of its own, or a database that several processes share.
#pragma once

#include <memory>
#include <string>

#include "intertie/core/result.h"
#include "intertie/service/hub_service.h"
#include "intertie/storage/store.h"
#include "intertie/storage_postgres/postgres_store.h"

namespace intertie::service {

/// `shared` is `store` where that is on PostgreSQL, else null.
struct HubStore {
  std::unique_ptr<storage::Store> store;
  storage_postgres::PostgresStore* shared = nullptr;
};

/// Opens the store that the options name, for writing. The errors of open_sqlite_store and
/// open_postgres_store; bad_argument: another kind of place.
core::Result<HubStore> open_hub_store(const HubOptions& options, storage::FailHook fail_hook);

}  // namespace intertie::service
