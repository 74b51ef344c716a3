// What every adapter of the storage port must do, as cases that any test program can run.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "intertie/core/result.h"
#include "intertie/storage/fail_point.h"
#include "intertie/storage/store.h"

namespace intertie::storage {

enum class StoredPart : std::uint8_t { head, body, chain, snapshot };

/// One place for one store, empty at first. An adapter's tests implement it.
class StoreHost {
 public:
  virtual ~StoreHost() = default;

  /// Opens the store (creates it the first time).
  virtual core::Result<std::unique_ptr<Store>> open(FailHook fail_hook) = 0;

  /// Flips the lowest bit of the byte at `offset` of a stored part. The store is closed.
  virtual void flip_byte(StoredPart part, LogIndex index, std::size_t offset) = 0;

  /// Makes the closed store look as if a newer program had written it.
  virtual void make_format_newer() = 0;
};

struct ConformanceCase {
  std::string_view name;
  /// What went wrong, a line each; empty: it conforms. `host` must be fresh.
  std::string (*run)(StoreHost& host);
};

/// All cases, about two seconds in all on a disk.
const std::vector<ConformanceCase>& get_conformance_cases();

}  // namespace intertie::storage
