#include "pool_kinds.h"

#include <utility>

#include "intertie/codec/cbor.h"

namespace intertie::hub {

std::uint32_t PoolKinds::assign(const topology::Pool& pool) {
  topology::Pool description = pool;
  description.handle = {};
  description.site = {};
  description.name.clear();
  description.identifier.clear();
  clear(pool.handle);
  const auto [kind, is_new] = kinds_.try_emplace(codec::to_cbor(description));
  if (is_new) kind->second.number = take_number();
  ++kind->second.pools;
  pools_[pool.handle.index] = &*kind;
  return kind->second.number;
}

void PoolKinds::clear(topology::PoolHandle pool) {
  if (pool.index >= pools_.size()) pools_.resize(pool.index + 1);
  Kinds::value_type* const kind = std::exchange(pools_[pool.index], nullptr);
  if (kind == nullptr || --kind->second.pools > 0) return;
  free_.insert(kind->second.number);
  kinds_.erase(kinds_.find(kind->first));
}

// Called after the new kind has been added: without free numbers, all others are taken.
std::uint32_t PoolKinds::take_number() {
  if (free_.empty()) return static_cast<std::uint32_t>(kinds_.size());
  return free_.extract(free_.begin()).value();
}

}  // namespace intertie::hub
