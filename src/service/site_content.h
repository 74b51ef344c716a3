// The content a site holds: inputs brought from the hub, outputs of its tasks.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "intertie/core/quantity.h"
#include "intertie/core/result.h"
#include "intertie/crypto/digest.h"
#include "intertie/transfer/dataset_name.h"
#include "intertie/transfer/manifest.h"
#include "intertie/transfer/receipt.h"
#include "intertie/transfer_wire/content_store.h"

#include "receipt_drafts.h"
#include "site_sources.h"

namespace intertie::service {

/// Datasets of the site's content store. Inputs are copies, kept under their owner's name for the
/// next job and given up when space is needed; outputs belong to their attempt. Any thread.
class SiteContent {
 public:
  /// What ContentStore::open refuses.
  static core::Result<std::unique_ptr<SiteContent>> open(transfer_wire::StoreOptions options);

  /// What a job needs, and for whom.
  struct Wanted {
    std::string from;  // As the job document names it.
    core::Bytes size;
    std::uint64_t job = 0;
    std::uint32_t attempt = 0;
    std::string owner;
    /// Told when what is under way breaks off, also because it was too slow. Any thread.
    std::function<void(const core::Error&)> on_cut = {};
  };
  /// What fetch() has made sure of.
  struct Fetched {
    crypto::Digest root;
    /// If anything had to come, in this life of the agent or in one that ended before it was told.
    /// Not filled in: who has it. Its draft stays until forget_draft().
    std::optional<transfer::Receipt> receipt;
  };
  /// Makes sure that the content is here, if need be straight from who holds it or from the hub,
  /// verified chunk by chunk; what came before an interruption stays. It is not given up before
  /// release() of the job. Refuses with bad_digest, not_found, data_policy, too_large (not the size
  /// announced), stopping, what the store refuses and what the connection does.
  core::Result<Fetched> fetch(const Wanted& wanted, InputSources& sources);
  void release(std::uint64_t job);
  /// The receipt is told, durably.
  void forget_draft(const transfer::Receipt& receipt);

  // What other sites may pull.
  core::Result<transfer::DatasetInfo> find(const std::string& owner, const crypto::Digest& root);
  core::Result<std::string> read(const transfer::DatasetInfo& info, transfer::ByteSpan span);
  /// Into an open file. not_found, bad_digest (damaged since), io_failed.
  core::Result<void> copy_to(const std::string& owner, const crypto::Digest& root, int file);

  struct Stored {
    crypto::Digest digest;
    core::Bytes size;
  };
  /// Keeps an open file as an output of the attempt ("7.1"). io_failed.
  core::Result<Stored> store(int file, const std::string& attempt);
  /// A piece of an output.
  core::Result<std::string> read(const std::string& attempt, const crypto::Digest& digest,
                                 std::uint64_t offset, std::uint64_t length);
  /// An output, to be brought elsewhere chunk by chunk.
  struct Output {
    crypto::Digest root;
    std::shared_ptr<const transfer::Manifest> manifest;
  };
  core::Result<Output> find_output(const std::string& attempt, const crypto::Digest& digest);
  core::Result<std::string> read_chunk(const std::string& attempt, const Output& output,
                                       std::uint32_t chunk);
  /// Forgets the outputs of an attempt.
  void remove_outputs(const std::string& attempt);

  /// Removes what has expired.
  void sweep();

 private:
  SiteContent(std::unique_ptr<transfer_wire::ContentStore> store, ReceiptDrafts drafts)
      : store_(std::move(store)), drafts_(std::move(drafts)) {}
  core::Result<void> check_whole(const transfer::DatasetInfo& info);
  // What an earlier pull of the attempt has left, or a new draft.
  core::Result<ReceiptDraft> begin_draft(const Wanted& wanted, const transfer::DatasetInfo& info,
                                         std::optional<ReceiptDraft> found) const;
  core::Result<transfer::Receipt> pull(const Wanted& wanted, const transfer::DatasetInfo& info,
                                       std::string holder, InputSources& sources);
  core::Result<void> pull_from(const api::DataSourceView& holder, const Wanted& wanted,
                               const transfer::DatasetInfo& info, InputSources& sources,
                               transfer::Receipt& receipt);
  bool pull_straight(const Wanted& wanted, const transfer::DatasetInfo& info, InputSources& sources,
                     ReceiptDraft& draft);

  const std::unique_ptr<transfer_wire::ContentStore> store_;
  const ReceiptDrafts drafts_;
};

}  // namespace intertie::service
