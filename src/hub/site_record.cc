// Signatures and keys of a site's record.
#include "intertie/hub/site_record.h"

#include <algorithm>

#include "intertie/crypto/sealed_box.h"
#include "intertie/identity/envelope.h"

namespace intertie::hub {
namespace {

using Record = identity::RegistrationRecord;

}  // namespace

core::Result<identity::SignedRecord> open_site_record(std::string_view envelope,
                                                      const crypto::PublicKey& hub_key) {
  auto opened = identity::open_record(envelope, {hub_key, std::nullopt});
  if (!opened) return opened;
  if (opened->record.type != identity::EntityType::site) {
    return {core::Reason::bad_field, "record: not that of a site"};
  }
  if (!opened->is_countersigned) {
    return {core::Reason::bad_signature, "record: the site has not signed"};
  }
  return opened;
}

core::Result<SiteRecordKeys> read_site_keys(const identity::RegistrationRecord& record) {
  const auto sign = identity::find_key(record, identity::KeyPurpose::sign);
  if (!sign) return sign.error();
  const auto tls = identity::find_key(record, identity::KeyPurpose::tls);
  if (!tls) return tls.error();
  SiteRecordKeys keys{crypto::to_text(*sign), crypto::to_text(*tls), ""};
  if (const auto seal = identity::find_seal_key(record)) keys.seal = crypto::to_text(*seal);
  return keys;
}

core::Result<void> check_site_rotation(const identity::SignedRecord& older,
                                       const identity::SignedRecord& newer) {
  if (const auto may = identity::check_successor(older, newer); !may) return may;
  const auto old_key = identity::find_key(older.record, identity::KeyPurpose::sign);
  if (!old_key) return old_key.error();
  const auto new_key = identity::find_key(newer.record, identity::KeyPurpose::sign);
  if (!new_key) return new_key.error();
  if (*new_key == *old_key) return {core::Reason::bad_key, "record: the signing key is the same"};
  if (!has_signed(newer, *old_key)) {
    return {core::Reason::bad_signature, "record: the old key has not signed"};
  }
  if (identity::are_equal_but_for(older.record, newer.record, &Record::seq, &Record::prev_hash,
                                  &Record::keys, &Record::next_key_hash, &Record::issued,
                                  &Record::valid_until)) {
    return {};
  }
  return {core::Reason::bad_field, "record: a rotation changes keys and times alone"};
}

core::Result<void> check_site_amendment(const identity::SignedRecord& older,
                                        const identity::SignedRecord& newer) {
  if (const auto may = identity::check_successor(older, newer); !may) return may;
  if (newer.record.keys != older.record.keys ||
      newer.record.next_key_hash != older.record.next_key_hash) {
    return {core::Reason::bad_key, "record: its keys change by another request"};
  }
  if (identity::are_equal_but_for(older.record, newer.record, &Record::seq, &Record::prev_hash,
                                  &Record::status, &Record::successor, &Record::place,
                                  &Record::point, &Record::commissioned, &Record::claimed,
                                  &Record::endpoints, &Record::aka, &Record::issued,
                                  &Record::valid_until)) {
    return {};
  }
  return {core::Reason::bad_field, "record: an amendment changes what the site says of itself"};
}

bool raises_claims(const std::vector<core::Rate>& older, const std::vector<core::Rate>& newer) {
  return std::ranges::any_of(newer, [&](const core::Rate& rate) {
    return std::ranges::none_of(older, [&](const core::Rate& before) {
      return before.precision == rate.precision && before.ops_per_second >= rate.ops_per_second;
    });
  });
}

bool has_signed(const identity::SignedRecord& record, const crypto::PublicKey& key) {
  const crypto::Digest key_id = crypto::compute_key_digest(key);
  const auto opened =
      identity::open_envelope(record.envelope, identity::kRecordType,
                              [&](const crypto::Digest& id) -> std::optional<crypto::PublicKey> {
                                if (id != key_id) return std::nullopt;
                                return key;
                              });
  return opened.has_value();
}

RecordFacts make_record_facts(const identity::SignedRecord& record) {
  return {record.record.seq,           record.hash,
          record.record.next_key_hash, crypto::compute_sha256(record.envelope),
          record.record.status,        record.record.valid_until,
          record.record.claimed};
}

}  // namespace intertie::hub
