// Snapshots: shared rows, copied where they change.
#include "intertie/topology/snapshot.h"

#include <algorithm>
#include <cassert>
#include <tuple>
#include <utility>

#include "line_table.h"

namespace intertie::topology {

Snapshot::Pointer Snapshot::make_empty(std::uint64_t version) {
  const std::shared_ptr<Snapshot> snapshot(new Snapshot());
  snapshot->version_ = version;
  snapshot->lines_ = std::make_shared<const LineTable>();
  return snapshot;
}

std::shared_ptr<Snapshot> Snapshot::make_next() const {
  auto next = std::make_shared<Snapshot>(*this);  // The copy is cheap: see PersistentTable.
  ++next->version_;
  return next;
}

const Line* Snapshot::find_line(SiteHandle from, SiteHandle to) const {
  const auto found = lines_->by_ends.find(make_line_key(from, to));
  return found == lines_->by_ends.end() ? nullptr : &found->second;
}

std::vector<Line> Snapshot::lines() const {
  std::vector<Line> lines;
  lines.reserve(lines_->by_ends.size());
  for (const auto& [key, line] : lines_->by_ends) lines.push_back(line);
  std::ranges::sort(lines, {}, [](const Line& line) { return std::tuple(line.from, line.to); });
  return lines;
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

Snapshot::Pointer Snapshot::with_line(const Line& line) const {
  assert(find_site(line.from) != nullptr && find_site(line.to) != nullptr);
  auto lines = std::make_shared<LineTable>(*lines_);
  lines->by_ends.insert_or_assign(make_line_key(line.from, line.to), line);
  auto next = make_next();
  next->lines_ = std::move(lines);
  return next;
}

Snapshot::Pointer Snapshot::without_line(SiteHandle from, SiteHandle to) const {
  auto lines = std::make_shared<LineTable>(*lines_);
  lines->by_ends.erase(make_line_key(from, to));
  auto next = make_next();
  next->lines_ = std::move(lines);
  return next;
}

}  // namespace intertie::topology
