#include "session/store_view.h"

#include <utility>

#include "intertie/storage_postgres/postgres_store.h"
#include "intertie/storage_sqlite/sqlite_store.h"

namespace intertie::cli {
namespace {

storage_postgres::PostgresOptions make_options(const std::string& place) {
  storage_postgres::PostgresOptions options;
  options.connection = place;
  return options;
}

core::Result<StoreView> open_database(const std::string& place) {
  core::Result<storage_postgres::PostgresView> view =
      storage_postgres::open_postgres_view(make_options(place));
  if (!view) return view.error();
  return StoreView{view->incarnation, std::move(view->reader), std::move(view->snapshots)};
}

/// Accepts the store's own folder, a hub's folder, or that of `intertie dev`.
core::Result<storage_sqlite::SqliteView> open_folder(const std::string& folder) {
  core::Result<storage_sqlite::SqliteView> view =
      storage_sqlite::open_sqlite_view({.folder = folder});
  for (const char* const below : {"/store", "/hub/store", "/journal"}) {
    if (view || view.error().reason != core::Reason::not_found) return view;
    core::Result<storage_sqlite::SqliteView> deeper =
        storage_sqlite::open_sqlite_view({.folder = folder + below});
    if (deeper || deeper.error().reason != core::Reason::not_found) return deeper;
  }
  return view;
}

}  // namespace

core::Result<StoreView> open_store(const std::string& place) {
  if (storage_postgres::is_postgres_store(place)) return open_database(place);
  core::Result<storage_sqlite::SqliteView> view = open_folder(place);
  if (!view) return view.error();
  return StoreView{view->incarnation, std::move(view->reader), std::move(view->snapshots)};
}

core::Result<std::string> find_store(const std::string& folder) {
  for (const char* const below : {"", "/store", "/hub/store", "/journal"}) {
    const auto view = storage_sqlite::open_sqlite_view({.folder = folder + below});
    if (view) return folder + below;
    if (view.error().reason != core::Reason::not_found) return view.error();
  }
  return core::Error{core::Reason::not_found, "no store in " + folder};
}

core::Result<std::unique_ptr<storage::CopyTarget>> make_copy(
    const std::string& place, const storage::Incarnation& incarnation) {
  if (storage_postgres::is_postgres_store(place)) {
    return storage_postgres::make_postgres_copy(make_options(place), incarnation);
  }
  return storage_sqlite::make_sqlite_copy({.folder = place}, incarnation);
}

core::Result<std::unique_ptr<storage::Store>> open_to_write(const std::string& place) {
  if (!storage_postgres::is_postgres_store(place)) {
    return storage_sqlite::open_sqlite_store({.folder = place});
  }
  auto store = storage_postgres::open_postgres_store(make_options(place));
  if (!store) return store.error();
  return std::unique_ptr<storage::Store>(*std::move(store));
}

}  // namespace intertie::cli
