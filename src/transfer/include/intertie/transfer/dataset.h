// What somebody brings to a store of datasets, and what it says about one.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "intertie/core/time.h"
#include "intertie/crypto/digest.h"
#include "intertie/transfer/data_policy.h"
#include "intertie/transfer/manifest.h"

namespace intertie::transfer {

/// What someone wants to bring.
struct DatasetWish {
  std::string owner;
  Manifest manifest;
  std::string name = {};  // Empty: none. A name moves from the owner's older dataset to this one.
  DataPolicy policy = {};
  bool is_pinned = false;
  bool is_cache = false;  // A copy of what lies elsewhere.
};

struct DatasetInfo {
  crypto::Digest root;
  std::string owner;
  std::string name;
  std::uint64_t size = 0;
  std::uint32_t chunk_bytes = 0;
  std::uint32_t chunks = 0;
  std::uint32_t chunks_here = 0;
  std::optional<crypto::Digest> whole;
  DataPolicy policy;
  bool is_pinned = false;
  bool is_cache = false;
  core::Time created;
  core::Time last_used;

  bool is_complete() const { return chunks_here == chunks; }
};

}  // namespace intertie::transfer
