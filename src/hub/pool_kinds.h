// Which announced pools are alike, so that placement looks at one of them only.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "intertie/topology/pool.h"

namespace intertie::hub {

/// Numbers kinds from 1: pools of one kind differ in nothing but handle, site, name and identifier
/// (placement::PoolView). A number is used again when no pool has it any more, so there are never
/// more kinds than pools.
class PoolKinds {
 public:
  PoolKinds() = default;
  PoolKinds(const PoolKinds&) = delete;
  PoolKinds& operator=(const PoolKinds&) = delete;

  /// The kind of the pool as it is described now; replaces what was said of its handle before.
  /// O(size of the pool + log kinds).
  std::uint32_t assign(const topology::Pool& pool);

  /// The pool is of no kind until it is described again.
  void clear(topology::PoolHandle pool);

 private:
  struct Kind {
    std::uint32_t number = 0;
    std::size_t pools = 0;
  };
  using Kinds = std::map<std::string, Kind>;

  std::uint32_t take_number();

  Kinds kinds_;                            // By the description, in CBOR.
  std::vector<Kinds::value_type*> pools_;  // By handle; nullptr: of no kind.
  std::set<std::uint32_t> free_;
};

}  // namespace intertie::hub
