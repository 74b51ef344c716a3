// A store to look at or to fill, named by its place: a folder or a database.
#pragma once

#include <memory>
#include <string>

#include "intertie/core/result.h"
#include "intertie/storage/copy.h"
#include "intertie/storage/store.h"

namespace intertie::cli {

struct StoreView {
  storage::Incarnation incarnation{};
  std::unique_ptr<storage::Reader> reader;
  std::unique_ptr<storage::Snapshots> snapshots;
};

/// Accepts postgres://..., the store's own folder, a hub's folder, or that of `intertie dev`.
core::Result<StoreView> open_store(const std::string& place);

/// The folder among those of open_store that holds the store.
core::Result<std::string> find_store(const std::string& folder);

/// A new store at a place where there is none.
core::Result<std::unique_ptr<storage::CopyTarget>> make_copy(
    const std::string& place, const storage::Incarnation& incarnation);

/// Opens a store for writing.
core::Result<std::unique_ptr<storage::Store>> open_to_write(const std::string& place);

}  // namespace intertie::cli
