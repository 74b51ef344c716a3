// What the routes need of a store of datasets (intertie::transfer_wire has the one on disk).
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "intertie/core/result.h"
#include "intertie/transfer/dataset.h"
#include "intertie/transfer/dataset_name.h"
#include "intertie/transfer/journal.h"
#include "intertie/transfer/manifest.h"

namespace intertie::api {

/// Any thread; every member may wait for a disk. Whatever the asker may not see is not_found.
class Datasets {
 public:
  virtual ~Datasets() = default;

  /// A place for a dataset that comes in chunks; going on is the same call.
  virtual core::Result<transfer::DatasetInfo> begin(const transfer::DatasetWish& wish) = 0;
  /// bad_digest: not the chunk that the manifest names.
  virtual core::Result<void> put_chunk(const std::string& owner, const crypto::Digest& root,
                                       std::uint32_t chunk, std::string_view bytes) = 0;
  /// A whole one at once; its manifest is made here.
  virtual core::Result<transfer::DatasetInfo> put(transfer::DatasetWish wish,
                                                  std::string_view content) = 0;

  virtual core::Result<transfer::DatasetInfo> find(const std::string& reader,
                                                   const transfer::DatasetKey& key) = 0;
  virtual std::vector<transfer::DatasetInfo> list(const std::string& owner) = 0;

  // By the owner that find() named.
  virtual core::Result<std::shared_ptr<const transfer::Manifest>> get_manifest(
      const std::string& owner, const crypto::Digest& root) = 0;
  virtual core::Result<transfer::ChunkJournal> get_journal(const std::string& owner,
                                                           const crypto::Digest& root) = 0;
  virtual core::Result<std::string> read(const std::string& owner, const crypto::Digest& root,
                                         transfer::ByteSpan span) = 0;

  virtual core::Result<transfer::DatasetInfo> set_pinned(const std::string& owner,
                                                         const crypto::Digest& root,
                                                         bool is_pinned) = 0;
  virtual core::Result<void> remove(const std::string& owner, const crypto::Digest& root) = 0;
};

}  // namespace intertie::api
