// Signatures of records, their chain of versions, and the rule of pre-rotation.
#include "intertie/identity/signed_record.h"

#include <algorithm>
#include <utility>

#include "intertie/codec/json.h"
#include "intertie/identity/envelope.h"

namespace intertie::identity {
namespace {

core::Error refuse_record_signature(std::string detail) {
  return {core::Reason::bad_signature, std::move(detail)};
}

core::Error refuse_key(const RegistrationRecord& record, std::string detail) {
  return {core::Reason::bad_key, "record " + to_text(record.id) + ": " + std::move(detail)};
}

core::Result<RegistrationRecord> decode_record(std::string_view payload) {
  auto record = codec::from_json<RegistrationRecord>(payload, codec::Boundary::tolerant);
  if (!record) return record;
  if (auto right = check_record(*record); !right) return right.error();
  return record;
}

/// The key the holder must have signed with; nothing if it is not known.
std::optional<crypto::PublicKey> find_holder_key(const RegistrationRecord& record,
                                                 const std::optional<crypto::PublicKey>& holder) {
  const auto own = find_key(record, KeyPurpose::sign);
  if (own) return *own;
  return holder;
}

core::Result<void> check_sequence(const SignedRecord& older, const SignedRecord& newer) {
  if (newer.record.seq <= older.record.seq) {
    return {core::Reason::stale_sequence, "seq: " + std::to_string(newer.record.seq) +
                                              " is not after " + std::to_string(older.record.seq)};
  }
  if (newer.record.seq != older.record.seq + 1) {
    return {core::Reason::stale_sequence,
            "seq: the versions after " + std::to_string(older.record.seq) + " and before " +
                std::to_string(newer.record.seq) + " are missing here"};
  }
  if (newer.record.prev_hash != older.hash) {
    return {core::Reason::record_forked, "prev_hash: version " + std::to_string(newer.record.seq) +
                                             " does not follow " + to_text(older.hash)};
  }
  return {};
}

core::Result<void> check_status_change(const RegistrationRecord& older,
                                       const RegistrationRecord& newer) {
  const bool was_transferring = older.status == RecordStatus::transferring;
  const bool is_transferring = newer.status == RecordStatus::transferring;
  if (older.status == newer.status) {
    if (older.returns_to == newer.returns_to) return {};
    return {core::Reason::illegal_transition, "returns_to: fixed while transferring"};
  }
  if (auto right = check_transition(older.status, newer.status); !right) return right;
  if (is_transferring && newer.returns_to != older.status) {
    return {core::Reason::illegal_transition,
            "returns_to: expected " + std::string(status_name(older.status))};
  }
  if (was_transferring && !is_final(newer.status) && newer.status != *older.returns_to) {
    return {core::Reason::illegal_transition,
            "transferring -> " + std::string(status_name(newer.status)) +
                "; allowed: " + std::string(status_name(*older.returns_to)) + ", revoked"};
  }
  return {};
}

/// A version by the registry alone may say a status and times, and nothing about the holder's.
core::Result<void> check_registry_alone(const RegistrationRecord& older,
                                        const RegistrationRecord& newer) {
  RegistrationRecord expected = older;
  expected.seq = newer.seq;
  expected.prev_hash = newer.prev_hash;
  expected.status = newer.status;
  expected.returns_to = newer.returns_to;
  expected.revocation_reason = newer.revocation_reason;
  expected.issued = newer.issued;
  expected.valid_until = newer.valid_until;
  if (expected == newer) return {};
  return refuse_record_signature("the registry alone changed more than status and times");
}

}  // namespace

bool may_registry_sign_alone(RecordStatus status) {
  return status == RecordStatus::reserved || status == RecordStatus::stale ||
         status == RecordStatus::suspended || status == RecordStatus::revoked;
}

core::Result<SignedRecord> seal_record(const RegistrationRecord& record,
                                       const crypto::KeyPair& registry,
                                       const crypto::KeyPair* holder) {
  if (auto right = check_record(record); !right) return right.error();
  if (holder == nullptr && !may_registry_sign_alone(record.status)) {
    return refuse_record_signature("status " + std::string(status_name(record.status)) +
                                   " needs the holder's signature");
  }
  const auto own = find_key(record, KeyPurpose::sign);
  if (holder != nullptr && own && *own != holder->public_key()) {
    return refuse_record_signature("the holder must sign with the record's own signing key");
  }
  const std::string payload = codec::to_json(record);
  auto envelope = seal_envelope(kRecordType, payload, registry);
  if (!envelope) return envelope.error();
  // A registry holds its own record: one key, one signature.
  if (holder != nullptr && holder->public_key() != registry.public_key()) {
    envelope = add_signature(*envelope, *holder);
    if (!envelope) return envelope.error();
  }
  return SignedRecord{record, crypto::compute_sha256(payload), holder != nullptr,
                      *std::move(envelope)};
}

core::Result<SignedRecord> open_record(std::string_view envelope, const RecordSigners& signers) {
  // The record names the key that must have signed it, so it is read first and believed last.
  const auto unverified = read_unverified_payload(envelope, kRecordType);
  if (!unverified) return unverified.error();
  auto record = decode_record(*unverified);
  if (!record) return record.error();
  const std::optional<crypto::PublicKey> holder = find_holder_key(*record, signers.holder);

  const KeyLookup find = [&](const crypto::Digest& id) -> std::optional<crypto::PublicKey> {
    if (crypto::compute_key_digest(signers.registry) == id) return signers.registry;
    if (holder && crypto::compute_key_digest(*holder) == id) return holder;
    return std::nullopt;
  };
  const auto opened = open_envelope(envelope, kRecordType, find);
  if (!opened) return opened.error();
  const auto has_signed = [&](const crypto::PublicKey& key) {
    return std::find(opened->signers.begin(), opened->signers.end(), key) != opened->signers.end();
  };
  if (!has_signed(signers.registry)) return refuse_record_signature("the registry has not signed");
  const bool is_countersigned = holder && has_signed(*holder);
  if (!is_countersigned && !may_registry_sign_alone(record->status)) {
    return refuse_record_signature("the holder has not signed");
  }
  return SignedRecord{*std::move(record), crypto::compute_sha256(opened->payload), is_countersigned,
                      std::string(envelope)};
}

core::Result<void> check_successor(const SignedRecord& older, const SignedRecord& newer) {
  if (newer.record.id != older.record.id) {
    return {core::Reason::bad_field, "id: another identifier"};
  }
  const bool may_change_holder = older.record.status == RecordStatus::transferring;
  if (newer.record.holder != older.record.holder && !may_change_holder) {
    return {core::Reason::bad_field, "holder: changes only when a transfer ends"};
  }
  if (auto right = check_sequence(older, newer); !right) return right;
  if (newer.record.issued < older.record.issued) {
    return {core::Reason::bad_field, "issued: before the version it follows"};
  }
  if (auto right = check_status_change(older.record, newer.record); !right) return right;
  if (!newer.is_countersigned) {
    if (auto right = check_registry_alone(older.record, newer.record); !right) return right;
  }
  return check_key_rotation(older.record, newer.record);
}

core::Result<void> check_key_rotation(const RegistrationRecord& older,
                                      const RegistrationRecord& newer) {
  const auto old_key = find_key(older, KeyPurpose::sign);
  const auto new_key = find_key(newer, KeyPurpose::sign);
  if (!old_key) {
    // The record belongs to its holder, whose signature is enough. A key of its own would take the
    // holder's place, so it comes at registration or never.
    if (!new_key || older.status == RecordStatus::reserved) return {};
    return refuse_key(newer, "a first signing key comes only with registration");
  }
  if (!new_key) return refuse_key(newer, "the signing key is gone");
  const auto is_known = [&older](const RecordKey& key) {
    return std::find(older.keys.begin(), older.keys.end(), key) != older.keys.end();
  };
  if (*new_key == *old_key) {
    if (newer.next_key_hash != older.next_key_hash) {
      return refuse_key(newer, "next_key_hash changes only with the signing key");
    }
    if (!std::all_of(newer.keys.begin(), newer.keys.end(), is_known)) {
      return refuse_key(newer, "a new key comes only with a new signing key");
    }
    return {};
  }
  if (is_final(newer.status)) return refuse_key(newer, "a final record takes no new key");
  if (crypto::compute_key_digest(*new_key) != older.next_key_hash) {
    return refuse_key(newer, "the new signing key is not the one committed to");
  }
  if (newer.next_key_hash == crypto::compute_key_digest(*old_key)) {
    return refuse_key(newer, "next_key_hash commits to the key just replaced");
  }
  const std::string old_text = crypto::encode_base64url(old_key->bytes);
  const bool keeps_old =
      std::any_of(newer.keys.begin(), newer.keys.end(),
                  [&](const RecordKey& key) { return key.public_key == old_text; });
  if (keeps_old) return refuse_key(newer, "the replaced signing key is still there");
  return {};
}

}  // namespace intertie::identity
