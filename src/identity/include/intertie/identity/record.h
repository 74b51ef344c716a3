// The registration record: what a registry and a holder say together about one identifier.
//
// A record is JSON in a signed envelope (envelope.h), signed by the registry and countersigned by
// the holder. Its hash is SHA-256 of the payload as signed. Versions form a chain: seq counts from
// 1, prev_hash is the hash of the version before.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/describe.hpp>

#include "intertie/core/quantity.h"
#include "intertie/core/rate.h"
#include "intertie/core/result.h"
#include "intertie/core/time.h"
#include "intertie/crypto/digest.h"
#include "intertie/crypto/sealed_box.h"
#include "intertie/crypto/signature.h"
#include "intertie/identity/identifier.h"
#include "intertie/identity/life_cycle.h"

namespace intertie::identity {

inline constexpr std::string_view kRecordType = "application/vnd.intertie.record+json";
/// How long a version is valid unless the holder asks for less; it bounds the damage of a lost key.
inline constexpr core::Duration record_lifetime_default = core::hours(24 * 7);

/// What a key may be used for. A key of one purpose is nothing for another.
enum class KeyPurpose : std::uint8_t { sign, tls, token, seal };
BOOST_DESCRIBE_ENUM(KeyPurpose, sign, tls, token, seal)

struct RecordKey {
  KeyPurpose purpose = KeyPurpose::sign;
  std::string alg;         // "ed25519", for purpose seal "x25519"; others are carried along.
  std::string public_key;  // The raw key, base64url.

  static constexpr std::string_view required_fields[] = {"purpose", "alg", "public_key"};
  friend bool operator==(const RecordKey&, const RecordKey&) = default;
};
BOOST_DESCRIBE_STRUCT(RecordKey, (), (purpose, alg, public_key))

/// A position in millionths of a degree, WGS 84.
struct Point {
  std::int32_t latitude_microdegrees = 0;
  std::int32_t longitude_microdegrees = 0;

  friend bool operator==(const Point&, const Point&) = default;
};
BOOST_DESCRIBE_STRUCT(Point, (), (latitude_microdegrees, longitude_microdegrees))

/// A summary of what the record stands for: "128 nodes", "1024 cards of kind ascend-910b".
struct RecordPart {
  std::string kind;
  std::int64_t count = 0;

  friend bool operator==(const RecordPart&, const RecordPart&) = default;
};
BOOST_DESCRIBE_STRUCT(RecordPart, (), (kind, count))

/// Where something is served.
struct Endpoint {
  std::string purpose;  // "api", "channel", "data"
  std::string url;

  friend bool operator==(const Endpoint&, const Endpoint&) = default;
};
BOOST_DESCRIBE_STRUCT(Endpoint, (), (purpose, url))

/// The same thing under another scheme: a national code, a Handle, a DID.
struct Alias {
  std::string scheme;
  std::string value;

  friend bool operator==(const Alias&, const Alias&) = default;
};
BOOST_DESCRIBE_STRUCT(Alias, (), (scheme, value))

enum class RevocationReason : std::uint8_t { key_lost, false_claim, order };
BOOST_DESCRIBE_ENUM(RevocationReason, key_lost, false_claim, order)

/// One version of a record. Optional fields may be absent; lists may be empty.
struct RegistrationRecord {
  Identifier id;
  std::int64_t seq = 1;
  std::optional<crypto::Digest> prev_hash;  // Absent exactly in version 1.
  EntityType type = EntityType::participant;
  RecordStatus status = RecordStatus::reserved;
  /// While transferring: the status it returns to.
  std::optional<RecordStatus> returns_to;
  Identifier holder;  // A participant or registry; its own id if the record is one.
  std::vector<RecordKey> keys;
  /// crypto::compute_key_digest of the next signing key, generated and put away beforehand. Present
  /// exactly if the record has a signing key.
  std::optional<crypto::Digest> next_key_hash;
  std::optional<core::ComputeClass> compute_class;
  std::string place;  // GB/T 2260, six digits; "" if the type has no place.
  std::optional<Point> point;
  std::optional<core::Time> commissioned;
  std::vector<core::Rate> claimed;  // At most one a precision; a measurement stands beside them.
  std::vector<RecordPart> parts;
  std::vector<Identifier> lines;
  std::vector<Endpoint> endpoints;
  std::vector<Alias> aka;
  std::optional<crypto::Digest> policy;               // Hash of the policy document.
  std::optional<Identifier> successor;                // Only when retired.
  std::optional<RevocationReason> revocation_reason;  // Exactly when revoked.
  core::Time issued;
  core::Time valid_until;

  static constexpr std::string_view required_fields[] = {"id",     "seq",  "type",   "status",
                                                         "holder", "keys", "issued", "valid_until"};
  friend bool operator==(const RegistrationRecord&, const RegistrationRecord&) = default;
};
BOOST_DESCRIBE_STRUCT(RegistrationRecord, (),
                      (id, seq, prev_hash, type, status, returns_to, holder, keys, next_key_hash,
                       compute_class, place, point, commissioned, claimed, parts, lines, endpoints,
                       aka, policy, successor, revocation_reason, issued, valid_until))

/// A key as it stands in a record.
RecordKey make_record_key(KeyPurpose purpose, const crypto::PublicKey& key);
RecordKey make_record_key(const crypto::SealPublicKey& key);

/// The record's first Ed25519 key of this purpose (not seal). bad_key if there is none.
core::Result<crypto::PublicKey> find_key(const RegistrationRecord& record, KeyPurpose purpose);
/// The record's first X25519 key of purpose seal. bad_key if there is none.
core::Result<crypto::SealPublicKey> find_seal_key(const RegistrationRecord& record);
/// Whether the record names this very key for this purpose. What TLS peers are checked with.
bool has_key(const RegistrationRecord& record, KeyPurpose purpose, const crypto::PublicKey& key);

/// Everything that can be wrong with one version by itself; the detail names the field. In order:
/// sizes, identifier and type, sequence, holder, keys, status fields, place, claims, lists, times.
core::Result<void> check_record(const RegistrationRecord& record);

/// Whether the version holds at `now`: record_expired after valid_until, or if issued more than
/// `margin` ahead of now (clocks differ).
core::Result<void> check_record_time(const RegistrationRecord& record, core::Time now,
                                     core::Duration margin);

/// Whether the two are equal but for these members. O(size).
template <class... T>
bool are_equal_but_for(RegistrationRecord older, const RegistrationRecord& newer,
                       T RegistrationRecord::*... members) {
  ((older.*members = newer.*members), ...);
  return older == newer;
}

}  // namespace intertie::identity
