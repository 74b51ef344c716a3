// Checking a hub's public log from outside, leaf by leaf (docs/formats/public-log.md).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "intertie/core/result.h"
#include "intertie/crypto/merkle.h"
#include "intertie/crypto/signature.h"
#include "intertie/hub/public_log.h"
#include "intertie/identity/signed_record.h"

namespace intertie::hub {

/// Takes all leaves in order, then the head. It recomputes the tree, so that every leaf is shown to
/// stand in it, and compares with a head seen earlier, so that a hub which tells another history
/// than before is caught. Memory: one record a site and O(log n) digests. Not thread-safe.
class PublicMirror {
 public:
  /// `key` signs the hub's heads. `earlier` is a head of the same hub, verified with that key.
  PublicMirror(crypto::PublicKey key, std::optional<PublicHead> earlier)
      : key_(key), earlier_(std::move(earlier)) {}

  /// The next leaf, and its envelope ("" if that is private or was erased). Refuses with
  /// out_of_range (not the next), bad_syntax, bad_key (the first leaf names another key),
  /// bad_digest (the envelope is not what the leaf says), bad_signature, record_forked and what
  /// check_successor says (a record that does not follow the one before).
  core::Result<void> add(std::uint64_t number, std::string_view leaf, const std::string& envelope);

  /// Whether the leaves are those of this verified head, and the earlier head is one of a beginning
  /// of them: record_forked if not. `proof` leads from the earlier head to this one.
  core::Result<void> finish(const PublicHead& head, const crypto::MerkleProof& proof) const;

  std::uint64_t size() const { return frontier_.size(); }
  std::size_t sites() const { return records_.size(); }
  std::uint64_t count(LeafKind kind) const;

 private:
  core::Result<void> check_envelope(const PublicLeaf& leaf, const std::string& envelope);
  core::Result<void> check_record(const PublicLeaf& leaf, const std::string& envelope);

  crypto::PublicKey key_;
  std::optional<PublicHead> earlier_;
  crypto::MerkleFrontier frontier_;
  std::string earlier_root_;  // Of these leaves, at the earlier head's size.
  std::map<std::string, identity::SignedRecord> records_;  // By site: the last version.
  std::map<LeafKind, std::uint64_t> counts_;
};

}  // namespace intertie::hub
