// What can be wrong with one version of a record, and its keys.
#include "intertie/identity/record.h"

#include <algorithm>
#include <array>
#include <set>
#include <tuple>
#include <utility>

#include "intertie/core/limits.h"
#include "intertie/crypto/bytes.h"

namespace intertie::identity {
namespace {

namespace limits = core::limits;

constexpr std::string_view kX25519 = "x25519";
constexpr std::size_t kPlaceDigits = 6;
constexpr std::int32_t kLatitudeMax = 90'000'000;
constexpr std::int32_t kLongitudeMax = 180'000'000;

core::Error refuse_field(std::string detail) {
  return {core::Reason::bad_field, std::move(detail)};
}

std::string at(std::string_view list, std::size_t index, std::string_view field) {
  return std::string(list) + "[" + std::to_string(index) + "]" + std::string(field) + ": ";
}

/// 1 to 1,024 bytes without control characters.
bool is_text(std::string_view text) {
  return !text.empty() && text.size() <= limits::record_text_bytes_max &&
         std::none_of(text.begin(), text.end(),
                      [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; });
}

/// 1 to 32 of a-z 0-9 . _ -
bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= 32 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
  });
}

core::Result<void> check_sizes(const RegistrationRecord& record) {
  const std::array<std::tuple<std::string_view, std::size_t, std::size_t>, 6> lists = {{
      {"keys", record.keys.size(), limits::record_keys_max},
      {"claimed", record.claimed.size(), limits::record_rates_max},
      {"parts", record.parts.size(), limits::record_parts_max},
      {"lines", record.lines.size(), limits::record_lines_max},
      {"endpoints", record.endpoints.size(), limits::record_endpoints_max},
      {"aka", record.aka.size(), limits::record_aliases_max},
  }};
  for (const auto& [name, length, length_max] : lists) {
    if (length > length_max) {
      return {core::Reason::too_large,
              std::string(name) + ": more than " + std::to_string(length_max) + " entries"};
    }
  }
  return {};
}

bool is_party(EntityType type) {
  return type == EntityType::participant || type == EntityType::registry;
}

core::Result<void> check_names(const RegistrationRecord& record) {
  if (record.id.is_empty()) return refuse_field("id: empty");
  if (record.type != record.id.type()) {
    return refuse_field("type: the identifier's letter says " +
                        std::string(entity_name(record.id.type())));
  }
  if (record.seq < 1) return {core::Reason::out_of_range, "seq: expected 1 or more"};
  if ((record.seq == 1) == record.prev_hash.has_value()) {
    return refuse_field("prev_hash: expected in every version but the first");
  }
  if (record.holder.is_empty() || !is_party(record.holder.type())) {
    return refuse_field("holder: expected a participant or a registry");
  }
  if (is_party(record.type) && record.holder != record.id) {
    return refuse_field("holder: a participant or registry holds itself");
  }
  return {};
}

core::Result<void> check_key(const RecordKey& key, std::size_t index) {
  if (!is_name(key.alg))
    return refuse_field(at("keys", index, ".alg") + "not a name of an algorithm");
  const auto bytes = crypto::decode_base64url(key.public_key);
  if (!bytes || bytes->empty() || bytes->size() > limits::record_text_bytes_max) {
    return refuse_field(at("keys", index, ".public_key") + "expected base64url of 1 to 1024 bytes");
  }
  const bool is_ed25519 = key.alg == crypto::kEd25519;
  const bool is_x25519 = key.alg == kX25519;
  if ((is_ed25519 || is_x25519) && (key.purpose == KeyPurpose::seal) != is_x25519) {
    return {core::Reason::bad_key, at("keys", index, "") + key.alg + " is not for this purpose"};
  }
  if ((is_ed25519 || is_x25519) && bytes->size() != crypto::PublicKey::kLength) {
    return {core::Reason::bad_key, at("keys", index, ".public_key") + "expected 32 bytes"};
  }
  return {};
}

core::Result<void> check_keys(const RegistrationRecord& record) {
  std::set<std::pair<std::string_view, std::string_view>> seen;
  std::size_t signing_count = 0;
  for (std::size_t i = 0; i < record.keys.size(); ++i) {
    const RecordKey& key = record.keys[i];
    if (auto right = check_key(key, i); !right) return right;
    if (!seen.emplace(key.alg, key.public_key).second) {
      return {core::Reason::bad_key, at("keys", i, "") + "given twice; one key has one purpose"};
    }
    signing_count += key.purpose == KeyPurpose::sign && key.alg == crypto::kEd25519 ? 1 : 0;
  }
  if (signing_count > 1) return {core::Reason::bad_key, "keys: two Ed25519 signing keys"};
  if ((signing_count == 1) != record.next_key_hash.has_value()) {
    return {core::Reason::bad_key, "next_key_hash: expected exactly if there is a signing key"};
  }
  const auto signing = find_key(record, KeyPurpose::sign);
  if (signing && crypto::compute_key_digest(*signing) == *record.next_key_hash) {
    return {core::Reason::bad_key, "next_key_hash: commits to the key already in use"};
  }
  return {};
}

core::Result<void> check_status(const RegistrationRecord& record) {
  const bool is_transferring = record.status == RecordStatus::transferring;
  if (record.returns_to.has_value() != is_transferring) {
    return refuse_field("returns_to: expected exactly while transferring");
  }
  if (is_transferring && (*record.returns_to == RecordStatus::transferring ||
                          !check_transition(*record.returns_to, RecordStatus::transferring))) {
    return refuse_field("returns_to: not a status that a transfer can start from");
  }
  if (record.successor && record.status != RecordStatus::retired) {
    return refuse_field("successor: only a retired record has one");
  }
  if (record.successor && (record.successor->is_empty() || *record.successor == record.id)) {
    return refuse_field("successor: expected another identifier");
  }
  if (record.revocation_reason.has_value() != (record.status == RecordStatus::revoked)) {
    return refuse_field("revocation_reason: expected exactly when revoked");
  }
  return {};
}

core::Result<void> check_place(const RegistrationRecord& record) {
  if (!record.place.empty()) {
    const bool is_digits = std::all_of(record.place.begin(), record.place.end(),
                                       [](char c) { return c >= '0' && c <= '9'; });
    if (record.place.size() != kPlaceDigits || !is_digits || record.place.front() == '0' ||
        record.place.front() == '9' || !parse_registry_code(record.place.substr(0, 2))) {
      return refuse_field("place: expected six digits of GB/T 2260");
    }
  }
  if (record.point) {
    const Point& point = *record.point;
    if (point.latitude_microdegrees < -kLatitudeMax || point.latitude_microdegrees > kLatitudeMax ||
        point.longitude_microdegrees < -kLongitudeMax ||
        point.longitude_microdegrees > kLongitudeMax) {
      return {core::Reason::out_of_range, "point: outside the globe"};
    }
  }
  return {};
}

core::Result<void> check_claims(const RegistrationRecord& record) {
  std::set<core::Precision> precisions;
  for (std::size_t i = 0; i < record.claimed.size(); ++i) {
    const core::Rate& rate = record.claimed[i];
    if (rate.ops_per_second <= 0) {
      return {core::Reason::out_of_range, at("claimed", i, "") + "expected more than 0"};
    }
    if (!precisions.insert(rate.precision).second) {
      return refuse_field(at("claimed", i, "") + "the precision is claimed twice");
    }
  }
  return {};
}

core::Result<void> check_lists(const RegistrationRecord& record) {
  for (std::size_t i = 0; i < record.parts.size(); ++i) {
    if (!is_text(record.parts[i].kind)) return refuse_field(at("parts", i, ".kind") + "not a text");
    if (record.parts[i].count < 1) {
      return {core::Reason::out_of_range, at("parts", i, ".count") + "expected 1 or more"};
    }
  }
  for (std::size_t i = 0; i < record.lines.size(); ++i) {
    if (record.lines[i].is_empty() || record.lines[i].type() != EntityType::line) {
      return refuse_field(at("lines", i, "") + "expected the identifier of a line");
    }
  }
  for (std::size_t i = 0; i < record.endpoints.size(); ++i) {
    const Endpoint& endpoint = record.endpoints[i];
    if (!is_name(endpoint.purpose))
      return refuse_field(at("endpoints", i, ".purpose") + "not a name");
    const bool is_url =
        endpoint.url.rfind("https://", 0) == 0 || endpoint.url.rfind("http://", 0) == 0;
    if (!is_url || !is_text(endpoint.url)) {
      return refuse_field(at("endpoints", i, ".url") + "expected https://... or http://...");
    }
  }
  for (std::size_t i = 0; i < record.aka.size(); ++i) {
    if (!is_name(record.aka[i].scheme)) return refuse_field(at("aka", i, ".scheme") + "not a name");
    if (!is_text(record.aka[i].value)) return refuse_field(at("aka", i, ".value") + "not a text");
  }
  return {};
}

core::Result<void> check_times(const RegistrationRecord& record) {
  if (record.issued < core::Time{}) return {core::Reason::out_of_range, "issued: before 1970"};
  if (record.valid_until <= record.issued) return refuse_field("valid_until: not after issued");
  return {};
}

}  // namespace

RecordKey make_record_key(KeyPurpose purpose, const crypto::PublicKey& key) {
  return {purpose, std::string(crypto::kEd25519), crypto::encode_base64url(key.bytes)};
}

RecordKey make_record_key(const crypto::SealPublicKey& key) {
  return {KeyPurpose::seal, std::string(kX25519), crypto::encode_base64url(key.bytes)};
}

core::Result<crypto::PublicKey> find_key(const RegistrationRecord& record, KeyPurpose purpose) {
  for (const RecordKey& key : record.keys) {
    if (key.purpose == purpose && key.alg == crypto::kEd25519) {
      return crypto::parse_public_key(key.alg + ":" + key.public_key);
    }
  }
  return {core::Reason::bad_key,
          "record " + to_text(record.id) + " has no Ed25519 key for this purpose"};
}

core::Result<crypto::SealPublicKey> find_seal_key(const RegistrationRecord& record) {
  for (const RecordKey& key : record.keys) {
    if (key.purpose == KeyPurpose::seal && key.alg == kX25519) {
      return crypto::parse_seal_public_key(key.alg + ":" + key.public_key);
    }
  }
  return {core::Reason::bad_key, "record " + to_text(record.id) + " has no X25519 sealing key"};
}

bool has_key(const RegistrationRecord& record, KeyPurpose purpose, const crypto::PublicKey& key) {
  const RecordKey wanted = make_record_key(purpose, key);
  return std::find(record.keys.begin(), record.keys.end(), wanted) != record.keys.end();
}

core::Result<void> check_record(const RegistrationRecord& record) {
  for (const auto check : {check_sizes, check_names, check_keys, check_status, check_place,
                           check_claims, check_lists, check_times}) {
    if (auto right = check(record); !right) return right;
  }
  return {};
}

core::Result<void> check_record_time(const RegistrationRecord& record, core::Time now,
                                     core::Duration margin) {
  if (now > record.valid_until) {
    return {core::Reason::record_expired, "record " + to_text(record.id) + " was valid until " +
                                              core::to_rfc3339(record.valid_until)};
  }
  if (record.issued > now + margin) {
    return {core::Reason::record_expired, "record " + to_text(record.id) +
                                              " is issued in the future, " +
                                              core::to_rfc3339(record.issued)};
  }
  return {};
}

}  // namespace intertie::identity
