// Datasets on disk: chunks by digest, and who may see which. One implementation for hubs and sites.
//
//   FOLDER/chunks/ab/<62 hex>        a chunk; whole and durable once it has its name
//   FOLDER/new/                      what is being written; emptied at start
//   FOLDER/owners/<64 hex>/          SHA-256 of the owner's name
//     <root>.dataset                 one line of JSON, then the manifest; its time is the last use
//     <root>.chunks                  the journal of a dataset on its way in
//
// Access is by (owner, dataset): that a chunk is here says nothing about who may see it, and who
// brings a dataset brings all its bytes and is charged for all of them, whoever else has them.
// Equal chunks share a file and nothing else.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "intertie/core/quantity.h"
#include "intertie/core/result.h"
#include "intertie/core/time.h"
#include "intertie/crypto/digest.h"
#include "intertie/transfer/data_policy.h"
#include "intertie/transfer/dataset.h"
#include "intertie/transfer/dataset_name.h"
#include "intertie/transfer/journal.h"
#include "intertie/transfer/manifest.h"
#include "intertie/transfer/store_policy.h"

namespace intertie::transfer_wire {

/// Where a test may stop the process.
enum class StorePoint : std::uint8_t { chunk_before_rename, chunk_after_rename };

struct StoreOptions {
  std::string folder;  // Made (0700) if missing; its parent must exist.
  transfer::StoreRules rules;
  std::function<void(StorePoint)> on_point = {};
};

using transfer::DatasetInfo;
using transfer::DatasetWish;

/// A chunk on its way to the disk. One thread at a time; the store outlives it.
class ChunkWriter {
 public:
  ChunkWriter(ChunkWriter&&) noexcept;
  ChunkWriter& operator=(ChunkWriter&&) noexcept;
  /// Removes what was not finished.
  ~ChunkWriter();

  /// too_large: more than the chunk has; io_failed, store_unavailable.
  core::Result<void> add(std::string_view piece);
  std::uint64_t size() const;
  /// Forgets what was added.
  core::Result<void> restart();

 private:
  friend class ContentStore;
  struct Parts;
  explicit ChunkWriter(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

/// Any thread. Every lookup that the asker may not make is not_found, as if nothing were there.
class ContentStore {
 public:
  /// Removes unfinished files and chunks that no dataset names. io_failed, store_damaged.
  static core::Result<std::unique_ptr<ContentStore>> open(StoreOptions options);
  ~ContentStore();
  ContentStore(const ContentStore&) = delete;
  ContentStore& operator=(const ContentStore&) = delete;

  /// Makes a place for a dataset, giving up others as the rules say; durable. If the owner has it
  /// already (complete or not) it goes on as it is, under the new name and policy. An empty one is
  /// complete at once. too_large, store_unavailable, bad_field.
  core::Result<DatasetInfo> begin(const DatasetWish& wish, core::Time now);

  /// The chunks its owner still has to bring. not_found.
  core::Result<transfer::ChunkJournal> get_journal(const std::string& owner,
                                                   const crypto::Digest& root) const;

  /// not_found, out_of_range, io_failed.
  core::Result<ChunkWriter> open_chunk(const std::string& owner, const crypto::Digest& root,
                                       std::uint32_t chunk);
  /// Durable and verified on return; bad_digest: the bytes are others, and the writer is empty
  /// again. With the last chunk the dataset is complete.
  core::Result<void> finish_chunk(ChunkWriter& writer, core::Time now);
  /// The three in one.
  core::Result<void> put_chunk(const std::string& owner, const crypto::Digest& root,
                               std::uint32_t chunk, std::string_view bytes, core::Time now);
  /// A whole dataset of one piece, in fewer steps: it is there when it is complete, or not at all.
  /// `wish.manifest` is filled in.
  core::Result<DatasetInfo> put(DatasetWish wish, std::string_view content, core::Time now);
  /// A whole file as a dataset, read twice: once to know it, once to keep it. bad_digest: it
  /// changed meanwhile. `wish.manifest` is filled in.
  core::Result<DatasetInfo> import_file(int file, DatasetWish wish, core::Time now);

  /// What `reader` calls by that key: their own first, then what others let them read.
  core::Result<DatasetInfo> find(const std::string& reader, const transfer::DatasetKey& key) const;
  /// The owner's datasets by name, then identity.
  std::vector<DatasetInfo> list(const std::string& owner) const;
  core::Result<std::shared_ptr<const transfer::Manifest>> get_manifest(
      const std::string& owner, const crypto::Digest& root) const;

  /// At most `length` bytes from `offset` of a complete dataset, fewer at its end. Each chunk is
  /// verified when it is first read and whenever its file has changed: a damaged one is put aside,
  /// the dataset is incomplete and can be brought again. not_found, bad_digest.
  core::Result<std::string> read(const std::string& owner, const crypto::Digest& root,
                                 transfer::ByteSpan span, core::Time now);
  /// Copies a complete dataset into an open file, from its present position.
  core::Result<void> copy_to(const std::string& owner, const crypto::Digest& root, int file,
                             core::Time now);

  core::Result<DatasetInfo> set_pinned(const std::string& owner, const crypto::Digest& root,
                                       bool is_pinned);
  /// in_use: leased.
  core::Result<void> remove(const std::string& owner, const crypto::Digest& root);

  /// Neither eviction nor expiry nor remove() take it until the lease is released. Leases are not
  /// durable: their holders take them again. not_found.
  core::Result<void> lease(const std::string& owner, const crypto::Digest& root,
                           const std::string& holder);
  void release(const std::string& holder);

  /// Removes what has expired; how many went.
  std::size_t sweep(core::Time now);

  /// Bytes of all datasets, as they are charged.
  std::uint64_t used() const;

 private:
  class Parts;
  explicit ContentStore(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace intertie::transfer_wire
