// The immutable view of sites and pools at one version.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "intertie/topology/persistent_table.h"
#include "intertie/topology/pool.h"

namespace intertie::topology {

/// Sites and pools at a version. Never changes: every `with_*` returns a new snapshot that
/// shares all the rest and whose version is one higher. Readers on any thread keep the one they
/// hold. Versions of one chain of snapshots are comparable; start each chain with make_empty().
class Snapshot {
 public:
  using Pointer = std::shared_ptr<const Snapshot>;

  /// The snapshot that holds nothing. `version` 0, or where a restored state continues.
  static Pointer make_empty(std::uint64_t version = 0);

  std::uint64_t version() const { return version_; }

  /// One more than the highest handle ever used; rows in between may be absent.
  std::size_t site_count() const { return sites_.size(); }
  std::size_t pool_count() const { return pools_.size(); }

  /// nullptr if absent. O(1). Valid as long as the snapshot.
  const Site* find_site(SiteHandle handle) const { return sites_.find(handle.index); }
  const Pool* find_pool(PoolHandle handle) const { return pools_.find(handle.index); }

  /// Adds or replaces the row named by the value's own handle. New handles should be dense: the
  /// table is as long as the highest. A pool's site must be present. Cost: one pointer per 64 rows,
  /// 64 pointers, one row.
  Pointer with_site(Site site) const;
  Pointer with_pool(Pool pool) const;

  /// The same pool with another status; the pool must be present.
  Pointer with_pool_status(PoolHandle handle, PoolStatus status) const;

  /// Removes a pool; it must be present. Its handle is not used again.
  Pointer without_pool(PoolHandle handle) const;

 private:
  Snapshot() = default;
  std::shared_ptr<Snapshot> make_next() const;

  std::uint64_t version_ = 0;
  PersistentTable<Site> sites_;
  PersistentTable<Pool> pools_;
};

}  // namespace intertie::topology
