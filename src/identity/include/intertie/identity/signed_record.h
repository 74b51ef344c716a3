// Signing, verifying and following the versions of registration records.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "intertie/core/result.h"
#include "intertie/crypto/digest.h"
#include "intertie/crypto/signature.h"
#include "intertie/identity/record.h"

namespace intertie::identity {

/// A record with the bytes that prove it.
struct SignedRecord {
  RegistrationRecord record;
  crypto::Digest hash;            // SHA-256 of the payload as signed.
  bool is_countersigned = false;  // By the holder; otherwise by the registry alone.
  std::string envelope;           // As sent.
};

/// Whether the registry may set this status without the holder's signature: it sets identifiers
/// aside (reserved), notices that measurements expire (stale), locks (suspended), and revokes when
/// the holder has lost the key or will not. Such a version changes nothing else.
bool may_registry_sign_alone(RecordStatus status);

/// Checks a record, signs it by the registry and countersigns it by the holder. A record that has a
/// signing key of its own is countersigned with that key, any other with its holder's. `holder` is
/// nullptr if the registry signs alone. (Where the two keys live apart: seal_envelope with one,
/// add_signature with the other.) Refuses like check_record, or with bad_signature.
core::Result<SignedRecord> seal_record(const RegistrationRecord& record,
                                       const crypto::KeyPair& registry,
                                       const crypto::KeyPair* holder);

/// The keys a record must be signed with. Without `holder` the record's own signing key counts.
struct RecordSigners {
  crypto::PublicKey registry;
  std::optional<crypto::PublicKey> holder;
};

/// Verifies the signatures and check_record. Refuses with bad_signature, or what check_record
/// says. Fields unknown to this version are ignored unless named in must_understand.
/// A record with an own signing key proves only that whoever has that key signed: the registry's
/// signature vouches for version 1, check_successor for all later ones.
core::Result<SignedRecord> open_record(std::string_view envelope, const RecordSigners& signers);

/// Whether `newer` may follow `older`. In order:
///   same identifier and type, and same holder unless `older` is transferring   bad_field
///   seq is the next                      stale_sequence (not newer, or versions are missing)
///   prev_hash is the hash of `older`     record_forked
///   issued not before `older`            bad_field
///   the status arrow exists; transferring returns where it came from   illegal_transition
///   if the registry signed alone: nothing but status and times differs         bad_signature
///   keys (check_key_rotation)            bad_key
core::Result<void> check_successor(const SignedRecord& older, const SignedRecord& newer);

/// The rule of pre-rotation. Without a new signing key, next_key_hash stays and no key is added (a
/// thief of the current key can neither replace the commitment nor plant keys). A new signing key
/// must be the one `older` committed to; it replaces the old one, brings a new commitment, and the
/// same version may change the other keys freely. Keys may be removed at any time, but not the
/// signing key. A final record adds none, and a first signing key comes only after `reserved`.
/// bad_key.
core::Result<void> check_key_rotation(const RegistrationRecord& older,
                                      const RegistrationRecord& newer);

}  // namespace intertie::identity
