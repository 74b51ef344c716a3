// Snapshots: shared rows, copied where they change.
#include "intertie/topology/snapshot.h"

#include <cassert>
#include <utility>

namespace intertie::topology {

Snapshot::Pointer Snapshot::make_empty(std::uint64_t version) {
  const std::shared_ptr<Snapshot> snapshot(new Snapshot());
  snapshot->version_ = version;
  return snapshot;
}

std::shared_ptr<Snapshot> Snapshot::make_next() const {
  auto next = std::make_shared<Snapshot>(*this);  // The copy is cheap: see PersistentTable.
  ++next->version_;
  return next;
}

Snapshot::Pointer Snapshot::with_site(Site site) const {
  auto next = make_next();
  const std::size_t index = site.handle.index;
  next->sites_.put(index, std::move(site));
  return next;
}

Snapshot::Pointer Snapshot::with_pool(Pool pool) const {
  assert(find_site(pool.site) != nullptr);
  auto next = make_next();
  const std::size_t index = pool.handle.index;
  next->pools_.put(index, std::move(pool));
  return next;
}

Snapshot::Pointer Snapshot::with_pool_status(PoolHandle handle, PoolStatus status) const {
  const Pool* found = find_pool(handle);
  assert(found != nullptr);
  Pool pool = *found;
  pool.status = status;
  return with_pool(std::move(pool));
}

Snapshot::Pointer Snapshot::without_pool(PoolHandle handle) const {
  assert(find_pool(handle) != nullptr);
  auto next = make_next();
  next->pools_.remove(handle.index);
  return next;
}

}  // namespace intertie::topology
