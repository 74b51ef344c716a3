// Datasets as the interface shows them (docs/formats/dataset.md).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <boost/describe.hpp>

#include "intertie/core/quantity.h"
#include "intertie/core/time.h"
#include "intertie/transfer/data_policy.h"

namespace intertie::api {

/// Chunks first to last, both included.
struct ChunkRangeView {
  std::uint32_t first = 0;
  std::uint32_t last = 0;
};
BOOST_DESCRIBE_STRUCT(ChunkRangeView, (), (first, last))

struct DatasetView {
  std::string id;    // "data:<64 hex digits>"
  std::string name;  // Empty: none. data://NAME names it then.
  std::string owner;
  core::Bytes size_bytes;
  std::string digest;  // "sha256:<hex>" of the whole, as its owner states it; empty: not stated.
  std::uint32_t chunk_bytes = 0;
  std::uint32_t chunks = 0;
  std::uint32_t chunks_here = 0;
  bool is_complete = false;
  bool is_pinned = false;
  transfer::DataPolicy policy;
  core::Time created;
  core::Time last_used;
  std::vector<ChunkRangeView> missing;  // To its owner; the first ranges.
  std::string region;                   // Whose hub holds it.
};
BOOST_DESCRIBE_STRUCT(DatasetView, (),
                      (id, name, owner, size_bytes, digest, chunk_bytes, chunks, chunks_here,
                       is_complete, is_pinned, policy, created, last_used, missing, region))

/// A region whose hub was asked in vain.
struct SilentRegionView {
  std::string region;
  std::string why;
};
BOOST_DESCRIBE_STRUCT(SilentRegionView, (), (region, why))

struct DatasetList {
  std::vector<DatasetView> datasets;     // By name.
  std::vector<SilentRegionView> silent;  // What lies there is not in the list.
};
BOOST_DESCRIBE_STRUCT(DatasetList, (), (datasets, silent))

struct ChunkView {
  std::uint32_t chunk = 0;
};
BOOST_DESCRIBE_STRUCT(ChunkView, (), (chunk))

}  // namespace intertie::api
