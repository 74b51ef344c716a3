// What a witness of a public log computes itself, and what it compares.
#include "intertie/hub/public_mirror.h"

#include "intertie/codec/json.h"
#include "intertie/hub/site_record.h"

namespace intertie::hub {
namespace {

core::Error at_leaf(std::uint64_t number, const core::Error& error) {
  return {error.reason, "leaf " + std::to_string(number) + ": " + error.detail};
}

}  // namespace

core::Result<void> PublicMirror::add(std::uint64_t number, std::string_view leaf,
                                     const std::string& envelope) {
  if (number != frontier_.size()) {
    return {core::Reason::out_of_range, "leaf " + std::to_string(number) + " after " +
                                            std::to_string(frontier_.size()) + " leaves"};
  }
  const auto facts = codec::from_json<PublicLeaf>(leaf, codec::Boundary::tolerant);
  if (!facts) return at_leaf(number, facts.error());
  if ((number == 0) != (facts->kind == LeafKind::hub)) {
    return at_leaf(number, {core::Reason::bad_field, "the hub's own leaf stands first, alone"});
  }
  if (number == 0 && facts->key != crypto::to_text(key_)) {
    return at_leaf(number, {core::Reason::bad_key, "another key than signs the head"});
  }
  if (!envelope.empty()) {
    if (const auto right = check_envelope(*facts, envelope); !right) {
      return at_leaf(number, right.error());
    }
  }
  frontier_.append_leaf_hash(crypto::compute_leaf_hash(crypto::as_bytes(leaf)));
  ++counts_[facts->kind];
  if (earlier_ && earlier_->size == frontier_.size()) {
    earlier_root_ = crypto::to_text(frontier_.compute_root());
  }
  return {};
}

core::Result<void> PublicMirror::check_envelope(const PublicLeaf& leaf,
                                                const std::string& envelope) {
  if (crypto::to_text(crypto::compute_sha256(envelope)) != leaf.digest) {
    return {core::Reason::bad_digest, "the envelope is not the one that the leaf names"};
  }
  switch (leaf.kind) {
    case LeafKind::registration:
    case LeafKind::rotation:
    case LeafKind::revocation:
    case LeafKind::amendment:
      return check_record(leaf, envelope);
    default:
      return {};
  }
}

core::Result<void> PublicMirror::check_record(const PublicLeaf& leaf, const std::string& envelope) {
  auto record = identity::open_record(envelope, {key_, std::nullopt});
  if (!record) return record.error();
  if (identity::to_text(record->record.id) != leaf.subject || record->record.seq != leaf.seq) {
    return {core::Reason::bad_field, "the record is not the one that the leaf names"};
  }
  const auto older = records_.find(leaf.subject);
  if (leaf.kind == LeafKind::registration) {
    if (older != records_.end() || leaf.seq != 1 || !record->is_countersigned) {
      return {core::Reason::record_forked, "a registration stands first and has both signatures"};
    }
  } else {
    if (older == records_.end()) return {core::Reason::record_forked, "no version before this one"};
    const auto follows =
        leaf.kind == LeafKind::rotation    ? check_site_rotation(older->second, *record)
        : leaf.kind == LeafKind::amendment ? check_site_amendment(older->second, *record)
                                           : identity::check_successor(older->second, *record);
    if (!follows) return follows;
  }
  records_.insert_or_assign(leaf.subject, std::move(*record));
  return {};
}

core::Result<void> PublicMirror::finish(const PublicHead& head,
                                        const crypto::MerkleProof& proof) const {
  const crypto::TreeHead own{frontier_.size(), frontier_.compute_root()};
  if (head.size != own.size || head.root != crypto::to_text(own.root)) {
    return {core::Reason::record_forked, "the leaves are not those of the signed head"};
  }
  if (!earlier_) return {};
  if (earlier_->hub != head.hub) return {core::Reason::bad_field, "the head is of another hub"};
  if (earlier_->size > head.size) {
    return {core::Reason::record_forked, "the log had " + std::to_string(earlier_->size) +
                                             " leaves before and has " + std::to_string(head.size) +
                                             " now"};
  }
  if (earlier_->size > 0 && earlier_root_ != earlier_->root) {
    return {core::Reason::record_forked, "the first " + std::to_string(earlier_->size) +
                                             " leaves are not those that the hub signed before"};
  }
  const auto root = crypto::parse_digest(earlier_->root);
  if (!root) return root.error();
  if (!crypto::verify_consistency({earlier_->size, *root}, own, proof)) {
    return {core::Reason::record_forked, "the hub's proof of consistency does not verify"};
  }
  return {};
}

std::uint64_t PublicMirror::count(LeafKind kind) const {
  const auto found = counts_.find(kind);
  return found == counts_.end() ? 0 : found->second;
}

}  // namespace intertie::hub
