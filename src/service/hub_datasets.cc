// The hub's datasets.
#include "hub_datasets.h"

#include <utility>

#include "clock.h"

namespace intertie::service {

transfer_wire::StoreOptions make_store_options(std::string folder, core::Bytes bytes_max,
                                               FailPoints& fail_points) {
  transfer_wire::StoreOptions options;
  options.folder = std::move(folder);
  options.rules.bytes_max = bytes_max;
  options.on_point = [&fail_points](transfer_wire::StorePoint point) {
    fail_points.pass(point == transfer_wire::StorePoint::chunk_before_rename
                         ? ServicePoint::content_before_rename
                         : ServicePoint::content_after_rename);
  };
  return options;
}

core::Result<std::unique_ptr<HubDatasets>> HubDatasets::open(transfer_wire::StoreOptions options) {
  auto store = transfer_wire::ContentStore::open(std::move(options));
  if (!store) return store.error();
  (*store)->sweep(read_clock());
  return std::unique_ptr<HubDatasets>(new HubDatasets(std::move(*store)));
}

core::Result<transfer::DatasetInfo> HubDatasets::begin(const transfer::DatasetWish& wish) {
  return store_->begin(wish, read_clock());
}

core::Result<void> HubDatasets::put_chunk(const std::string& owner, const crypto::Digest& root,
                                          std::uint32_t chunk, std::string_view bytes) {
  return store_->put_chunk(owner, root, chunk, bytes, read_clock());
}

core::Result<transfer::DatasetInfo> HubDatasets::put(transfer::DatasetWish wish,
                                                     std::string_view content) {
  return store_->put(std::move(wish), content, read_clock());
}

core::Result<transfer::DatasetInfo> HubDatasets::find(const std::string& reader,
                                                      const transfer::DatasetKey& key) {
  return store_->find(reader, key);
}

std::vector<transfer::DatasetInfo> HubDatasets::list(const std::string& owner) {
  return store_->list(owner);
}

core::Result<std::shared_ptr<const transfer::Manifest>> HubDatasets::get_manifest(
    const std::string& owner, const crypto::Digest& root) {
  return store_->get_manifest(owner, root);
}

core::Result<transfer::ChunkJournal> HubDatasets::get_journal(const std::string& owner,
                                                              const crypto::Digest& root) {
  return store_->get_journal(owner, root);
}

core::Result<std::string> HubDatasets::read(const std::string& owner, const crypto::Digest& root,
                                            transfer::ByteSpan span) {
  return store_->read(owner, root, span, read_clock());
}

core::Result<transfer::DatasetInfo> HubDatasets::set_pinned(const std::string& owner,
                                                            const crypto::Digest& root,
                                                            bool is_pinned) {
  return store_->set_pinned(owner, root, is_pinned);
}

core::Result<void> HubDatasets::remove(const std::string& owner, const crypto::Digest& root) {
  return store_->remove(owner, root);
}

void HubDatasets::sweep() { store_->sweep(read_clock()); }

}  // namespace intertie::service
