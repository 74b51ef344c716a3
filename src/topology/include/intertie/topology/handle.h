// Dense 32-bit numbers for sites and pools, used where decisions are made.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>

#include <boost/describe.hpp>

namespace intertie::topology {

/// The number of a site in the hub's state: 0, 1, 2, ... in order of arrival. Never used again for
/// another site, so a handle in an old record keeps its meaning.
struct SiteHandle {
  std::uint32_t index = 0;
  friend constexpr auto operator<=>(SiteHandle, SiteHandle) = default;
};
BOOST_DESCRIBE_STRUCT(SiteHandle, (), (index))

/// The number of a pool in the hub's state, counted over all sites. Never used again either.
struct PoolHandle {
  std::uint32_t index = 0;
  friend constexpr auto operator<=>(PoolHandle, PoolHandle) = default;
};
BOOST_DESCRIBE_STRUCT(PoolHandle, (), (index))

/// For hash maps.
inline std::size_t hash_value(SiteHandle handle) { return handle.index; }
inline std::size_t hash_value(PoolHandle handle) { return handle.index; }

}  // namespace intertie::topology
