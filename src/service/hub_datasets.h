// The hub's datasets: the content store on disk, with the hub's clock and fail points.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "intertie/api/datasets.h"
#include "intertie/transfer_wire/content_store.h"

#include "fail_points.h"

namespace intertie::service {

/// What a content store is opened with here and at a site. `fail_points` outlives the store.
transfer_wire::StoreOptions make_store_options(std::string folder, core::Bytes bytes_max,
                                               FailPoints& fail_points);

/// Any thread.
class HubDatasets final : public api::Datasets {
 public:
  /// What ContentStore::open refuses.
  static core::Result<std::unique_ptr<HubDatasets>> open(transfer_wire::StoreOptions options);

  core::Result<transfer::DatasetInfo> begin(const transfer::DatasetWish& wish) override;
  core::Result<void> put_chunk(const std::string& owner, const crypto::Digest& root,
                               std::uint32_t chunk, std::string_view bytes) override;
  core::Result<transfer::DatasetInfo> put(transfer::DatasetWish wish,
                                          std::string_view content) override;
  core::Result<transfer::DatasetInfo> find(const std::string& reader,
                                           const transfer::DatasetKey& key) override;
  std::vector<transfer::DatasetInfo> list(const std::string& owner) override;
  core::Result<std::shared_ptr<const transfer::Manifest>> get_manifest(
      const std::string& owner, const crypto::Digest& root) override;
  core::Result<transfer::ChunkJournal> get_journal(const std::string& owner,
                                                   const crypto::Digest& root) override;
  core::Result<std::string> read(const std::string& owner, const crypto::Digest& root,
                                 transfer::ByteSpan span) override;
  core::Result<transfer::DatasetInfo> set_pinned(const std::string& owner,
                                                 const crypto::Digest& root,
                                                 bool is_pinned) override;
  core::Result<void> remove(const std::string& owner, const crypto::Digest& root) override;

  /// Removes what has expired.
  void sweep();
  std::uint64_t used() const { return store_->used(); }

 private:
  explicit HubDatasets(std::unique_ptr<transfer_wire::ContentStore> store)
      : store_(std::move(store)) {}
  const std::unique_ptr<transfer_wire::ContentStore> store_;
};

}  // namespace intertie::service
